"""The pages where something lies or runs elsewhere: a workspace in a bucket, and Dagster's own UI behind our guard."""

import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_webserver import app as dagster_app

from app.dagster_ui import put_guard, rules
from charassets.defs.in_process import instance_of
from charassets.lake.workspace import Workspace
from charassets_tests.app.conftest import pictured
from charassets_tests.app.pages.conftest import listening, served
from charassets_tests.servers import s3_server
from charassets_tests.warehouse.small_lake import settings_for

_BUCKET = "s3://bucket/work"
_SHOWN = "() => [...document.images].filter(image => image.src.includes('/thumb/') && image.naturalWidth > 0).length"


@pytest.mark.processes
def test_browse_over_a_bucket_shows_pictures_on_a_machine_that_has_seen_none_of_it(visit, tmp_path, monkeypatch):
    with s3_server(tmp_path) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("CHARASSETS_CACHE", str(tmp_path / "one machine"))
        pictured(settings_for(_BUCKET))
        monkeypatch.setenv("CHARASSETS_CACHE", str(tmp_path / "another"))
        settings = settings_for(_BUCKET)
        with served(Workspace.of(settings), settings) as site:
            page = visit(f"{site}/browse")
            page.wait_for_function(f"({_SHOWN})() > 2")
            assert page.get_by_text("records").first.is_visible()
    assert str(tmp_path / "another") in str(settings.workspace)


def test_dagsters_pages_are_answered_what_they_ask(visit, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setattr(dagster_app, "DagsterWebserver", dagster_app.DagsterWebserver)  # put back at the end
    with (
        instance_of(tmp_path / "dagster") as instance,
        WorkspaceProcessContext(instance, workspace_load_target=None) as context,
    ):
        put_guard(rules())
        with listening(dagster_app.create_app_from_workspace_process_context(context)) as site:
            page = visit("about:blank")
            answers = []
            page.on("response", lambda answer: answers.append((answer.status, answer.url)))
            page.goto(f"{site}/runs")
            page.get_by_text("No runs found").wait_for()
    assert [url for _, url in answers if "/graphql?op=" in url]
    assert [answer for answer in answers if answer[0] >= 400] == []
