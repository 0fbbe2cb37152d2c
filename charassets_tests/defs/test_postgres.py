"""Dagster's history in PostgreSQL: a real server, a home as the project makes it, runs in several processes at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef

from charassets.defs.home import POSTGRES, prepare
from charassets.defs.tags import OURS
from charassets.errors import UsageError
from charassets_tests.defs.small_source import events, folder_of, register, workspace_over
from charassets_tests.servers import postgres_server

pytestmark = pytest.mark.usefixtures("own_environment")

_ONE_RUN = """
import json, sys
import dagster as dg
from dagster._core.instance.ref import InstanceRef
from charassets_tests.defs.small_source import materialize
home, root, shard = sys.argv[1:]
with dg.DagsterInstance.from_ref(InstanceRef.from_dir(home)) as instance:
    from pathlib import Path
    result = materialize(instance, Path(root), [shard], "raw_shards")
    print(json.dumps(result.success))
"""


@pytest.fixture(scope="module")
def address():
    with postgres_server() as address:
        yield address


@pytest.fixture
def home(address, tmp_path, monkeypatch):
    monkeypatch.setenv(POSTGRES, address)
    prepare(tmp_path / "home")
    return tmp_path / "home"


def in_a_process(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )


log = dg.get_dagster_logger()


def opened(home):
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home)))


def test_a_home_made_with_an_address_keeps_its_history_in_the_database(home, address, tmp_path, monkeypatch):
    with opened(home) as instance:
        assert type(instance.run_storage).__name__ == "PostgresRunStorage"
    assert not (home / "history").exists()
    monkeypatch.delenv(POSTGRES)
    prepare(tmp_path / "other")
    assert "storage" not in yaml.safe_load((tmp_path / "other" / "dagster.yaml").read_text())
    monkeypatch.setenv(POSTGRES, "postgresql://user:hidden@db/x")
    with pytest.raises(UsageError, match=r"postgresql\+psycopg2") as refused:
        prepare(tmp_path / "third")
    assert "hidden" not in str(refused.value)


@pytest.mark.processes
def test_runs_of_several_processes_are_recorded_side_by_side(home, tmp_path):
    workspace = workspace_over(folder_of(tmp_path / "pictures", 6), tmp_path / "w")
    keys = workspace.open_lake().shards("source_items")
    assert len(keys) == 3
    with opened(home) as instance:
        register(instance, keys)
    started = [in_a_process(_ONE_RUN, home, workspace.root, key) for key in keys]
    assert [json.loads(process.communicate(timeout=300)[0].splitlines()[-1]) for process in started] == [True] * 3
    with opened(home) as instance:
        assert set(events(instance, "raw_shards")) == set(keys)
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}


def test_run_monitoring_fails_a_killed_run_and_frees_its_pool(home, tmp_path, monkeypatch):
    """The process that held the workspace is killed; what the daemon asks then says so, and not before."""
    from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration
    from dagster._daemon.monitoring.run_monitoring import monitor_started_run

    settings = home / "dagster.yaml"
    waited = "free_slots_after_run_end_seconds: "
    assert f"{waited}60" in settings.read_text()
    settings.write_text(settings.read_text().replace(f"{waited}60", f"{waited}1"))

    workspace = workspace_over(folder_of(tmp_path / "pictures", 2), tmp_path / "w")
    monkeypatch.setenv("CHARASSETS_WORKSPACE", str(workspace.root))
    holder = in_a_process(_HOLD, workspace.root)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with opened(home) as instance:
        instance.event_log_storage.set_concurrency_slots("model", 1)
        run = instance.create_run_for_job(_waiting, tags=OURS, status=dg.DagsterRunStatus.STARTED)
        instance.event_log_storage.claim_concurrency_slot("model", run.run_id, "step")

        def look():
            monitor_started_run(instance, None, instance.get_run_record_by_id(run.run_id), log)
            return instance.get_run_by_id(run.run_id).status

        assert look() == dg.DagsterRunStatus.STARTED
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert look() == dg.DagsterRunStatus.FAILURE
        assert instance.event_log_storage.get_concurrency_run_ids() == {run.run_id}
        time.sleep(3)
        list(execute_concurrency_slots_iteration(SimpleNamespace(instance=instance), log))
        assert instance.event_log_storage.get_concurrency_run_ids() == set()


_HOLD = """
import sys, time
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
with Workspace.of(load_settings({"workspace": sys.argv[1]})).locked():
    print("held", flush=True)
    time.sleep(600)
"""


@dg.job
def _waiting():
    """A job without steps: only its run matters."""
