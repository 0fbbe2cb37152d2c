"""What one more shard costs a collection of a hundred: the shard alone, the hundred that are passed over, the collection steps.

    python -m bench.scale_increment

What belongs here: the comparison. Not here: growth (``scale``). The stages are those that need no pixels; passing over a shard
costs every stage the same, so the others follow. The graph is that of large collections (``cells``).
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.scale_steps import AT_SIZE
from bench.synthetic_lake import write_lake
from bench.synthetic_looks import FedDuplicates
from charassets.lake.fragments import Lake
from charassets.settings import Settings, load_settings
from charassets.stages.collection import run_collection
from charassets.stages.contract import CollectionStage
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.runner import run_stage


def main() -> None:
    """Print a line of JSON: CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--records", type=int, default=400, help="of a shard")
    options = parser.parse_args()
    n = (options.shards + 1) * options.records
    with tempfile.TemporaryDirectory(prefix="charassets-") as folder:
        settings = {name: _settings(Path(folder) / name) for name in ("alone", "all")}
        one = write_lake(Path(folder) / "alone", n, records_a_shard=options.records, first_shard=options.shards)
        lake = write_lake(Path(folder) / "all", n, records_a_shard=options.records, shards=options.shards)
        first = {**_shards(settings["all"], lake), **_collection(settings["all"], lake, n)}
        write_lake(Path(folder) / "all", n, records_a_shard=options.records, first_shard=options.shards)
        then = {**_shards(settings["all"], lake), **_collection(settings["all"], lake, n)}
        alone = _shards(settings["alone"], one)
    result = {"shards": options.shards, "records": options.records, "first": first, "then": then, "alone": alone}
    sys.stdout.write(json.dumps({key: _rounded(value) for key, value in result.items()}) + "\n")


def _settings(root: Path) -> Settings:
    return load_settings({"workspace": str(root), "graph": {"method": "cells"}})


def _shards(settings: Settings, lake: Lake) -> dict[str, float]:
    """CPU seconds of the per-shard stages over every shard."""
    spent = {}
    for name in AT_SIZE[:2]:
        stage = shard_stages(settings)[name]
        started = time.process_time()
        for shard in lake.shards(next(iter(stage.reads))):
            run_stage(stage, shard, lake)
        spent[name] = time.process_time() - started
    return spent


def _collection(settings: Settings, lake: Lake, n: int) -> dict[str, float]:
    """CPU seconds of the collection steps, which are brought up to date."""
    spent = {}
    stages: dict[str, CollectionStage] = {**collection_stages(settings), "near_duplicates": FedDuplicates(settings, n)}
    for name, stage in stages.items():
        started = time.process_time()
        run_collection(stage, lake)
        spent[name] = time.process_time() - started
    return spent


def _rounded(value: object) -> object:
    return {k: round(v, 3) for k, v in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    main()
