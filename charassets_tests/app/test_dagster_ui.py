import asyncio
import os

import dagster as dg
import httpx
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_webserver import app as dagster_app

from app.dagster_ui import put_guard, rules
from charassets.defs.in_process import instance_of

QUERY = {"query": "{ __typename }"}
WIPE = 'mutation { wipeAssets(assetPartitionRanges: [{assetKey: {path: ["made"]}}]) { __typename } }'


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    before = os.environ.get("DAGSTER_HOME")
    with instance_of(tmp_path_factory.mktemp("ui") / "dagster") as instance:
        yield instance
    os.environ.pop("DAGSTER_HOME") if before is None else os.environ.update(DAGSTER_HOME=before)


@pytest.fixture(scope="module")
def both(instance):
    """Dagster's UI as it comes, and behind the guard."""
    before = dagster_app.DagsterWebserver
    with WorkspaceProcessContext(instance, workspace_load_target=None) as context:
        bare = dagster_app.create_app_from_workspace_process_context(context)
        put_guard(rules())
        guarded = dagster_app.create_app_from_workspace_process_context(context)
        dagster_app.DagsterWebserver = before
        yield bare, guarded


@pytest.fixture
def ui(both):
    return both[1]


def ask(app, method, url, **rest):
    async def sent():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
            return await client.request(method, url, **rest)

    return asyncio.run(sent())


def test_the_ui_asks_as_it_always_did(ui):
    for address in ("/graphql", "/graphql?op=AssetRecordsQuery"):
        assert ask(ui, "POST", address, json=QUERY).json() == {"data": {"__typename": "Query"}}
    page = ask(ui, "GET", "/", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "content-security-policy" in page.headers


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET", "params": {"query": WIPE}},
        {"method": "GET", "params": {"query": WIPE}, "headers": {"accept": "text/html"}},
        {"method": "HEAD", "params": {"query": WIPE}},
        {"method": "POST", "params": {"query": WIPE}},
        {"method": "POST", "params": {"op": "Wipe", "query": WIPE}, "json": {}},
        {"method": "GET", "params": {"op": "Wipe"}},
        {"method": "POST", "params": {"query": WIPE}, "json": {}},
        {"method": "POST", "content": WIPE, "headers": {"content-type": "application/graphql"}},
        {"method": "POST", "content": "{}", "headers": {"content-type": "text/plain; x=application/json"}},
        {"method": "POST", "json": {"query": WIPE}, "headers": {"origin": "http://evil.example"}},
        {"method": "POST", "json": {"query": WIPE}, "headers": {"host": "evil.example"}},
    ],
)
def test_no_mutation_comes_in_by_a_way_that_another_page_can_take(ui, instance, request_):
    asset = dg.AssetKey("made")
    instance.report_runless_asset_event(dg.AssetMaterialization(asset))
    answer = ask(ui, url="/graphql", **request_)
    assert answer.status_code in (403, 405, 421)
    assert instance.get_latest_materialization_event(asset) is not None


def test_a_report_from_another_site_is_refused(ui, instance):
    asset = dg.AssetKey("forged")
    answer = ask(ui, "POST", "/report_asset_materialization/forged", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert instance.get_latest_materialization_event(asset) is None


def test_without_the_guard_an_image_tag_would_erase_history(both, instance):
    asset = dg.AssetKey("made")
    instance.report_runless_asset_event(dg.AssetMaterialization(asset))
    ask(both[0], "GET", "/graphql", params={"query": WIPE})
    assert instance.get_latest_materialization_event(asset) is None
