"""Times the model stages with one Ray worker and with two, over the same pictures in one run, and compares what they wrote.

    python -m bench.workers --pictures 2000 --shard-records 250

Each count of workers begins with an empty lake and without processes: starting them and loading models is counted. On a machine
with two cores two workers share what one worker's threads already use: the figure says how far that is from twice.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.ray_lake import cluster, content_of, draw_source, drive, new_workspace

TABLES = ("raw_shards", "single_character_images", "clip_embeddings", "visual_evidence")


def main() -> None:
    """Run and print; exit code 1 where the bytes differ."""
    options = _options()
    seconds: dict[int, dict[str, float]] = {}
    content: dict[int, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory(prefix="charassets-workers-") as name, cluster(max(options.workers)) as address:
        source = draw_source(options.source or Path(name) / "pictures", options.pictures, options.side)
        for workers in options.workers:
            root = Path(name) / f"with-{workers}"
            settings = new_workspace(root, source, options.shard_records, {"address": address, "workers": workers})
            seconds[workers] = {table: s for table, (_, s) in drive(settings, TABLES, joined_already=True).items()}
            content[workers] = content_of(root)
            print(f"{workers} workers: {seconds[workers]}", file=sys.stderr)
    first, *others = options.workers
    same = all(content[workers] == content[first] for workers in others)
    _print(seconds, options, same)
    sys.exit(not same)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--shard-records", type=int, default=250)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--source", type=Path, help="draw here, or take what was drawn here")
    return parser.parse_args()


def _print(seconds: dict[int, dict[str, float]], options: argparse.Namespace, same: bool) -> None:
    load = os.getloadavg()[1]
    table = Table(title=f"{options.pictures} pictures, {os.cpu_count()} cores, load {load:.1f}, same bytes: {same}")
    first, *others = options.workers
    table.add_column("stage")
    for workers in options.workers:
        table.add_column(f"{workers} worker(s), s", justify="right")
    for workers in others:
        table.add_column(f"{workers} against {first}", justify="right")
    for name in (*TABLES, "all"):
        spent = {w: sum(told.values()) if name == "all" else told[name] for w, told in seconds.items()}
        ratios = [f"{spent[first] / spent[w]:.2f}x" for w in others]
        table.add_row(name, *(f"{spent[w]:.1f}" for w in options.workers), *ratios)
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
