"""Exports of many synthetic records: records a second and peak memory, at two sizes, so that a leak would show.

Run as ``python -m bench.exports`` (or ``charassets bench exports``). Each export runs in a process of its own, whose peak
resident memory is what the system says of it.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from PIL import Image

from charassets.attributes.vocabulary import load
from charassets.exports.export import export
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import BOOKS, TABLES
from charassets.settings import ExportSettings, load_settings
from charassets.studio.load import records
from charassets.warehouse import build

_SHARD = 5_000


def main() -> None:
    """Print a table: format, records, records a second, peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--n", type=int, default=100_000, help="records of the larger collection; the smaller has a tenth"
    )
    parser.add_argument("--formats", nargs="+", default=["jsonl", "csv", "parquet", "webdataset"])
    parser.add_argument("--one", nargs=3, metavar=("WORKSPACE", "FORMAT", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _export(*options.one)
        return
    print(f"{'format':<12}{'records':>10}{'records/s':>12}{'peak MB':>10}")
    with TemporaryDirectory(prefix="charassets-bench-") as scratch:
        for n in (options.n // 10, options.n):
            workspace = Path(scratch) / str(n)
            make_workspace(workspace, n)
            for name in options.formats:
                call = [sys.executable, "-m", "bench.exports", "--one", str(workspace), name, f"{scratch}/{n}-{name}"]
                done = subprocess.run(call, check=True, capture_output=True, text=True)
                seconds, peak = (float(word) for word in done.stdout.split())
                print(f"{name:<12}{n:>10,}{n / seconds:>12,.0f}{peak:>10,.0f}", flush=True)


def make_workspace(root: Path, n: int) -> None:
    """A workspace of ``n`` kept synthetic records in shards of 5,000, with a small crop and two attributes each."""
    settings = load_settings({"workspace": str(root)})
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    for number, batch in enumerate(records(n, dim=64, copies=0.0, batch_rows=_SHARD)):
        _write_shard(lake, f"shard-{number:05d}", pa.table(batch))
    _write_collection(lake, n)
    build(workspace, lake, settings)


def _write_shard(lake: Lake, shard: str, drawn: pa.Table) -> None:
    names, count = drawn["record_id"], drawn.num_rows
    crop = io.BytesIO()
    Image.new("RGB", (16, 24), (90, 120, 150)).save(crop, "WEBP")
    item = {"source": ["load"], "item_key": [shard], "kind": ["file"], "uri": ["/load"], "first": [0]}
    _commit(lake, "source_items", shard, {**item, "count": [count], "digest": ["d"]}, 1)
    place = {"source": ["load"] * count, "item_key": names, "kind": ["file"] * count, "uri": names}
    size = {"width": [512] * count, "height": [768] * count, "format": ["PNG"] * count}
    _commit(
        lake,
        "raw_shards",
        shard,
        {"record_id": names, **place, **size, "image_id": names, "tags": drawn["tags"]},
        count,
    )
    box = {"label": "person", "score": 0.9, "x0": 10.0, "y0": 10.0, "x1": 500.0, "y1": 700.0}
    measured = {"sharpness": 300.0, "brightness": 0.5, "contrast": 0.8, "information": 6.0}
    picture = {name: [value] * count for name, value in measured.items()} | {"boxes": [[box]] * count}
    stored = {"crop_label": ["person"] * count, "crop_id": names, "crop": [crop.getvalue()] * count}
    facts = {"width": size["width"], "height": size["height"], "image_id": names, "tag_figures": [1] * count}
    _commit(lake, "single_character_images", shard, {"record_id": names, **facts, **picture, **stored}, count)
    answers = [(a, "Unknown", 0.0, "unknown") for a in load().attributes]
    told = {"Hair Color": ("Blonde", 0.9), "Gender": ("Female", 0.8)}
    answers = [(a, *told[a], "decided") if a in told else (a, v, c, s) for a, v, c, s in answers]
    times = len(answers)
    columns = {"record_id": np.repeat(np.asarray(names.to_pylist()), times)}
    for place_of, name in enumerate(("attribute", "value", "confidence", "status")):
        columns[name] = pa.array([answer[place_of] for answer in answers] * count)
    columns["sources"] = pa.array([["tag"]] * (count * times))
    _commit(lake, "character_attributes", shard, columns, count)
    for name in ("tag_evidence", "visual_evidence", "clip_embeddings"):
        _commit(lake, name, shard, {"record_id": []}, 0)


def _write_collection(lake: Lake, n: int) -> None:
    ids = pa.chunked_array(
        [pa.table(b)["record_id"].chunk(0) for b in records(n, dim=64, copies=0.0, batch_rows=_SHARD)]
    )
    copies = {"record_id": ids, "group_id": ids, "keeper": [True] * n, "relation": ["self"] * n}
    _commit(lake, "near_duplicates", "all", copies, n)
    characters = [f"character_{int(hashlib.sha256(str(k).encode()).hexdigest(), 16) % (n // 15):06d}" for k in range(n)]
    found = {"character_id": characters, "probability": [1.0] * n, "representative": [False] * n}
    _commit(lake, "character_clusters", "all", {"record_id": ids, **found}, n)


def _commit(lake: Lake, table: str, shard: str, columns: dict, count: int) -> None:
    """Commit columns; those not given are null, and so are the books' digests."""
    schema = TABLES[table].arrow
    rows = len(next(iter(columns.values())))
    arrays = []
    for field in schema:
        given = columns.get(field.name)
        if given is None:
            given = pa.nulls(rows, field.type) if field.nullable else _empty(field.type, rows)
        arrays.append(given if isinstance(given, pa.ChunkedArray) else pa.array(given, field.type))
    filled = pa.table(arrays, schema=schema)
    ids = filled["record_id"].unique().to_pylist() if "record_id" in schema.names and count else []
    books = pa.table(
        [ids, [b"\0" * 16] * len(ids), ["row"] * len(ids), [None] * len(ids), [None] * len(ids)], schema=BOOKS
    )
    with lake.writer(table, shard, schema) as writer:
        writer.add(filled, books)
        writer.commit(f"{table}/{shard}", "bench", {})


def _empty(kind: pa.DataType, rows: int) -> pa.Array:
    value = (
        False if pa.types.is_boolean(kind) else "" if pa.types.is_string(kind) else [] if pa.types.is_list(kind)
        else b"" if pa.types.is_binary(kind) else 0
    )  # fmt: skip
    return pa.array([value] * rows, kind)


def _export(workspace: str, name: str, out: str) -> None:
    settings = load_settings({"workspace": workspace})
    started = time.perf_counter()
    options = ExportSettings(name=name, format=name, split={"test": 0.1})  # pyright: ignore[reportArgumentType]
    export(settings, options, Path(out))
    print(time.perf_counter() - started, _peak_mb())


def _peak_mb() -> float:
    """Peak resident memory of this process; not ``ru_maxrss``, which a child begins with at its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
