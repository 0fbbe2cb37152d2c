"""The asset that measures how figures are drawn, and its checks."""

from collections.abc import Iterator

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.partitions import run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.stages.design_features import DesignFeatures


@shard_asset(DesignFeatures, group="design", kinds={"parquet"})
def design_features(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Measure the crops of each shard."""
    yield from run_shards(context, workbench)


design_features_contracts = contract_checks(design_features)
