"""The assets that bring pictures together on attributes: copies lend words to their keeper, characters vote; and their checks."""

import dagster as dg

from charassets.attributes import consensus
from charassets.defs.checks import contract_checks
from charassets.defs.collection import collection_asset, refreshed
from charassets.defs.resources import Workbench
from charassets.stages.cluster_consensus import ClusterConsensus
from charassets.stages.merged_attributes import MergedAttributes

_TORN = "characters_agree"

TORN_SHARE = 0.3
"""Share of disagreements from which clusters mix characters rather than taggers err: tags are wrong one time in twenty."""


@collection_asset(MergedAttributes, group="attributes", kinds={"parquet"})
def merged_attributes(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Add the words of dropped copies to their keepers, over the shards that are there."""
    result, fragment = refreshed(context, workbench)
    status = fragment.read(["status"])["status"].to_pylist()
    return dg.MaterializeResult(
        metadata={**result.metadata, "decided": status.count("decided")}, data_version=result.data_version
    )


@collection_asset(
    ClusterConsensus,
    group="attributes",
    kinds={"parquet"},
    checks=[
        dg.AssetCheckSpec(_TORN, asset="cluster_consensus", description="Few pictures disagree with their character.")
    ],
)
def cluster_consensus(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Vote within every character, over the shards that are there."""
    result, fragment = refreshed(context, workbench)
    rows = fragment.read(["verdict", "reason"])
    verdicts = rows["verdict"].to_pylist()
    told = [v for v in verdicts if v in (consensus.AGREES, consensus.DIFFERS)]
    share = told.count(consensus.DIFFERS) / max(1, len(told))
    reasons = rows["reason"].drop_null().to_pylist()
    return dg.MaterializeResult(
        metadata={
            **result.metadata,
            "disagreements": len(reasons),
            "disagreement_share": share,
            "could_be_filled": verdicts.count(consensus.FILLS),
            **{f"reason/{name}": reasons.count(name) for name in consensus.REASONS},
        },
        data_version=result.data_version,
        check_results=[
            dg.AssetCheckResult(
                check_name=_TORN,
                passed=share <= TORN_SHARE,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{len(reasons)} of {len(told)} answers disagree with a strong majority of their character",
                metadata={"share": share},
            )
        ],
    )


merged_attributes_contracts = contract_checks(merged_attributes)
cluster_consensus_contracts = contract_checks(cluster_consensus)
