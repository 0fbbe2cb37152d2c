"""Runs that Dagster believes to be under way although nothing works on them any more.

What belongs here: telling them apart and burying them. Not here: what they left in the workspace (``charassets.inspection``).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from charassets.defs.tags import OURS

SILENT_S = 3600.0
"""Seconds without a word from a run of the UI after which, with the workspace's lock free, it is dead."""

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_UNDER_WAY = UNFINISHED[2:]


@dataclass(frozen=True)
class Unfinished:
    """Runs that have no end yet: those nothing works on, and those that may be at work. By run id, with the job's name."""

    dead: dict[str, str]
    alive: dict[str, str]


def unfinished_runs(home: Path) -> Unfinished:
    """Runs without an end; the caller holds the workspace, so that no run of the command line is alive.

    Args:
        home: ``DAGSTER_HOME``.
    """
    dead: dict[str, str] = {}
    alive: dict[str, str] = {}
    with _instance(home) as instance:
        for record in instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED)) if instance else ():
            run = record.dagster_run
            ours = OURS.items() <= run.tags.items()
            silent = run.status in _UNDER_WAY and time.time() - record.update_timestamp.timestamp() > SILENT_S
            (dead if ours or silent else alive)[run.run_id] = run.job_name
    return Unfinished(dead, alive)


def bury(home: Path, run_id: str) -> None:
    """Mark a run as failed, so that its shards may run again, and free what it held of the pools."""
    with _instance(home) as instance:
        run = instance.get_run_by_id(run_id) if instance else None
        if instance and run is not None and not run.is_finished:
            bury_in(instance, run, "buried by `charassets doctor`: nothing works on it")


def bury_in(instance: dg.DagsterInstance, run: dg.DagsterRun, why: str) -> None:
    """The same in an instance that is open."""
    instance.report_run_failed(run, why)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


@contextmanager
def _instance(home: Path) -> Iterator[dg.DagsterInstance | None]:
    if not (home / "dagster.yaml").is_file():
        yield None
        return
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as instance:
        yield instance
