"""What Dagster's history says of the last runs, as plain values: for the app, which imports no Dagster.

What belongs here: reading the history of a workspace. Not here: changing it (``maintenance``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

_MESSAGE = 300
_STEPS = 200  # of a run that are looked at for its failures


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        run_id: Dagster's id.
        job: its job.
        status: success, failure, started, ...
        began: UTC; None for one that has not begun.
        seconds: how long it took, or has taken so far.
        assets: assets it was asked for.
        partitions: the range of shards, in words; None for whole-collection assets.
        failures: step to what went wrong, in one line.
    """

    run_id: str
    job: str
    status: str
    began: datetime | None
    seconds: float | None
    assets: int
    partitions: str | None
    failures: Mapping[str, str]


def recent_runs(home: Path, count: int = 20) -> list[Run]:
    """The last runs of a workspace, latest first; none where Dagster was never used.

    Args:
        home: its ``DAGSTER_HOME``.
        count: how many at most.
    """
    if not (home / "dagster.yaml").is_file():
        return []
    # Not ``in_process.instance_of``: that one buries runs it takes for dead, and is for who holds the workspace.
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as instance:
        return [_run(instance, record) for record in instance.get_run_records(limit=count)]


def _run(instance: dg.DagsterInstance, record: dg.RunRecord) -> Run:
    run = record.dagster_run
    began = None if record.start_time is None else datetime.fromtimestamp(record.start_time, UTC)
    seconds = None if record.start_time is None or record.end_time is None else record.end_time - record.start_time
    failed = run.status == dg.DagsterRunStatus.FAILURE
    return Run(
        run_id=run.run_id,
        job=run.job_name,
        status=run.status.value.lower(),
        began=began,
        seconds=seconds,
        assets=len(run.asset_selection or ()),
        partitions=_partitions(run.tags),
        failures=_failures(instance, run.run_id) if failed else {},
    )


def _partitions(tags: Mapping[str, str]) -> str | None:
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    if first and last:
        return first if first == last else f"{first} to {last}"
    return tags.get("dagster/partition")


def _failures(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    events: Sequence[dg.EventLogEntry] = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    found = {}
    for entry in list(events)[:_STEPS]:
        data = entry.dagster_event.event_specific_data if entry.dagster_event else None
        error = getattr(data, "error", None)
        cause = error.cause if error is not None and error.cause is not None else error
        words = cause.message if cause is not None else entry.user_message
        found[entry.step_key or "run"] = " ".join(words.split())[:_MESSAGE]
    return found
