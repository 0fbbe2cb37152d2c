"""Warning checks: shares that move away from what was usual before.

What belongs here: the comparison with Dagster's history. Not here: how a share is computed (its asset's module).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import dagster as dg

from charassets.stages.collection import ALL

LEAST_HISTORY = 3
"""Values needed before anything can be called unusual."""

_HISTORY = 200  # latest events looked at


@dataclass(frozen=True)
class Steady:
    """A share that should stay near what was usual.

    Attributes:
        share: key of the share in the asset's metadata; the check is named after it.
        says: what the share is, in words.
        tolerance: largest difference from the median of earlier values; shares are between 0 and 1.
    """

    share: str
    says: str
    tolerance: float

    @property
    def check(self) -> str:
        """Name of the check."""
        return f"{self.share}_steady"

    def spec(self, asset: str) -> dg.AssetCheckSpec:
        """The check as declared on its asset."""
        return dg.AssetCheckSpec(
            self.check, asset=asset, description=f"{self.says} is within {self.tolerance:g} of the shards before."
        )


def examine(context: dg.AssetExecutionContext, steady: Steady, shares: Mapping[str, float]) -> dg.AssetCheckResult:
    """Compare shares, by shard, with the median of the same metadata in earlier materializations."""
    events = context.instance.fetch_materializations(context.asset_key, limit=_HISTORY).records
    found = (record.asset_materialization for record in events)
    values = [event.metadata[steady.share].value for event in found if event and steady.share in event.metadata]
    before = [float(value) for value in values if isinstance(value, int | float)]
    metadata: dict[str, dg.MetadataValue] = {"compared_with": dg.MetadataValue.int(len(before))}
    if len(before) < LEAST_HISTORY:
        return _warning(context, steady, {}, 0.0, metadata)
    usual = median(before)
    metadata["usual"] = dg.MetadataValue.float(round(usual, 4))
    odd = {shard: share for shard, share in shares.items() if abs(share - usual) > steady.tolerance}
    return _warning(context, steady, odd, usual, metadata)


def _warning(
    context: dg.AssetExecutionContext,
    steady: Steady,
    odd: dict[str, float],
    usual: float,
    metadata: dict[str, dg.MetadataValue],
) -> dg.AssetCheckResult:
    named = ", ".join(f"{share:.2f}" + f" in {shard}" * (shard != ALL) for shard, share in list(odd.items())[:5])
    return dg.AssetCheckResult(
        asset_key=context.asset_key,
        check_name=steady.check,
        passed=not odd,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{steady.says} is {named}, where {usual:.2f} was usual before" if odd else None,
        metadata={**metadata, "odd_shards": dg.MetadataValue.json(odd)},
    )
