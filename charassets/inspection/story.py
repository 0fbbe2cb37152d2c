"""One image's whole story: where it came from, what was measured, every gate with its limit, and what became of it.

What belongs here: gathering it from the warehouse. Not here: which setting would change its fate (``remedy``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from charassets.errors import UsageError
from charassets.inspection.remedy import Remedy, remedy
from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings, Settings
from charassets.sources.fetch import image_id
from charassets.warehouse.sql import identifier

_MEASURED = ("width", "height", "sharpness", "brightness", "contrast", "information", "tag_figures")
_QUALITY = ("sharpness", "contrast", "information")
_LABELS = ("person", "head", "face")
_NAMED = 4  # of several records that may be meant
_NARROW = ", ".join(map(identifier, SINGLE_CHARACTER_IMAGES.narrow))
_PLACES = """
    SELECT record_id, source, image_id, uri, item_key,
        CASE WHEN member IS NOT NULL AND kind <> 'parquet'
            THEN regexp_replace(item_key, '#[^#]*$', '') || '#' || member END AS inside
    FROM raw_shards
    UNION ALL
    SELECT record_id, fates.source, NULL, items.uri, item_key, CASE WHEN items.uri IS NULL THEN item_key END
    FROM rejections JOIN all_records AS fates USING (record_id) LEFT JOIN source_items AS items USING (source, item_key)
    WHERE stage = 'raw_shards'
