"""Runs that Dagster believes to be under way although nothing works on them any more."""

import time
from pathlib import Path

import dagster as dg

SILENT_S = 3600.0
"""Seconds without a word from a run after which, with the workspace's lock free, it is dead."""

_UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def dead_runs(home: Path, *, bury: bool = False) -> list[str]:
    """Runs of a Dagster home that are silent; the caller knows that no run holds the workspace's lock.

    Args:
        home: ``DAGSTER_HOME``.
        bury: mark them as failed, so that their shards may run again.
    """
    if not (home / "dagster.yaml").is_file():
        return []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        records = instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
        silent = [r for r in records if time.time() - r.update_timestamp.timestamp() > SILENT_S]
        if bury:
            for record in silent:
                instance.report_run_failed(record.dagster_run, "buried by `charassets doctor`: nothing works on it")
    return [record.dagster_run.run_id for record in silent]
