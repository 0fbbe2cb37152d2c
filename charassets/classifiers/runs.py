"""Runs: what was trained, how it went and what came of it, a folder each below ``WORKSPACE/classifiers``.

What belongs here: the files of a run, its state, stopping it, listing runs. Not here: training, and the version in force
(``charassets.models.trained``).

``spec.json`` what was asked for; ``progress.jsonl`` a line a step; ``report.json`` and pictures what came out; ``state.json`` how
it ended; ``stop`` somebody wants it to stop; ``lock`` held by the process that trains.
"""

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charassets.classifiers.spec import NAME, Spec
from charassets.errors import BusyError, CharassetsError, UsageError
from charassets.lake.workspace import Workspace

CLASSIFIER = "classifier.safetensors"
REPORT = "report.json"
PICTURES = ("confusion.webp", "roc.webp", "curve.webp", "misclassified.webp")

RUNNING, DONE, STOPPED, FAILED, BROKEN_OFF = "running", "done", "stopped", "failed", "broken off"

_RUN = re.compile(r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$")


class StoppedError(CharassetsError):
    """Somebody asked the training to stop."""

    exit_code = 130


@dataclass(frozen=True)
class Run:
    """One training on disk."""

    name: str
    id: str
    folder: Path

    @property
    def spec(self) -> Spec:
        """What was asked for."""
        return Spec.from_json(json.loads((self.folder / "spec.json").read_bytes()))

    @property
    def state(self) -> Mapping[str, Any]:
        """``state``, ``why`` where it failed, ``began`` and ``ended`` in seconds since the epoch."""
        said = _json(self.folder / "state.json") or {"state": BROKEN_OFF}
        if said["state"] == RUNNING and not self._is_held():
            return {**said, "state": BROKEN_OFF}
        return said

    @property
    def report(self) -> Mapping[str, Any] | None:
        """What came out; None where it is not done."""
        return _json(self.folder / REPORT)

    def progress(self, most: int = 400) -> list[Mapping[str, Any]]:
        """The last steps."""
        try:
            lines = (self.folder / "progress.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        whole = (line for line in lines[-most:] if line.endswith("}"))
        return [json.loads(line) for line in whole]

    def tell(self, step: str, facts: Mapping[str, float]) -> None:
        """Write a step down; the training asks here whether it may go on.

        Raises:
            StoppedError: it may not.
        """
        with (self.folder / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "step": step, **facts}) + "\n")
        if (self.folder / "stop").exists():
            raise StoppedError(
                "training was stopped", where=f"{self.name}/{self.id}", todo="start it again to go on or to begin anew"
            )

    def ask_to_stop(self) -> None:
        """Ask whoever trains to stop after the step in hand."""
        (self.folder / "stop").touch()

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the run, whole or not at all."""
        temporary = self.folder / f".{name}.tmp"
        temporary.write_bytes(content)
        temporary.replace(self.folder / name)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the run while it is trained, and write down how it ended.

        Raises:
            BusyError: another process trains it.
        """
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError("this run is being trained", where=str(self.folder), todo="wait, or stop it") from None
            (self.folder / "stop").unlink(missing_ok=True)
            began = {"began": time.time(), "pid": os.getpid()}
            self._set(RUNNING, **began)
            try:
                yield
            except StoppedError:
                self._set(STOPPED, **began, ended=time.time())
                raise
            except BaseException as error:
                self._set(FAILED, **began, ended=time.time(), why=" ".join(str(error).split())[:300])
                raise
            self._set(DONE, **began, ended=time.time())

    def _set(self, state: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        self.keep("state.json", json.dumps({"state": state, **facts}).encode())

    def _is_held(self) -> bool:
        try:
            with (self.folder / "lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False


def new_run(workspace: Workspace, spec: Spec) -> Run:
    """A folder for a new run."""
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    run = Run(spec.name, run_id, _root(workspace) / spec.name / run_id)
    run.folder.mkdir(parents=True)
    run.keep("spec.json", json.dumps(spec.to_json(), indent=1).encode())
    return run


def find_run(workspace: Workspace, name: str, run_id: str | None = None) -> Run:
    """A run by its id; without one the last.

    Raises:
        UsageError: there is none.
    """
    found = [run for run in list_runs(workspace, name) if run_id in (None, run.id)]
    if not found:
        raise UsageError(
            "there is no such run" if run_id else "nothing of this name was trained",
            where=f"{name[:40]}{'/' + run_id[:40] if run_id else ''}",
            todo="`charassets classifiers list` shows what there is",
        )
    return found[0]


def list_runs(workspace: Workspace, name: str | None = None) -> list[Run]:
    """Runs of a name, or of all, newest first. Only folders of ours count, whatever else lies there."""
    root = _root(workspace)
    names = [name] if name is not None else sorted(p.name for p in root.iterdir()) if root.is_dir() else []
    found = [
        Run(one, folder.name, folder)
        for one in names
        if NAME.match(one) and (root / one).is_dir()
        for folder in (root / one).iterdir()
        if _RUN.match(folder.name) and (folder / "spec.json").is_file()
    ]
    return sorted(found, key=lambda run: run.id, reverse=True)


def _root(workspace: Workspace) -> Path:
    return workspace.root / "classifiers"


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
