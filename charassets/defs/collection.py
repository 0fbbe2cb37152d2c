"""How an asset over the whole collection is declared and run: it takes the shards that are there and says how many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.metadata import definition_metadata, shard_metadata
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.errors import StorageError
from charassets.lake.fragments import Fragment
from charassets.stages.collection import ALL
from charassets.stages.contract import CollectionStage


@dataclass(frozen=True)
class Refreshed:
    """What a collection step did, as Dagster is told."""

    metadata: dict[str, Any]
    data_version: dg.DataVersion


def collection_asset(
    stage: type[CollectionStage], *, group: str, kinds: set[str], checks: Sequence[dg.AssetCheckSpec] = ()
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of a collection asset, with all that follows from its stage."""
    return dg.asset(
        name=stage.table.name,
        deps=list(stage.reads),
        description=stage.table.doc,
        metadata=definition_metadata(stage.table),
        code_version=stage.code_version,
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        automation_condition=COLLECTION_CONDITION,
        check_specs=list(checks),
    )


def refreshed(context: dg.AssetExecutionContext, workbench: Workbench) -> tuple[Refreshed, Fragment]:
    """Bring the asset's table up to date.

    Raises:
        dagster.Failure: the step failed; the table before stays as it was.
    """
    table = context.asset_key.path[-1]
    stage = workbench.collection(table)
    with translated(context):
        result = workbench.run_collection(table)
        fragment = workbench.lake.fragment(table, ALL)
        if fragment is None:
            raise StorageError("a table vanished while its run went on", where=table, todo="run again")
        shards = len(workbench.lake.shards(next(iter(stage.reads))))
    metadata = {**shard_metadata(stage, result), "shards": shards}
    return Refreshed(metadata, dg.DataVersion(result.manifest.version)), fragment
