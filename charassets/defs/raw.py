"""The asset that reads the sources, and its checks."""

from collections.abc import Iterator

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.partitions import run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.stages.raw_shards import RawShards


@shard_asset(RawShards, group="ingest", kinds={"parquet"})
def raw_shards(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Read the source items of each shard."""
    yield from run_shards(context, workbench)


raw_shards_contracts = contract_checks(raw_shards)
