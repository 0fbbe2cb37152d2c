"""The asset that decodes, measures, detects and crops, and its checks."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.drift import Steady
from charassets.defs.metadata import SHARD_SHEET_BYTES, pictures
from charassets.defs.partitions import MODEL_POOL, run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.lake.fragments import Fragment
from charassets.stages import sheets
from charassets.stages.gates import verdicts
from charassets.stages.single_character_images import SingleCharacterImages

_KEPT = Steady("kept_share", "the share of single-character records", tolerance=0.25)


@shard_asset(
    SingleCharacterImages, group="images", kinds={"parquet", "openvino", "pytorch"}, pool=MODEL_POOL, steady=_KEPT
)
def single_character_images(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Measure and crop the pictures of each shard."""
    gates = workbench.settings.gates

    def notes(fragment: Fragment) -> dict[str, Any]:
        single = verdicts(fragment.read(sheets.JUDGED), gates)["verdict"].to_pylist().count("single")
        shown = sheets.kept_and_refused(fragment, gates, SHARD_SHEET_BYTES)
        return {_KEPT.share: single / max(1, fragment.manifest.counts["in"]), **pictures(shown)}

    yield from run_shards(context, workbench, notes, _KEPT)


single_character_images_contracts = contract_checks(single_character_images)
