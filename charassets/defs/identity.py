"""The assets of named characters: the gallery, which learns from people, and whom each picture shows."""

from collections.abc import Iterator

import dagster as dg

from charassets.curation import EditLog
from charassets.defs.checks import contract_checks
from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.partitions import OWNERS, run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.growth import grow
from charassets.stages.character_identities import CharacterIdentities


@shard_asset(CharacterIdentities, group="identity", kinds={"parquet", "faiss"})
def character_identities(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Recognise the gallery's characters in each shard."""
    yield from run_shards(context, workbench)


@dg.asset(
    deps=["edits"],
    description="The gallery of named characters: what people confirmed and corrected becomes references, in a new version.",
    code_version="1",
    group_name="identity",
    kinds={"parquet"},
    owners=OWNERS,
    automation_condition=COLLECTION_CONDITION,
)
def character_gallery(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Let the gallery learn; the shards that it makes stale are recognised again by the next run."""
    with translated(context):
        grown = grow(workbench.lake, workbench.settings, EditLog.of(workbench.workspace))
    told = {name: getattr(grown, name) for name in ("changed", "added", "removed", "before", "after", "left_out")}
    shelved = grown.shelved
    size = {"characters": 0, "references": 0}
    if shelved is not None:
        size = {"characters": len(shelved.gallery.names), "references": shelved.gallery.references.num_rows}
    metadata = {**size, **{name: value for name, value in told.items() if value is not None}}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(shelved.digest if shelved else "none"))


character_identities_contracts = contract_checks(character_identities)
