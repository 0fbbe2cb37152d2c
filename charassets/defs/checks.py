"""Blocking checks: the contracts of a table, examined on the shards that a run touched.

What belongs here: which fragments are examined and how the answer is reported. Not here: the contracts themselves
(``charassets.stages.promises``), nor the warnings, which live beside their assets.
"""

from collections.abc import Iterator

import dagster as dg

from charassets.defs.resources import Workbench
from charassets.lake.fragments import Fragment
from charassets.stages.promises import CONTRACTS, Contract

BAD_SHARDS = "bad_shards"


def contract_checks(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    """One step that examines all contracts of a table.

    The checks are not partitioned: a partitioned check records nothing for a run of several shards. They loop over the
    shards instead and name the bad ones.
    """
    table = asset.key.path[-1]
    contracts = {contract.name: contract for contract in CONTRACTS[table]}

    @dg.multi_asset_check(
        name=f"{table}_contracts",
        specs=[
            dg.AssetCheckSpec(name, asset=asset.key, blocking=True, description=contract.says)
            for name, contract in contracts.items()
        ],
        can_subset=True,
    )
    def examine(context: dg.AssetCheckExecutionContext, workbench: Workbench) -> Iterator[dg.AssetCheckResult]:
        for key in context.selected_asset_check_keys:
            fragments = workbench.to_examine(table, bad_before(context.instance, key))
            yield _result(workbench, contracts[key.name], key, fragments)

    return examine


def _result(
    workbench: Workbench, contract: Contract, key: dg.AssetCheckKey, fragments: list[Fragment]
) -> dg.AssetCheckResult:
    answers = {fragment.manifest.shard: contract.broken(workbench.lake, fragment) for fragment in fragments}
    broken = {shard: what for shard, what in answers.items() if what}
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"examined": len(fragments), BAD_SHARDS: broken},
    )


def bad_before(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> list[str]:
    """Shards that broke the contract when it was last examined: they are examined until they keep it."""
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=5):
        evaluation = record.evaluation
        if isinstance(evaluation, dg.AssetCheckEvaluation):  # else it is planned, or its run died before it came to it
            named = evaluation.metadata.get(BAD_SHARDS)  # a warning names none
            return list(named.value) if named is not None and isinstance(named.value, dict) else []
    return []
