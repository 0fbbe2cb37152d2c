"""The assets over the whole collection: neighbour graph, near duplicates, characters, and their checks."""

import dagster as dg

from charassets.defs import drift
from charassets.defs.checks import contract_checks
from charassets.defs.collection import collection_asset, refreshed
from charassets.defs.drift import Steady
from charassets.defs.metadata import COLLECTION_SHEET_BYTES, pictures
from charassets.defs.resources import Workbench
from charassets.stages import cluster_health, sheets
from charassets.stages.character_clusters import CharacterClusters
from charassets.stages.cluster_health import CHECKS, Finding
from charassets.stages.knn_graph import KnnGraph, graph_facts
from charassets.stages.near_duplicates import NearDuplicates

OUTGROWN = 4
"""An index trained on a quarter of the vectors it holds has cells four times as full, and searches four times as long."""

_SHOWN = 50  # sentences about decisions that do not hold, kept in an event
_TRAINED = "index_not_outgrown"
_DUPLICATES = Steady("duplicate_share", "the share of duplicates", tolerance=0.1)


@collection_asset(
    KnnGraph,
    group="similarity",
    kinds={"parquet", "faiss"},
    checks=[
        dg.AssetCheckSpec(_TRAINED, asset="knn_graph", description="The index was trained on enough of what it holds.")
    ],
)
def knn_graph(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Bring the neighbour graph up to date, over the shards that are there."""
    result, fragment = refreshed(context, workbench)
    facts = graph_facts(fragment)
    grown = fragment.rows / max(1, facts.trained_on)
    return dg.MaterializeResult(
        metadata={**result.metadata, "method": facts.method, "trained_on": facts.trained_on},
        data_version=result.data_version,
        check_results=[
            dg.AssetCheckResult(
                check_name=_TRAINED,
                passed=facts.method == "exact" or grown <= OUTGROWN,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"the index ({facts.method}) holds {grown:.1f} times what it was trained on; "
                "raise graph.generation in the settings to train it anew",
                metadata={"grown": grown},
            )
        ],
    )


@collection_asset(
    NearDuplicates, group="similarity", kinds={"parquet", "faiss"}, checks=[_DUPLICATES.spec("near_duplicates")]
)
def near_duplicates(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Group copies, over the shards that are there."""
    result, fragment = refreshed(context, workbench)
    copies = fragment.read(["keeper"])["keeper"].to_pylist().count(False)
    share = copies / max(1, fragment.rows)
    return dg.MaterializeResult(
        metadata={
            **result.metadata,
            _DUPLICATES.share: share,
            **pictures(sheets.duplicates(workbench.lake, COLLECTION_SHEET_BYTES)),
        },
        data_version=result.data_version,
        check_results=[drift.examine(context, _DUPLICATES, {"all": share})],
    )


@collection_asset(
    CharacterClusters,
    group="similarity",
    kinds={"parquet"},
    checks=[dg.AssetCheckSpec(name, asset="character_clusters", description=says) for name, says in CHECKS.items()],
)
def character_clusters(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Group pictures of one character, over the shards that are there."""
    result, fragment = refreshed(context, workbench)
    health = cluster_health.measured(fragment)
    found = list(cluster_health.findings(health, workbench.settings.checks))
    measures = {finding.name: round(finding.value, 4) for finding in found if finding.value is not None}
    return dg.MaterializeResult(
        metadata={
            **result.metadata,
            "characters": len(health.sizes),
            "clustered": health.clustered,
            "largest_share": health.largest,
            **{f"measured/{name}": value for name, value in measures.items()},
            "unkept": list(health.unkept[:_SHOWN]),
            **pictures(sheets.characters(workbench.lake, COLLECTION_SHEET_BYTES)),
        },
        data_version=result.data_version,
        check_results=[_check_result(finding) for finding in found],
    )


def _check_result(finding: Finding) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=finding.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity(finding.severity.upper()),
        description=finding.told,
        metadata={"limit": finding.limit} | ({"value": finding.value} if finding.value is not None else {}),
    )


knn_graph_contracts = contract_checks(knn_graph)
near_duplicates_contracts = contract_checks(near_duplicates)
character_clusters_contracts = contract_checks(character_clusters)
