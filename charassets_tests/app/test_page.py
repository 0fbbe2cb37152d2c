import gradio_client
import pytest

from app import records
from app.page import build
from app.server import LOOPBACK
from charassets import warehouse
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.fixture
def workspace(tmp_path):
    settings = settings_for(tmp_path / "work")
    workspace, lake = built_lake(settings)
    warehouse.build(workspace, lake, settings)
    return workspace


def test_a_page_holds_the_kept_records_and_a_filter_narrows_it(workspace):
    found, shown = records.page(workspace, {}, 1)
    assert found == len(shown) > 1
    source = records.columns().index("source")
    chosen = shown[0].values[source]
    narrowed, some = records.page(workspace, {"source": chosen}, 1)
    assert narrowed == sum(record.values[source] == chosen for record in shown)
    assert {record.values[source] for record in some} == {chosen}


def test_every_filter_offers_the_values_there_are(workspace):
    offered = records.choices(workspace)
    assert list(offered) == records.columns()[1:]
    _, shown = records.page(workspace, {}, 1)
    for place, (column, values) in enumerate(offered.items(), 1):
        assert values[0] == records.ANY
        assert {record.values[place] for record in shown} - {""} <= set(values), column


def test_the_page_answers_in_a_browsers_way_on_this_machine_only(workspace):
    page = build(workspace, settings_for(workspace.root))
    _, address, _ = page.launch(server_name=LOOPBACK, prevent_thread_lock=True, quiet=True)
    try:
        assert "127.0.0.1" in address
        client = gradio_client.Client(address, verbose=False)
        count, _, table = client.predict(1, *[records.ANY] * len(records.choices(workspace)), api_name="/show")
        assert count == f"{len(table['data'])} records"
    finally:
        page.close()


def test_a_workspace_without_a_warehouse_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="charassets run"):
        build(Workspace(tmp_path, str(tmp_path / "lake")), settings_for(tmp_path))
