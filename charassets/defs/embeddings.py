"""The asset that embeds the crops, and its checks."""

from collections.abc import Iterator

import dagster as dg

from charassets.defs.checks import contract_checks
from charassets.defs.partitions import MODEL_POOL, run_shards, shard_asset
from charassets.defs.resources import Workbench
from charassets.stages.clip_embeddings import ClipEmbeddings


@shard_asset(ClipEmbeddings, group="embeddings", kinds={"parquet", "pytorch"}, pool=MODEL_POOL)
def clip_embeddings(context: dg.AssetExecutionContext, workbench: Workbench) -> Iterator[dg.MaterializeResult]:
    """Embed the crops of each shard."""
    yield from run_shards(context, workbench)


clip_embeddings_contracts = contract_checks(clip_embeddings)
