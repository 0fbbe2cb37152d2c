"""The shards as Dagster partitions, and how one asset runs over many of them.

What belongs here: the partitions definition, spans of keys, one event per shard. Not here: what a stage computes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from charassets.defs import drift
from charassets.defs.conditions import SHARD_CONDITION
from charassets.defs.drift import Steady
from charassets.defs.failures import failure, shards_failed
from charassets.defs.metadata import definition_metadata, shard_metadata
from charassets.defs.resources import Workbench
from charassets.errors import ModelMissingError, StorageError
from charassets.lake.fragments import Fragment
from charassets.schema import SOURCE_ITEMS
from charassets.stages.contract import Stage
from charassets.stages.runner import ShardResult

SHARDS = "shards"
"""Name of the partitions: one key a shard of the ledger, in its order."""

shards = dg.DynamicPartitionsDefinition(name=SHARDS)

SHARDS_PER_RUN = 50
"""Shards of one backfill run: a model is loaded once for all of them, and a failed run repeats at most as many."""

OWNERS = ["team:charassets"]

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

MODEL_POOL = "model"
"""Concurrency pool of the assets that hold a model: one at a time on a machine."""

NULL_POINTER = "NULL"
"""Dagster's word for an input that was never materialized."""


def shard_asset(
    stage: type[Stage], *, group: str, kinds: set[str], pool: str | None = None, steady: Steady | None = None
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of a per-shard asset, with all that follows from its stage: name, inputs, schema, code version."""
    return dg.asset(
        name=stage.table.name,
        deps=[table for table in stage.reads if table != SOURCE_ITEMS.name],
        description=stage.table.doc,
        metadata=definition_metadata(stage.table),
        code_version=stage.code_version,
        partitions_def=shards,
        backfill_policy=dg.BackfillPolicy.multi_run(SHARDS_PER_RUN),
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        pool=pool,
        check_specs=[steady.spec(stage.table.name)] if steady else None,
        automation_condition=SHARD_CONDITION,
    )


def run_shards(
    context: dg.AssetExecutionContext,
    workbench: Workbench,
    notes: Callable[[Fragment], dict[str, Any]] | None = None,
    steady: Steady | None = None,
) -> Iterator[dg.MaterializeResult]:
    """Bring every shard of the run up to date; a bad shard fails alone and the good ones are recorded.

    Dagster gives all partitions of a run one data version and one set of metadata, so each shard gets an event of its own,
    after the result that lets downstream assets start (the other order would show the emptier event).

    Args:
        context: the asset's context.
        workbench: settings, lake and stages of the run.
        notes: further metadata of a shard that was computed (shares, contact sheets).
        steady: the share among them to compare with earlier shards.

    Raises:
        dagster.Failure: some shards failed; its metadata names them (``failed``) and the exit code they ask for.
    """
    table = context.asset_key.path[-1]
    stage = workbench.stage(table)
    done: dict[str, ShardResult] = {}
    failed: dict[str, Exception] = {}
    for shard, answer in workbench.run_shards(table, context.partition_keys):
        if isinstance(answer, ShardResult):
            done[shard] = answer
        elif isinstance(answer, ModelMissingError):
            raise failure(context, answer) from answer
        else:  # one corrupt shard must not lose the others
            context.log.error(f"{table} {shard}", exc_info=answer)
            failed[shard] = answer
    noted = {shard: notes(_fragment(workbench, result)) for shard, result in done.items() if notes and result.computed}
    if not failed:
        shares = {shard: note[steady.share] for shard, note in noted.items() if steady and steady.share in note}
        yield dg.MaterializeResult(check_results=[drift.examine(context, steady, shares)] if steady else [])
    pointers = input_pointers(context.instance, stage)
    for shard in sorted(done):  # in whatever order workers finished them
        context.log_event(shard_event(stage, done[shard], pointers, noted.get(shard, {})))
    if failed:
        raise shards_failed(context, failed, len(context.partition_keys))


def shard_event(
    stage: Stage, result: ShardResult, pointers: Mapping[str, str], notes: Mapping[str, Any]
) -> dg.AssetMaterialization:
    """The event of one shard: its numbers, its data version, and the tags from which Dagster tells whether it is stale.

    Only results of its own making carry these tags unasked.

    Args:
        stage: the stage.
        result: the shard's result.
        pointers: as ``input_pointers`` answers.
        notes: further metadata.
    """
    tags = {
        "dagster/code_version": stage.code_version,
        "dagster/data_version": result.manifest.version,
        "dagster/data_version_is_user_provided": "true",
    }
    for table, pointer in pointers.items():
        tags[f"dagster/input_data_version/{table}"] = result.manifest.inputs[table]
        tags[f"dagster/input_event_pointer/{table}"] = pointer
    metadata = {**shard_metadata(stage, result), **notes}
    return dg.AssetMaterialization(stage.name, partition=result.manifest.shard, metadata=metadata, tags=tags)


def input_pointers(instance: dg.DagsterInstance, stage: Stage) -> dict[str, str]:
    """Input asset to the id of the event up to which its shards were read: a later event makes the reader stale."""
    pointers = {}
    for table in stage.reads:
        if table != SOURCE_ITEMS.name:
            latest = instance.fetch_materializations(dg.AssetKey(table), limit=1).records
            pointers[table] = str(latest[0].storage_id) if latest else NULL_POINTER
    return pointers


def contiguous(keys: Sequence[str], wanted: Collection[str], most: int) -> Iterator[list[str]]:
    """Spans of at most ``most`` neighbouring keys that are all wanted: what one run can take as a range."""
    wanted = set(wanted)
    span: list[str] = []
    for key in keys:
        if span and (key not in wanted or len(span) == most):
            yield span
            span = []
        if key in wanted:
            span.append(key)
    if span:
        yield span


def range_tags(span: Sequence[str]) -> dict[str, str]:
    """Run tags that select a span of partitions."""
    return {RANGE_START: span[0], RANGE_END: span[-1]}


def _fragment(workbench: Workbench, result: ShardResult) -> Fragment:
    fragment = workbench.lake.fragment(result.manifest.table, result.manifest.shard)
    if fragment is None:
        raise StorageError("a fragment vanished while its run went on", where=result.manifest.shard, todo="run again")
    return fragment
