import dagster as dg
import pytest

from charassets.curation import EditLog
from charassets.defs.curation import edit_log, edits
from charassets.defs.resources import Workbench
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets_tests.warehouse.small_lake import settings_for

pytestmark = pytest.mark.usefixtures("own_environment")
RENAME = {"members": ["a", "b"], "name": "Rin"}


@pytest.fixture
def workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("CHARASSETS_WORKSPACE", str(settings_for(tmp_path / "work").workspace))
    return Workspace.of(load_settings())


def test_a_run_takes_the_log_in_and_an_undo_leaves_the_version_before(workspace):
    log = EditLog(workspace.edit_log)
    with dg.DagsterInstance.ephemeral() as instance:

        def materialized():
            result = dg.materialize([edits, edit_log], resources={"workbench": Workbench()}, instance=instance)
            event = result.asset_materializations_for_node("edits")[0]
            return event.tags["dagster/data_version"], event.metadata["dagster/row_count"].value

        empty = materialized()
        renamed = log.append("cluster.rename", RENAME)
        grown = materialized()
        log.undo(renamed.id)
        assert (empty[1], grown[1]) == (0, 1)
        assert grown[0] != empty[0]
        assert materialized() == empty


def test_the_head_of_the_log_is_observed(workspace):
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = dg.Definitions(
            assets=[edit_log],
            jobs=[dg.define_asset_job("watch", [edit_log.key])],
            resources={"workbench": Workbench()},
        )
        versions = []
        for _ in range(2):
            assert definitions.resolve_job_def("watch").execute_in_process(instance=instance).success
            records = instance.fetch_observations(edit_log.key, limit=1).records
            versions.append(records[0].asset_observation.tags["dagster/data_version"])
            EditLog(workspace.edit_log).append("cluster.rename", RENAME)
    assert versions == ["0", "1"]
