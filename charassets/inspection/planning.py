"""What a collection would cost, measured on a sample of the user's own pictures.

What belongs here: sampling, timing the stages, and the rule of three. Not here: the stages.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from charassets.errors import UsageError
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import SOURCE_ITEMS
from charassets.settings import Settings, SourceSettings
from charassets.sources import Item, Refused, Source, SourceRecord, open_source
from charassets.sources.intake import take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage

_WARMING = 2  # pictures that load the models before anything is timed
_MOST_BYTES = 64 << 20
_HOUR, _GB = 3600.0, 1e9


@dataclass(frozen=True)
class Step:
    """What a stage costs: pictures a second as measured, hours and gigabytes for the whole collection."""

    stage: str
    per_second: float
    hours: float
    gigabytes: float


@dataclass(frozen=True)
class Plan:
    """The forecast.

    Attributes:
        images: pictures of the collection.
        sampled: pictures it was measured on.
        steps: the per-shard stages in order.
        hours: their sum, for one process on this machine.
        gigabytes: what the lake will hold, without the sources.
    """

    images: int
    sampled: int
    steps: tuple[Step, ...]
    hours: float
    gigabytes: float


def plan(settings: Settings, images: int, sample: int) -> Plan:
    """Time the per-shard stages on a sample and scale them up.

    Steps over the whole collection (duplicates, characters, warehouse) are left out: they do not grow by the picture.

    Args:
        settings: models and sources.
        images: pictures of the collection to be.
        sample: pictures to measure on, spread evenly over the sources.

    Raises:
        UsageError: there is no source, or the sources hold too few pictures.
        ModelMissingError: a model of the profile is not there.
    """
    with TemporaryDirectory(prefix="charassets-plan-") as scratch:
        folders = {name: Path(scratch) / name for name in ("warming", "sample")}
        sampled = _write_sample(settings, folders, sample)
        own = settings.model_copy(
            update={
                "workspace": Path(scratch) / "workspace",
                "lake": None,
                "sources": tuple(SourceSettings(name=name, path=str(path)) for name, path in folders.items()),
                "shards": settings.shards.model_copy(update={"records": max(sample, _WARMING)}),
            }
        )
        Workspace.of(own).create()
        lake = Workspace.of(own).open_lake()
        shards = take_in(own, lake).change.shards
        warming, measured = sorted(shards, key=lambda shard: _source(lake, shard) != "warming")
        steps = []
        for name, stage in shard_stages(own).items():
            run_stage(stage, warming, lake)
            started = time.perf_counter()
            manifest = run_stage(stage, measured, lake).manifest
            each = (time.perf_counter() - started) / sampled
            size = sum(file.bytes for file in manifest.files) / sampled
            steps.append(Step(name, 1 / each, each * images / _HOUR, size * images / _GB))
    return Plan(images, sampled, tuple(steps), sum(s.hours for s in steps), sum(s.gigabytes for s in steps))


def _source(lake: Lake, shard: str) -> str:
    fragment = lake.fragment(SOURCE_ITEMS.name, shard)
    return "" if fragment is None else fragment.read(["source"])["source"][0].as_py()


def _write_sample(settings: Settings, folders: dict[str, Path], sample: int) -> int:
    """Copy pictures with their words; answers how many were there."""
    if not settings.sources:
        raise UsageError(
            "there is no source to sample", where=str(settings.workspace), todo="give one with --source PATH"
        )
    for folder in folders.values():
        folder.mkdir()
    found = 0
    for found, record in enumerate(_spread(settings, sample + _WARMING), 1):  # noqa: B007 - counted
        folder = folders["warming" if found <= _WARMING else "sample"]
        place = folder / f"{found:06d}.png"  # the decoder believes bytes, whatever the name
        place.write_bytes(record.data or b"")
        words = record.words.tags or record.words.description
        if words:
            place.with_suffix(".txt").write_text(words, encoding="utf-8")
    if found <= _WARMING:
        raise UsageError(f"the sources hold only {found} pictures", where="plan", todo="point at more of them")
    return found - _WARMING


def _spread(settings: Settings, wanted: int) -> Iterator[SourceRecord]:
    """Records with pictures, evenly from all sources, a few from each of their items."""
    items: list[tuple[Source, Item]] = []
    for named in settings.sources:
        source = open_source(named)
        items += [(source, item) for item in source.list_items()]
    chosen = _evenly(items, wanted)
    each = -(-wanted // max(1, len(chosen)))
    left = wanted
    for source, item in chosen:
        for place, record in enumerate(source.read(item, _MOST_BYTES)):
            if place == each or not left:
                break
            if not isinstance(record, Refused) and record.data is not None:
                left -= 1
                yield record


def _evenly(items: Sequence[tuple[Source, Item]], wanted: int) -> list[tuple[Source, Item]]:
    count = min(len(items), wanted)
    return [items[place * len(items) // count] for place in range(count)]
