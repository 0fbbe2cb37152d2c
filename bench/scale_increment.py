"""What one more shard costs a collection of a hundred: the shard alone, the hundred that are passed over, the collection steps.

    python -m bench.scale_increment --records 5000 [--a-picture 103 16.3 1.45]
    python -m bench.scale_increment --pictures --records 40 [--from FOLDER]

What belongs here: the comparison. Not here: growth (``scale``). Without ``--pictures`` the steps are those that need no pixels,
over synthetic records; what pixels and close looks would add is told by ``--a-picture``, for ``ratio``. With ``--pictures`` all
stages run over drawn pictures, one in ten a copy of another, or over those of a folder, by chance. The graph is that of large
collections (``cells``). What a process needs to begin is not counted: the shard alone is run twice, and the second time counts.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.scale_steps import AT_SIZE
from bench.synthetic_lake import write_lake
from bench.synthetic_looks import FedDuplicates
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import SOURCE_ITEMS
from charassets.settings import Settings, load_settings
from charassets.sources.intake import take_in
from charassets.stages.collection import run_collection
from charassets.stages.contract import CollectionStage
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.scenes import draw_scene

_SIDE = 768
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".webp"))


def main() -> None:
    """Print a line of JSON: CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--records", type=int, default=400, help="of a shard")
    parser.add_argument(
        "--a-picture",
        type=float,
        nargs=3,
        default=(0.0, 0.0, 0.0),
        metavar=("PIXELS", "LOOKS", "ALONE"),
        help="CPU ms a new picture of synthetic records: pixels, close looks, those of a shard alone",
    )
    parser.add_argument("--pictures", action="store_true", help="drawn pictures through every stage")
    parser.add_argument("--from", dest="found", type=Path, help="pictures of a folder in place of drawn ones")
    options = parser.parse_args()
    result = _of_pictures(options) if options.pictures else _of_records(options)
    told = {"shards": options.shards, "records": options.records, **result}
    sys.stdout.write(json.dumps({key: _rounded(value) for key, value in told.items()}) + "\n")


def _of_records(options: argparse.Namespace) -> Mapping[str, Mapping[str, float] | float]:
    n = (options.shards + 1) * options.records
    with tempfile.TemporaryDirectory(prefix="charassets-") as folder:
        settings = {name: _settings(Path(folder) / name) for name in ("alone", "all")}
        one = write_lake(Path(folder) / "alone", n, records_a_shard=options.records, first_shard=options.shards)
        lake = write_lake(Path(folder) / "all", n, records_a_shard=options.records, shards=options.shards)
        first = {**_shards(settings["all"], lake), **_collection(settings["all"], lake, n)}
        write_lake(Path(folder) / "all", n, records_a_shard=options.records, first_shard=options.shards)
        then = {**_shards(settings["all"], lake), **_collection(settings["all"], lake, n)}
        alone = {**_shards(settings["alone"], one), **_collection(settings["alone"], one, n)}
    pixels, looks, looks_alone = (milliseconds * options.records / 1000 for milliseconds in options.a_picture)
    ratio = _ratio({**then, "pixels": pixels, "looks": looks}, {**alone, "pixels": pixels, "looks": looks_alone})
    return {"first": first, "then": then, "alone": alone, "ratio": ratio}


def _ratio(then: Mapping[str, float], alone: Mapping[str, float]) -> float:
    """What one more shard costs to what it costs alone with the graph's update."""
    return sum(then.values()) / (sum(s for step, s in alone.items() if step != "knn_graph") + then["knn_graph"])


def _of_pictures(options: argparse.Namespace) -> Mapping[str, Mapping[str, float] | float]:
    """Some shards, one more, and that one alone."""
    with tempfile.TemporaryDirectory(prefix="charassets-") as name:
        folder, records = Path(name), options.records
        drawn, more = folder / "drawn", folder / "more"
        if options.found:
            _deal(options.found, drawn, more, records)
        else:
            _draw(drawn, range(options.shards * records))
            _draw(more, range(options.shards * records, (options.shards + 1) * records))
        _everything(folder / "warm", [more], records)
        first = _everything(folder / "all", [drawn], records)
        then = _everything(folder / "all", [drawn, more], records)
        single = _everything(folder / "alone", [more], records)
    return {"first": first, "then": then, "alone": single, "ratio": _ratio(then, single)}


def _draw(folder: Path, numbers: range) -> None:
    """Scenes as JPEG; every tenth is the one before, half as large."""
    folder.mkdir()
    for number in numbers:
        copy = number % 10 == 9  # noqa: PLR2004
        pixels = draw_scene(number - copy, size=_SIDE, kind="single").pixels
        picture = Image.fromarray(pixels)
        (picture.resize((_SIDE // 2, _SIDE // 2)) if copy else picture).save(folder / f"{number:06d}.jpg", quality=92)


def _deal(found: Path, drawn: Path, more: Path, records: int) -> None:
    """Copies of the pictures of a folder, so many by chance in ``more`` and all others in ``drawn``."""
    files = sorted(path.resolve() for path in found.rglob("*") if path.suffix.lower() in _PICTURES)
    np.random.default_rng(0).shuffle(files)
    for folder, dealt in ((more, files[:records]), (drawn, files[records:])):
        folder.mkdir()
        for number, file in enumerate(dealt):
            shutil.copyfile(file, folder / f"{number:06d}{file.suffix}")


def _everything(root: Path, sources: Sequence[Path], records: int) -> dict[str, float]:
    """CPU seconds of every step of a run of the whole, threads and all."""
    named = [{"name": source.name, "path": str(source)} for source in sources]
    settings = load_settings(
        {"workspace": str(root), "sources": named, "shards": {"records": records}, "graph": {"method": "cells"}}
    )
    lake = Workspace.of(settings).open_lake()
    spent = {}
    started = _cpu_s()
    take_in(settings, lake)
    spent["take_in"] = _cpu_s() - started
    for name, stage in shard_stages(settings).items():
        started = _cpu_s()
        first = next(iter(stage.reads), SOURCE_ITEMS.name)
        for shard in lake.shards(first):
            run_stage(stage, shard, lake)
        spent[name] = _cpu_s() - started
    for name, collection in collection_stages(settings).items():
        started = _cpu_s()
        run_collection(collection, lake)
        spent[name] = _cpu_s() - started
    return spent


def _settings(root: Path) -> Settings:
    return load_settings({"workspace": str(root), "graph": {"method": "cells"}})


def _shards(settings: Settings, lake: Lake) -> dict[str, float]:
    """CPU seconds of the per-shard stages over every shard."""
    spent = {}
    for name in AT_SIZE[:2]:
        stage = shard_stages(settings)[name]
        started = _cpu_s()
        for shard in lake.shards(next(iter(stage.reads))):
            run_stage(stage, shard, lake)
        spent[name] = _cpu_s() - started
    return spent


def _collection(settings: Settings, lake: Lake, n: int) -> dict[str, float]:
    """CPU seconds of the collection steps, which are brought up to date."""
    spent = {}
    stages: dict[str, CollectionStage] = {**collection_stages(settings), "near_duplicates": FedDuplicates(settings, n)}
    for name, stage in stages.items():
        started = _cpu_s()
        run_collection(stage, lake)
        spent[name] = _cpu_s() - started
    return spent


def _cpu_s() -> float:
    """CPU seconds of this process and of those it started that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _rounded(value: object) -> object:
    return {k: round(v, 3) for k, v in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    main()
