"""One picture or tag line without a workspace: the per-shard stages over a source that holds nothing else.

What belongs here: handing the stages their tables in memory, and the answer as one object. Not here: anything a stage does;
what is told of a picture here is what a run would write into the lake.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.evidence import Evidence, from_table
from charassets.attributes.policy import child_seen, is_quarantined
from charassets.attributes.record import record_json
from charassets.attributes.tags import parse
from charassets.errors import UsageError
from charassets.lake.artefacts import digest_in_force
from charassets.lake.workspace import Workspace
from charassets.models.trained import artefact_name
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_IDENTITIES,
    CLIP_EMBEDDINGS,
    RAW_SHARDS,
    REJECTION_CODES,
    SINGLE_CHARACTER_IMAGES,
    SOURCE_ITEMS,
    TABLES,
    TAG_EVIDENCE,
    VISUAL_EVIDENCE,
)
from charassets.settings import Settings, SourceSettings, load_settings
from charassets.sources import open_source
from charassets.stages.contract import Batch, Rejection, Stage
from charassets.stages.gates import verdicts
from charassets.stages.pipeline import shard_stages
from charassets.stages.raw_shards import RawShards

_SOURCE = "given"
_PICTURE = "picture.png"

_VERDICT_OF_WORDS = {None: "single", 0: "none", 1: "single"}
"""Figures that words claim, to the verdict on them (as ``records.sql`` has it); more are ``multiple``."""


@dataclass(frozen=True)
class Box:
    """A detection, in pixels of the picture as displayed."""

    label: str
    score: float
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Answer:
    """What is believed of one attribute: a row of ``character_attributes``."""

    attribute: str
    value: str
    confidence: float
    status: str
    sources: tuple[str, ...]
    runner_up: str | None
    reason: str | None


@dataclass(frozen=True)
class Extraction:
    """Everything known of one picture.

    Attributes:
        verdict: single, none, multiple, ambiguous, low_quality (the gates), rejected, or quarantined (policy: then nothing but
            the reason is told).
        reason: the verdict in words.
        code: code of a rejection, a key of ``REJECTION_CODES``.
        image_id: content id of the picture; None for words alone.
        size: width and height in pixels as displayed.
        boxes: every box of the detector down to its floor, best first.
        crop: the main figure as WebP.
        crop_label: what was cropped: person, head, face, cutout or whole.
        crop_box: the crop with its margin, ``x0, y0, x1, y1`` in source pixels.
        embedding: (dim,) float16, unit norm.
        embedder: name and digest of the model of the embedding.
        evidence: what tags, words and picture say, a statement each.
        answers: the fused value of every attribute.
        record: the JSON object people's training scripts read.
        tables: the rows of every stage by table, for whoever needs more than is named above.
    """

    verdict: str
    reason: str
    code: str | None = None
    image_id: str | None = None
    size: tuple[int, int] | None = None
    boxes: tuple[Box, ...] = ()
    crop: bytes | None = field(default=None, repr=False)
    crop_label: str | None = None
    crop_box: tuple[int, int, int, int] | None = None
    embedding: NDArray[np.float16] | None = field(default=None, repr=False)
    embedder: str | None = None
    evidence: tuple[Evidence, ...] = ()
    answers: tuple[Answer, ...] = ()
    record: Mapping[str, str | list[str]] = field(default_factory=dict)
    tables: Mapping[str, pa.Table] = field(default_factory=dict, repr=False)


def extract(data: bytes | None, tags: str | None = None, settings: Settings | None = None) -> Extraction:
    """Run one picture, or words alone, through every per-shard stage.

    Args:
        data: the bytes of a picture of any allowed format; None for words alone.
        tags: tag line or description that comes with it.
        settings: models and thresholds; by default what ``load_settings`` finds. Models are loaded once a process.

    Raises:
        UsageError: neither a picture nor words.
        ModelMissingError: a model of the profile is not there.
    """
    if data is None and not (tags or "").strip():
        raise UsageError("there is nothing to extract from", todo="give a picture, tags, or both")
    settings = settings or load_settings()
    with TemporaryDirectory(prefix="charassets-") as folder:
        rows, rejected = _through(settings, _written(Path(folder), data, tags))
    raw = next(iter(rows[RAW_SHARDS.name].to_pylist()), None)
    if raw is not None and (stopped := is_quarantined(parse(raw["tags"]).tags, raw["rating"], raw["description"])):
        return Extraction("quarantined", stopped.reason)
    if not rows[SINGLE_CHARACTER_IMAGES.name].num_rows:
        why = rejected[0]
        detail = why.detail.removeprefix(f"{_PICTURE}: ")
        return Extraction("rejected", f"{REJECTION_CODES[why.code]} ({detail})", code=why.code, tables=rows)
    if raw is not None and (stopped := _stopped(raw, rows)):
        return Extraction("quarantined", stopped)
    return _told(rows, settings)


def _stopped(raw: Mapping[str, Any], rows: Mapping[str, pa.Table]) -> str | None:
    """The reason of the policy stop, once the picture itself was looked at."""
    ages = [
        a
        for a in rows[CHARACTER_ATTRIBUTES.name].to_pylist()
        if (a["attribute"], a["status"] != "unknown") == ("Age", True)
    ]
    shown = [e for e in _evidence(rows[VISUAL_EVIDENCE.name]) if (e.attribute, e.value) == ("Age", "Child")]
    seen = child_seen([(a["value"], a["runner_up"]) for a in ages], [(e.source, e.score) for e in shown])
    answer = is_quarantined(parse(raw["tags"]).tags, raw["rating"], raw["description"], seen=seen)
    return answer.reason if answer else None


def _written(folder: Path, data: bytes | None, tags: str | None) -> SourceSettings:
    """The source of one record: a picture with a sidecar, or a table of one row of words."""
    if data is None:
        place = folder / "words.jsonl"
        place.write_bytes(orjson.dumps({"text": tags}))
        return SourceSettings(name=_SOURCE, path=str(place))
    (folder / _PICTURE).write_bytes(data)  # the decoder believes bytes, whatever the name
    if tags:
        (folder / _PICTURE).with_suffix(".txt").write_text(tags, encoding="utf-8")
    return SourceSettings(name=_SOURCE, path=str(folder))


def _through(settings: Settings, source: SourceSettings) -> tuple[dict[str, pa.Table], list[Rejection]]:
    """Rows of every stage, and the rejections on the way."""
    opened = open_source(source)
    items = [{"source": _SOURCE, **asdict(item)} for item in opened.list_items()]
    rows = {SOURCE_ITEMS.name: pa.Table.from_pylist(items, schema=SOURCE_ITEMS.arrow)}
    rejected: list[Rejection] = []
    stages = {
        **_stages(settings.model_dump_json(), _classifiers(settings)),
        RAW_SHARDS.name: RawShards(settings, {_SOURCE: opened}),
    }
    for name, stage in stages.items():
        rows[name] = stage.schema.empty_table() if name == RAW_SHARDS.name else TABLES[name].arrow.empty_table()
        batch = _batch(stage, rows)
        if batch.records.num_rows:
            (outcome,) = stage.process(iter([batch]))
            rows[name] = outcome.rows
            rejected += outcome.rejected
    return rows, rejected


@lru_cache(maxsize=1)
def _stages(settings_json: str, classifiers: tuple[str | None, ...]) -> Mapping[str, Stage]:  # noqa: ARG001 - a part of the key
    """The stages, kept with the models they hold; a gallery may change meanwhile, and is asked elsewhere."""
    stages = shard_stages(Settings.model_validate_json(settings_json))
    return {name: stage for name, stage in stages.items() if name != CHARACTER_IDENTITIES.name}


def _classifiers(settings: Settings) -> tuple[str | None, ...]:
    """The versions in force: where another one was put in force meanwhile, kept stages would go on asking the one before."""
    if not settings.classifiers:
        return ()
    store = Workspace.of(settings).open_lake().store
    return tuple(digest_in_force(store, artefact_name(one.name)) for one in settings.classifiers)


def _batch(stage: Stage, rows: Mapping[str, pa.Table]) -> Batch:
    key = [] if stage.expands else ["record_id"]
    wanted = {
        table: rows[table].select([*key, *(name for name in reads.columns if name != "record_id" or not key)])
        for table, reads in stage.reads.items()
    }
    driver, *sides = stage.reads
    return Batch(wanted[driver], {table: wanted[table] for table in sides})


def _told(rows: Mapping[str, pa.Table], settings: Settings) -> Extraction:
    image = rows[SINGLE_CHARACTER_IMAGES.name].to_pylist()[0]
    verdict, reason = _verdict(rows[SINGLE_CHARACTER_IMAGES.name], image, settings)
    vector = next(iter(rows[CLIP_EMBEDDINGS.name].to_pylist()), None)
    words = _evidence(rows[TAG_EVIDENCE.name])
    answers = rows[CHARACTER_ATTRIBUTES.name].to_pylist()
    return Extraction(
        verdict=verdict,
        reason=reason,
        image_id=image["image_id"],
        size=None if image["width"] is None else (image["width"], image["height"]),
        boxes=tuple(Box(**box) for box in image["boxes"] or ()),
        crop=image["crop"],
        crop_label=image["crop_label"],
        crop_box=image["crop_box"] and tuple(image["crop_box"]),
        embedding=None if vector is None else np.frombuffer(vector["embedding"], "<f2"),
        embedder=None if vector is None else vector["model"],
        evidence=(*words, *_evidence(rows[VISUAL_EVIDENCE.name])),
        answers=tuple(_answer(row) for row in answers),
        record=record_json(answers, words),
        tables=rows,
    )


def _verdict(images: pa.Table, image: Mapping[str, Any], settings: Settings) -> tuple[str, str]:
    if image["image_id"] is None:
        figures = image["tag_figures"]
        said = "words alone" if figures is None else f"figures the words speak of: {figures}"
        return _VERDICT_OF_WORDS.get(figures, "multiple"), said
    row = verdicts(images, settings.gates).to_pylist()[0]
    return row["verdict"], row["reason"]


def _evidence(table: pa.Table) -> tuple[Evidence, ...]:
    return tuple(row for found in from_table(table).values() for row in found)


def _answer(row: Mapping[str, Any]) -> Answer:
    facts = {name: row[name] for name in ("attribute", "value", "status", "runner_up", "reason")}
    return Answer(**facts, confidence=round(row["confidence"], 4), sources=tuple(row["sources"]))