"""  # what was rejected while being read has no row of raw_shards; the member of a Parquet file is a column


@dataclass(frozen=True)
class Gate:
    """A limit a picture was held against.

    Attributes:
        name: the setting.
        measured: what the picture has; None where there was nothing to measure.
        limit: what it needs.
        passed: it has it.
    """

    name: str
    measured: float | None
    limit: float
    passed: bool


@dataclass(frozen=True)
class Attribute:
    """A fused value with its evidence, each statement a line."""

    name: str
    value: str
    confidence: float
    status: str
    reason: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """Everything known of one record.

    Attributes:
        record_id: its key.
        fate: what became of it (``all_records``).
        reason: why, in words.
        source: where it came from: source, item, uri, format, tags, rating, ...
        measured: raw measurements of the picture.
        gates: every limit it was held against.
        duplicate: its row of ``near_duplicates``, with where its partner lies.
        copies: record ids of its duplicate group, itself left out.
        character: its character, with the strength of membership.
        attributes: fused values that are not unknown, with evidence.
        remedy: the one setting that would change its fate; None where no setting does, or none was looked for.
    """

    record_id: str
    fate: str
    reason: str | None
    source: Mapping[str, Any]
    measured: Mapping[str, Any]
    gates: tuple[Gate, ...]
    duplicate: Mapping[str, Any] | None
    copies: tuple[str, ...]
    character: Mapping[str, Any] | None
    attributes: tuple[Attribute, ...]
    remedy: Remedy | None


def story(con: duckdb.DuckDBPyConnection, asked: str, settings: Settings, *, remedied: bool = True) -> Story:
    """The story of a record.

    Args:
        con: the warehouse.
        asked: a record id, an image id, a path as the source gave it or its end (the name of an archive's member is one), or a
            file with the same bytes.
        settings: gates and duplicate rule as they are now.
        remedied: whether to look for what would change its fate, for which the gates are tried a hundred times, in a second.

    Raises:
        UsageError: no record, or several, are meant.
    """
    record = find_record(con, asked)
    fate = _one(con, "SELECT * FROM all_records WHERE record_id = ?", record) or {}
    raw = _one(con, "SELECT * FROM raw_shards WHERE record_id = ?", record) or {}
    image = _one(con, f"SELECT {_NARROW} FROM single_character_images WHERE record_id = ?", record) or {}  # noqa: S608
    place = {name: fate.get(name) for name in ("source", "item_key")}  # all that is known of what could not be read
    duplicate = _one(con, "SELECT * FROM near_duplicates WHERE record_id = ?", record)
    group = [] if duplicate is None else _column(
        con, "SELECT record_id FROM near_duplicates WHERE group_id = ? ORDER BY ALL", duplicate["group_id"]
    )  # fmt: skip
    if duplicate is not None and not duplicate["keeper"]:
        partner = _one(con, "SELECT uri, item_key FROM raw_shards WHERE record_id = ?", duplicate["group_id"])
        duplicate["partner"] = partner and partner["uri"]
    return Story(
        record_id=record,
        fate=fate.get("fate", "pending"),
        reason=_told(fate),
        source={name: value for name, value in (place | raw).items() if value is not None and name != "record_id"},
        measured={name: image[name] for name in _MEASURED if image.get(name) is not None},
        gates=tuple(_gates(image, settings.gates)) if image.get("width") else (),
        duplicate=duplicate,
        copies=tuple(name for name in group if name != record),
        character=_one(con, "SELECT * EXCLUDE (record_id) FROM character_clusters WHERE record_id = ?", record),
        attributes=_attributes(con, record),
        remedy=remedy(fate, image, duplicate, settings) if remedied else None,
    )


def _told(fate: Mapping[str, Any]) -> str | None:
    """Why; of a rejection its code too, for the detail alone is what was found in the file."""
    reason, code = fate.get("reason"), fate.get("code")
    return f"{code}: {reason or ''}".rstrip(": ") if fate.get("fate") == "rejected" and code else reason


def find_record(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The record that is meant.

    Raises:
        UsageError: none is, or several are.
    """
    path = Path(asked).expanduser()
    queries: list[tuple[str, str]] = [
        ("record_id = ?", asked),
        ("image_id = ?", asked),
        ("uri = ?", str(path.absolute())),
        ("$1 IN (item_key, inside)", asked),
        ("ends_with(uri, '/' || $1) OR ends_with(inside, '/' || $1) OR ends_with(inside, '#' || $1)", asked),
    ]
    if path.is_file():
        queries.append(("image_id = ?", image_id(path.read_bytes())))
    for where, value in queries:
        sql = f"SELECT coalesce(inside, item_key), source, record_id FROM ({_PLACES}) WHERE {where} ORDER BY ALL LIMIT {_NAMED + 1}"  # noqa: S608
        found = con.execute(sql, [value]).fetchall()
        if len(found) == 1:
            return found[0][2]
        if found:
            raise UsageError(f"{asked} means several records", where="why", todo=f"name one: {_names(found)}")
    raise UsageError(
        f"no record is {asked!r}", where="why", todo="give a record id, a path below a source or its end, or a file"
    )


def _names(found: Sequence[tuple[str, str, str]]) -> str:
    """A few of these records, each by what finds it alone: its place in the source, or the id where others share that place."""
    sharing = Counter(place for place, *_ in found)
    names = [
        place if sharing[place] == 1 else f"{record} ({source}: {place})" for place, source, record in found[:_NAMED]
    ]
    return ", ".join(names) + ", ..." * (len(found) > _NAMED)


def _gates(image: Mapping[str, Any], gates: GateSettings) -> list[Gate]:
    side = min(image["width"], image["height"])
    found = [Gate("gates.min_side", side, gates.min_side, side >= gates.min_side)]
    for name in _QUALITY:
        limit = getattr(gates, f"min_{name}")
        found.append(Gate(f"gates.min_{name}", image[name], limit, image[name] >= limit))
    for label in _LABELS:
        best = max((box["score"] for box in image["boxes"] or () if box["label"] == label), default=None)
        limit = getattr(gates, f"{label}_score")
        found.append(Gate(f"gates.{label}_score", best, limit, best is not None and best >= limit))
    return found


def _attributes(con: duckdb.DuckDBPyConnection, record: str) -> tuple[Attribute, ...]:
    said: dict[str, list[str]] = {}
    for table in ("tag_evidence", "visual_evidence"):
        sql = f"SELECT attribute, value, score, source, detail FROM {table} WHERE record_id = ? ORDER BY score DESC"  # noqa: S608
        for attribute, value, score, source, detail in con.execute(sql, [record]).fetchall():
            said.setdefault(attribute, []).append(f"{source}: {value} {score:.2f} ({detail})")
    sql = """
        SELECT attribute, value, confidence, status, reason, machine_value, reviewed_by, reviewed_at, edit_id
        FROM final_attributes WHERE record_id = ?
    """
    return tuple(
        Attribute(name, value, round(confidence, 4), status, _reason(reason, review), tuple(said.get(name, ())))
        for name, value, confidence, status, reason, *review in con.execute(sql, [record]).fetchall()
        if status != "unknown" or name in said
    )


def _reason(reason: str | None, review: Sequence[str | None]) -> str | None:
    """The machine's reason, or whose word stands in its place."""
    machine, actor, at, edit = review
    if edit is None:
        return reason
    return f"{actor} says so (edit {edit}, {at}); the machine said {machine or 'nothing'}"


def _one(con: duckdb.DuckDBPyConnection, sql: str, value: str) -> dict[str, Any] | None:
    found = con.execute(sql, [value])
    names = [column[0] for column in found.description or ()]
    row = found.fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


def _column(con: duckdb.DuckDBPyConnection, sql: str, value: str) -> list[str]:
    return [row[0] for row in con.execute(sql, [value]).fetchall()]
