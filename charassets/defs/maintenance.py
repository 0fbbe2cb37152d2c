"""Jobs people start by hand or that run weekly: scattered shards in one run, and the purge of Dagster's history."""

import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field

from charassets.defs.resources import Workbench
from charassets.defs.scattered import work_on_shards
from charassets.errors import BusyError
from charassets.lake.verify import sweep
from charassets.warehouse import files_read

_PAGE = 500


class ShardList(dg.Config):
    """Which shards to bring up to date."""

    # Not `keys`: a Dagster config with a field of that name breaks `dict(config)`.
    shard_keys: list[str] = Field(description="Shards, e.g. shard-00003, anywhere in the collection.")


@dg.op
def bring_up_to_date(context: dg.OpExecutionContext, config: ShardList, workbench: Workbench) -> None:
    """Run every per-shard stage on the listed shards and report each as a materialization."""
    work_on_shards(context, workbench, config.shard_keys)


@dg.job(description="A scattered list of shards in one run; a backfill would make a run of every gap.")
def shards_by_key() -> None:
    """One run, any shards."""
    bring_up_to_date()


class Keep(dg.Config):
    """How much history stays."""

    days: int = Field(default=30, ge=1, description="Finished runs older than this are deleted.")


@dg.op
def purge_runs(context: dg.OpExecutionContext, config: Keep) -> None:
    """Delete old runs whose events have all been superseded, then give the space back to the disk.

    A run that holds the latest event of an asset or shard stays: without it the shard would look missing.
    """
    instance = context.instance
    needed = _runs_with_latest_events(instance)
    before = datetime.now(UTC) - timedelta(days=config.days)
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    filters = dg.RunsFilter(statuses=finished, created_before=before)
    old = [run.run_id for run in instance.get_runs(filters) if run.run_id not in needed]
    for run_id in old:
        instance.delete_run(run_id)
    size = _vacuum(Path(instance.root_directory))
    context.log.info("%d runs deleted, state is %.1f MB", len(old), size / 1e6)


@dg.op
def sweep_lake(context: dg.OpExecutionContext, workbench: Workbench) -> None:
    """Delete files that no manifest names and the live warehouse does not read, once they are a day old."""
    try:
        with workbench.workspace.locked():
            gone = sweep(workbench.lake, time.time(), keep=files_read(workbench.workspace))
    except BusyError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    context.log.info("%d files swept", len(gone))


@dg.job(description="Purge superseded runs, compact Dagster's database, sweep the lake.")
def tidy() -> None:
    """Weekly housekeeping."""
    purge_runs()
    sweep_lake()


weekly_tidy = dg.ScheduleDefinition(
    name="weekly_tidy",
    job=tidy,
    cron_schedule="0 6 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def _runs_with_latest_events(instance: dg.DagsterInstance) -> set[str]:
    needed: set[str] = set()
    for key in instance.all_asset_keys():
        latest = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        ids = list(latest.values())
        for start in range(0, len(ids), _PAGE):
            chosen = dg.AssetRecordsFilter(asset_key=key, storage_ids=ids[start : start + _PAGE])
            needed |= {record.run_id for record in instance.fetch_materializations(chosen, limit=_PAGE).records}
        whole = instance.fetch_materializations(key, limit=1).records
        needed |= {record.run_id for record in whole}
    return needed


def _vacuum(home: Path) -> int:
    """Compact the SQLite files; answers their size in bytes. One that is busy is left for next week."""
    size = 0
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        path = home / name
        if not path.is_file():
            continue
        with closing(sqlite3.connect(path, timeout=10)) as connection, suppress(sqlite3.OperationalError):
            connection.execute("VACUUM")
        size += path.stat().st_size
    return size
