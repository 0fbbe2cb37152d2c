"""What Train asks and does: start a training in a process of its own, list trainings, stop one, show one.

What belongs here: the process. Not here: training (``charassets.classifiers``) and the page.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charassets.classifiers.labels import labelled
from charassets.classifiers.runs import PICTURES, RUNNING, Run, find_run, list_runs
from charassets.classifiers.spec import Spec
from charassets.errors import BusyError, UsageError
from charassets.lake.workspace import Workspace
from charassets.models.trained import in_force

MOST = 50
"""Trainings that are listed."""


@dataclass(frozen=True)
class Line:
    """A training in a list: state, the last step, scores with intervals where it is done."""

    name: str
    run: str
    state: str
    why: str
    method: str
    features: str
    label: str
    control: bool
    step: str
    losses: Mapping[str, float]
    scores: Mapping[str, Mapping[str, float]]
    n: int | None
    in_force: bool


def lines(workspace: Workspace) -> list[Line]:
    """The last trainings, newest first."""
    runs = list_runs(workspace)[:MOST]
    store = workspace.open_lake().store
    current = {name: in_force(store, name) for name in {run.name for run in runs}}
    return [_line(run, (found := current[run.name]) is not None and found.notes.get("run") == run.id) for run in runs]


def start(workspace: Workspace, spec: Spec) -> None:
    """Begin a training, after its label was looked up, so that a wrong one is told at once.

    Raises:
        BusyError: one is running: two would only be in each other's way.
        UsageError: the request makes no sense.
    """
    if any(run.state["state"] == RUNNING for run in list_runs(workspace)):
        raise BusyError("a training is running", where="train", todo="wait for it, or stop it")
    spec = spec.checked()
    if ":" in spec.label:  # a browser may not make the server read a file it names
        raise UsageError(
            "tables are for the command line", where=spec.label, todo="charassets train classifier --label FILE:COLUMN"
        )
    labelled(workspace, spec.label)
    command = [sys.executable, "-m", "charassets.cli", "train", "classifier", spec.name, "--label", spec.label]
    command += ["--method", spec.method, "--features", ",".join(spec.features), "--together", ",".join(spec.together)]
    command += ["--seed", str(spec.seed), *(["--shuffle-labels"] if spec.shuffle_labels else [])]
    command += ["--workspace", workspace.place]
    # A list and no shell; the process outlives the server, as a training from a terminal would.
    subprocess.Popen(  # noqa: S603 - our own program; the arguments were checked above
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
        start_new_session=True,
    )


def stop(workspace: Workspace, name: str, run_id: str) -> None:
    """Ask a training to stop after the step in hand.

    Raises:
        UsageError: there is none.
    """
    find_run(workspace, name, run_id).ask_to_stop()


def report(workspace: Workspace, name: str, run_id: str) -> tuple[Mapping[str, Any] | None, dict[str, bytes]]:
    """The report of a training, and its pictures by name.

    Raises:
        UsageError: there is none.
    """
    run = find_run(workspace, name, run_id)
    there = {picture: run.folder / picture for picture in PICTURES}
    return run.report, {picture: path.read_bytes() for picture, path in there.items() if path.is_file()}


def _line(run: Run, standing: bool) -> Line:  # noqa: FBT001
    spec, state, found = run.spec, run.state, run.report
    steps = run.progress(1)
    last = steps[-1] if steps else {}
    return Line(
        name=run.name,
        run=run.id,
        state=state["state"],
        why=str(state.get("why", "")),
        method=spec.method,
        features=", ".join(spec.features),
        label=spec.label,
        control=spec.shuffle_labels,
        step=str(last.get("step", "")),
        losses={name: value for name, value in last.items() if name in {"train", "validation"}},
        scores=found["test"]["scores"] if found else {},
        n=found["test"]["n"] if found else None,
        in_force=standing,
    )
