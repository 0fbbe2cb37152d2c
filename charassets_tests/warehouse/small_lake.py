"""A lake of a dozen records in which every fate occurs, committed through the real writer.

What belongs here: the rows of the per-shard tables, and a lake of files that were only read. Not here: the collection tables, which
the tests let the real stages make.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from charassets.attributes.vocabulary import load
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import BOOKS, TABLES
from charassets.settings import Settings, load_settings
from charassets.sources.intake import take_in
from charassets.stages.collection import run_collection
from charassets.stages.pipeline import collection_stages
from charassets.stages.raw_shards import RawShards
from charassets.stages.runner import run_stage
from charassets.warehouse import build

PERSON = {"label": "person", "score": 0.9, "x0": 10.0, "y0": 10.0, "x1": 190.0, "y1": 290.0}
LEFT = {**PERSON, "x1": 90.0}
RIGHT = {**PERSON, "x0": 110.0}


@dataclass(frozen=True)
class Drawn:
    """A record: its place, its words, what a detector sees in it, the direction of its embedding in degrees, its crop."""

    name: str
    shard: str = "shard-00000"
    tags: str = "1girl, solo, long_hair"
    rating: str | None = "general"
    boxes: tuple[Mapping[str, Any], ...] = (PERSON,)
    size: tuple[int, int] = (200, 300)
    degrees: float | None = 0.0
    phash: int = 0
    image: str | None = None
    text_only: bool = False
    rejected_by: str | None = None
    picture: bytes | None = None


RECORDS = (
    Drawn("ann-1", size=(400, 600), image="ann"),
    Drawn("ann-1-copied", size=(400, 600), image="ann", shard="shard-00001", tags="1girl"),
    Drawn("ann-1-small", degrees=3, phash=0b11),
    Drawn("ann-2", degrees=20, phash=0xFFFF),
    Drawn("ann-3", degrees=22, phash=0xFFFF << 16, shard="shard-00001"),
    Drawn("ben-1", degrees=180, phash=0xFFFF << 32),
    Drawn("ben-2", degrees=195, phash=0xFFFF << 40),
    Drawn("ben-3", degrees=200, phash=0xFFFF << 48, shard="shard-00001"),
    Drawn("two", phash=0xFFFF << 20, boxes=(LEFT, RIGHT), tags="2girls"),
    Drawn("nobody", phash=0xFFFF << 36, boxes=(), tags="no_humans, scenery", degrees=None),
    Drawn("words", text_only=True, tags="1girl, red_hair", degrees=None),
    Drawn("stopped", tags="child, 1girl, solo", rating="sensitive", degrees=280, phash=0xFFFF << 8),
    Drawn("empty", rejected_by="raw_shards"),
    Drawn("damaged", rejected_by="single_character_images", shard="shard-00001"),
    Drawn("waiting", shard="shard-00002"),
)

SOURCES = {"shard-00000": "art", "shard-00001": "web", "shard-00002": "web"}
FATES = {
    "ann-1": "kept",
    "ann-1-copied": "duplicate",
    "ann-1-small": "duplicate",
    "ann-2": "kept",
    "ann-3": "kept",
    "ben-1": "kept",
    "ben-2": "kept",
    "ben-3": "kept",
    "two": "multiple",
    "nobody": "none",
    "words": "kept",
    "stopped": "quarantined",
    "empty": "rejected",
    "damaged": "rejected",
    "waiting": "pending",
}


def settings_for(folder: Path | str, **flags: Any) -> Settings:
    return load_settings({"workspace": str(folder), "clusters": {"min_cluster_size": 2, "min_samples": 1}, **flags})


def write_shards(lake: Lake, records: Iterable[Drawn] = RECORDS) -> None:
    """Commit the per-shard tables of these records."""
    by_shard: dict[str, list[Drawn]] = {}
    for record in records:
        by_shard.setdefault(record.shard, []).append(record)
    for shard, drawn in by_shard.items():
        item = {"source": SOURCES.get(shard, "art"), "item_key": shard, "kind": "file", "uri": f"/art/{shard}"}
        commit(lake, "source_items", shard, [{**item, "first": 0, "count": len(drawn), "digest": "d"}], books=())
        read = [d for d in drawn if d.rejected_by != "raw_shards"]
        refused = [(d.name, "empty") for d in drawn if d not in read]
        commit(lake, "raw_shards", shard, [_raw(d) for d in read], [d.name for d in read], refused)
        if shard != "shard-00002":
            _write_stages(lake, shard, read)


def _write_stages(lake: Lake, shard: str, read: Sequence[Drawn]) -> None:
    seen = [d for d in read if d.rejected_by is None]
    names = [d.name for d in seen]
    refused = [(d.name, "undecodable") for d in read if d not in seen]
    commit(lake, "single_character_images", shard, [_image(d) for d in seen], names, refused)
    cropped = [d for d in seen if d.degrees is not None]
    commit(lake, "clip_embeddings", shard, [_embedding(d) for d in cropped], [d.name for d in cropped])
    evidence = {"attribute": "Hair Length", "value": "Long", "score": 0.9, "source": "tag", "detail": "tag `long_hair`"}
    told = [d for d in seen if "long_hair" in d.tags]
    commit(lake, "tag_evidence", shard, [{"record_id": d.name, **evidence} for d in told], [d.name for d in told])
    commit(lake, "visual_evidence", shard, [], [])
    answers = [answer for d in seen for answer in _answers(d)]
    commit(lake, "character_attributes", shard, answers, names)


def commit(
    lake: Lake,
    table: str,
    shard: str,
    rows: list[dict[str, Any]],
    books: Sequence[str] = (),
    rejected: Sequence[tuple[str, str]] = (),
) -> None:
    schema = TABLES[table].arrow
    lines = [(name, b"\0" * 16, "row", None, None) for name in books]
    lines += [(name, b"\0" * 16, "rejected", code, "for the test") for name, code in rejected]
    posted = pa.Table.from_pylist([dict(zip(BOOKS.names, line, strict=True)) for line in lines], schema=BOOKS)
    with lake.writer(table, shard, schema) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=schema), posted)
        writer.commit(fingerprint({"rows": repr(rows), "books": repr(lines)}), "stage", {})


def built_lake(settings: Settings, records: Iterable[Drawn] = RECORDS) -> tuple[Workspace, Lake]:
    """A workspace with per-shard tables and the collection tables the real stages make of them."""
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    write_shards(lake, records)
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    return workspace, lake


def read_sources(folder: Path, **sources: Path) -> Workspace:
    """A workspace with a warehouse of what reading these sources gave; no picture was looked at."""
    settings = settings_for(folder, sources=[{"name": name, "path": str(path)} for name, path in sources.items()])
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    for shard in take_in(settings, lake).change.shards:
        run_stage(RawShards(settings), shard, lake)
    build(workspace, lake, settings)
    return workspace


def _raw(drawn: Drawn) -> dict[str, Any]:
    source = SOURCES.get(drawn.shard, "art")
    row = {
        "record_id": drawn.name,
        "source": source,
        "item_key": drawn.name,
        "tags": drawn.tags,
        "rating": drawn.rating,
    }
    if drawn.text_only:
        return {**row, "kind": "text", "uri": "/art/words.csv", "description": "a girl with red hair"}
    width, height = drawn.size
    picture = {"width": width, "height": height, "format": "PNG", "image_id": drawn.image or f"image-{drawn.name}"}
    return {**row, "kind": "file", "uri": f"/art/{drawn.name}.png", **picture}


def _image(drawn: Drawn) -> dict[str, Any]:
    figures = {"1girl": 1, "2girls": 2, "no_humans": 0}
    row: dict[str, Any] = {
        "record_id": drawn.name,
        "tag_figures": next((n for tag, n in figures.items() if tag in drawn.tags), None),
        "tag_flags": ["solo"] if "solo" in drawn.tags else [],
    }
    if drawn.text_only:
        return row
    row |= {"image_id": drawn.image or f"image-{drawn.name}", "width": drawn.size[0], "height": drawn.size[1]}
    row |= {"sharpness": 300.0, "brightness": 0.5, "contrast": 0.8, "information": 6.0, "phash": drawn.phash}
    row |= {"boxes": list(drawn.boxes), "cut_off": [], "occlusion": 0.0}
    if drawn.degrees is not None:
        row |= {"crop_label": "person", "crop_score": 0.9, "crop_box": [0, 0, 200, 300]}
        row |= {"crop_id": f"crop-{drawn.name}", "crop": drawn.picture or picture_of(drawn.name)}
    return row


def picture_of(name: str) -> bytes:
    """A small WebP, another for every name."""
    data = io.BytesIO()
    Image.new("RGB", (20, 30), tuple(name.encode().ljust(3)[-3:])).save(data, "WEBP", lossless=True)
    return data.getvalue()


def _embedding(drawn: Drawn) -> dict[str, Any]:
    angle = np.radians(drawn.degrees or 0.0)
    vector = np.array([np.cos(angle), np.sin(angle)], "<f2")
    key = {"record_id": drawn.name, "crop_id": f"crop-{drawn.name}"}
    return {**key, "model": "drawn@0", "dim": 2, "embedding": vector.tobytes()}


def _answers(drawn: Drawn) -> list[dict[str, Any]]:
    known = {"Gender": ("Female", 0.9), "Hair Length": ("Long", 0.8)} if "long_hair" in drawn.tags else {}
    rows = []
    for attribute in load().attributes:
        value, confidence = known.get(attribute, ("Unknown", 0.0))
        status = "decided" if attribute in known else "unknown"
        row = {"record_id": drawn.name, "attribute": attribute, "value": value, "confidence": confidence}
        rows.append({**row, "status": status, "sources": ["tag"] if attribute in known else [], "reason": "drawn"})
    return rows
