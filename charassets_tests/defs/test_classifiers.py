import shutil

import dagster as dg

from charassets.classifiers.runs import list_runs
from charassets.defs.classifiers import classifiers
from charassets.defs.resources import Workbench
from charassets.lake.workspace import Workspace
from charassets_tests.classifiers.conftest import heroes as heroes  # the collection, built once
from charassets_tests.warehouse.small_lake import settings_for


def test_the_asset_trains_the_classifiers_whose_label_the_settings_give(heroes, tmp_path):
    shutil.copytree(heroes[0].root, tmp_path / "work", ignore=shutil.ignore_patterns("classifiers", "artefacts"))
    named = [
        {
            "name": "archetype",
            "label": "folder",
            "method": "logistic",
            "features": ["clip"],
            "together": ["duplicates"],
        },
        {"name": "only_asked"},
    ]
    workbench = Workbench(overrides={"workspace": str(tmp_path / "work"), "classifiers": named})
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([classifiers], resources={"workbench": workbench}, instance=instance)
        told = done.asset_materializations_for_node("classifiers")[0].metadata
    assert told["archetype/accuracy"].value > 0.9
    assert told["archetype/promoted"].value is True
    runs = list_runs(Workspace.of(settings_for(tmp_path / "work")))
    assert [(run.name, run.state["state"]) for run in runs] == [("archetype", "done")]
