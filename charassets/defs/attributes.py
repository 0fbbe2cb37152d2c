"""The assets that gather evidence and fuse it into attributes, and their checks."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.drift import Steady
from charassets.defs.partitions import MODEL_POOL, run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.lake.fragments import Fragment
from charassets.stages.character_attributes import CharacterAttributes
from charassets.stages.tag_evidence import TagEvidence
from charassets.stages.visual_evidence import VisualEvidence

_UNKNOWN = Steady("unknown_share", "the share of attributes left unknown", tolerance=0.25)


@shard_asset(TagEvidence, group="attributes", kinds={"parquet"})
def tag_evidence(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Read tags and descriptions of each shard."""
    yield from run_shards(context, workbench)


@shard_asset(VisualEvidence, group="attributes", kinds={"parquet", "pytorch"}, pool=MODEL_POOL)
def visual_evidence(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Ask the pictures of each shard."""
    yield from run_shards(context, workbench)


@shard_asset(CharacterAttributes, group="attributes", kinds={"parquet"}, steady=_UNKNOWN)
def character_attributes(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Fuse the evidence of each shard."""

    def notes(fragment: Fragment) -> dict[str, Any]:
        unknown = fragment.read(["status"])["status"].to_pylist().count("unknown")
        return {_UNKNOWN.share: unknown / max(1, fragment.rows)}

    yield from run_shards(context, workbench, notes, _UNKNOWN)


tag_evidence_contracts = contract_checks(tag_evidence)
visual_evidence_contracts = contract_checks(visual_evidence)
character_attributes_contracts = contract_checks(character_attributes)
