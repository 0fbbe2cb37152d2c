"""A run holds its folder, and waits for what a killed one left at work in it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from charassets.errors import BusyError
from charassets.lake.workspace import Workspace

_ORPHAN = """
import sys
from pathlib import Path
from charassets.lake.workspace import Workspace
with Workspace(Path(sys.argv[1]), sys.argv[1] + "/lake").worked_in():
    print("at work", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, str(tmp_path / "lake"))


@pytest.fixture
def orphan(workspace: Workspace):
    """A worker of a run that is no more, at work until a line is written to it."""
    command = [sys.executable, "-c", _ORPHAN, str(workspace.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "at work\n"
        yield process
        process.kill()


def test_a_run_begins_when_the_last_worker_of_a_killed_one_is_done(workspace: Workspace, orphan) -> None:
    threading.Timer(0.5, lambda: orphan.communicate("enough\n")).start()
    with workspace.locked():
        assert orphan.wait(10) == 0


def test_a_worker_that_never_ends_is_told_of(workspace: Workspace, orphan, monkeypatch) -> None:
    monkeypatch.setattr("charassets.lake.workspace._ORPHANS_DIE_S", 0.3)
    with pytest.raises(BusyError, match="workers of a run that was killed"), workspace.locked():
        pass


def test_workers_of_the_run_itself_are_not_in_its_way(workspace: Workspace) -> None:
    own = workspace.locked(), workspace.worked_in(), workspace.worked_in()
    with own[0], own[1], own[2], pytest.raises(BusyError, match="another run"), workspace.locked():
        pass
