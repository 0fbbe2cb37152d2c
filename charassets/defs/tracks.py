"""The asset of characters through films, and its checks."""

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.collection import collection_asset, refreshed
from charassets.defs.metadata import COLLECTION_SHEET_BYTES, pictures
from charassets.defs.resources import Workbench
from charassets.stages import sheets
from charassets.stages.track_health import track_health
from charassets.stages.tracks import Tracks

_HOLD = "tracks_hold_together"


@collection_asset(
    Tracks,
    group="identity",
    kinds={"parquet"},
    checks=[dg.AssetCheckSpec(_HOLD, asset="tracks", description="The likeness that links frames fits the embedder.")],
)
def tracks(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Link the frames of every film, over the shards that are there; without films there are no tracks."""
    result, fragment = refreshed(context, workbench)
    health = track_health(fragment)
    counted = {"films": health.films, "frames": health.frames, "lone_frames": health.lone, "named": health.named}
    return dg.MaterializeResult(
        metadata={
            **result.metadata,
            **counted,
            **pictures(sheets.tracks(workbench.lake, COLLECTION_SHEET_BYTES)),
        },
        data_version=result.data_version,
        check_results=[
            dg.AssetCheckResult(
                check_name=_HOLD,
                passed=health.doubt is None,
                severity=dg.AssetCheckSeverity.WARN,
                description=health.doubt or f"{health.lone} of {health.frames} frames are alone in their track",
                metadata=counted,
            )
        ],
    )


tracks_contracts = contract_checks(tracks)
