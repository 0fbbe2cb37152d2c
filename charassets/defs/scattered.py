"""Bringing a list of shards, and the collection, up to date within one op: what jobs of ops share.

What belongs here: the loops, with the events that assets would have recorded. Not here: assets, and what a stage computes.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from charassets.curation import EditLog, take_snapshot
from charassets.defs.failures import failure, shards_failed
from charassets.defs.metadata import shard_metadata
from charassets.defs.partitions import input_pointers, shard_event
from charassets.defs.resources import Workbench
from charassets.errors import ModelMissingError
from charassets.schema import EDITS
from charassets.stages.pipeline import collection_stages
from charassets.warehouse import build
from charassets.warehouse.build import CODE_VERSION as WAREHOUSE_VERSION


def work_on_shards(
    context: dg.OpExecutionContext, workbench: Workbench, shards: Sequence[str], tables: Sequence[str] = ()
) -> None:
    """Run the per-shard stages (all, or those of some tables) on the shards; each is reported as a materialization.

    Raises:
        dagster.Failure: some shards failed, or a model is missing; the good shards were reported before.
    """
    failed: dict[str, Exception] = {}
    for table, stage in workbench.stages.items():
        if tables and table not in tables:
            continue
        pointers = input_pointers(context.instance, stage)
        for shard, answer in workbench.run_shards(table, [key for key in shards if key not in failed]):
            if isinstance(answer, ModelMissingError):
                raise failure(context, answer) from answer
            if isinstance(answer, Exception):  # one corrupt shard must not lose the others
                context.log.error(f"{table} {shard}", exc_info=answer)
                failed[shard] = answer
            else:
                context.log_event(shard_event(stage, answer, pointers, {}))
    if failed:
        raise shards_failed(context, failed, len(shards))


def work_on_collection(context: dg.OpExecutionContext, workbench: Workbench) -> None:
    """Take the edits that stand, bring every collection table and the warehouse up to date; each is reported.

    Raises:
        CharassetsError: a step failed; the table before stays as it was.
    """
    manifest, _ = take_snapshot(EditLog.of(workbench.workspace), workbench.lake)
    _report(context, EDITS.name, {"dagster/row_count": manifest.file("rows").rows}, manifest.version, "1")
    for table in collection_stages(workbench.settings):
        stage = workbench.collection(table)
        result = workbench.run_collection(table)
        _report(context, table, shard_metadata(stage, result), result.manifest.version, stage.code_version)
    work_on_warehouse(context, workbench)


def work_on_warehouse(context: dg.OpExecutionContext, workbench: Workbench) -> None:
    """Build the warehouse, and report it.

    Raises:
        StorageError: the file cannot be written; the one before stays.
    """
    built = build(workbench.workspace, workbench.lake, workbench.settings)
    rows = {f"rows/{table}": rows for table, rows in built.rows.items()}
    facts = {"bytes": built.bytes, "seconds": round(built.seconds, 3), "unchanged": built.unchanged, **rows}
    _report(context, "warehouse", facts, built.fingerprint, WAREHOUSE_VERSION)


def _report(
    context: dg.OpExecutionContext, asset: str, facts: dict[str, Any], data_version: str, code_version: str
) -> None:
    tags = {"dagster/data_version": data_version, "dagster/code_version": code_version}
    context.log_event(dg.AssetMaterialization(asset, metadata=facts, tags=tags))
