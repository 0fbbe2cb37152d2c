"""The records of an export, one by one: chosen, divided, repeated, with their words.

What belongs here: from the warehouse to ``Row``. Not here: the division itself (``splits``), captions (``captions``), files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.evidence import COLUMNS, Evidence, from_table
from charassets.attributes.fusion import DECIDED
from charassets.attributes.record import WORDED, record_json
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.exports.captions import Caption
from charassets.exports.splits import divide
from charassets.lake.fragments import Lake
from charassets.schema import TAG_EVIDENCE
from charassets.settings import ExportSettings
from charassets.warehouse.query import compile_query
from charassets.warehouse.records import column_of

ORIGIN = (
    *("source", "uri", "member", "item_key", "row", "image_id", "width", "height", "crop_box"),
    *("rating", "post_id", "artist", "character", "copyright", "episode", "scene", "frame", "time_s", "track_id"),
)
"""Columns that say where a record comes from."""

_UNSAID: dict[str, Any] = dict.fromkeys(ORIGIN)

_DRAWINGS = """
CREATE OR REPLACE TEMP TABLE drawings AS
WITH RECURSIVE led(keeper_id, best) AS (
    SELECT record_id, record_id FROM near_duplicates WHERE keeper AND variant_of IS NULL
    UNION ALL
    SELECT variants.record_id, led.best
    FROM near_duplicates AS variants JOIN led ON variants.variant_of = led.keeper_id WHERE variants.keeper
)
SELECT record_id, best AS drawing FROM near_duplicates JOIN led ON led.keeper_id = group_id
"""
"""Whose variant each picture is, in the end: a variant names a better picture, which may be a variant of a better one."""

_SELECT = """
    SELECT records.*, chosen.split, chosen.repeats, chosen.drawing, character_names.name AS character_name
    FROM records JOIN chosen USING (record_id) LEFT JOIN character_names USING (character_id)
    WHERE records.shard = $1 ORDER BY item_key, record_id
"""


_TOGETHER = """
    SELECT record_id, character_id, duplicate_group, drawing, image_id, crop_id
    FROM records SEMI JOIN passed USING (record_id) LEFT JOIN drawings USING (record_id) ORDER BY record_id
"""


@dataclass(frozen=True)
class Row:
    """A record as an export holds it.

    Attributes:
        record_id: its key.
        split: train, validation or test.
        repeats: how often a trainer should show it.
        attributes: the JSON object of its attributes.
        confidence: of the decided ones among them, 0-1.
        caption: the caption by the template.
        values: all columns of ``records``.
    """

    record_id: str
    split: str
    repeats: int
    attributes: Mapping[str, str | list[str]]
    confidence: Mapping[str, float]
    caption: str
    values: Mapping[str, Any]


def choose(con: duckdb.DuckDBPyConnection, options: ExportSettings) -> None:
    """Create the temporary table ``chosen``: record_id, split, drawing, repeats of every record of the export.

    Raises:
        QueryError: the filter cannot be understood.
    """
    query = compile_query(options.filter)
    sql = f"CREATE OR REPLACE TEMP TABLE passed AS SELECT record_id FROM records WHERE {query.sql}"  # noqa: S608
    con.execute(sql, list(query.params))
    con.execute(_DRAWINGS)
    told = con.sql(_TOGETHER).to_arrow_table()
    sides = divide(told, options.split)
    con.register("divided", pa.table({"record_id": told["record_id"], "drawing": told["drawing"], "split": sides}))
    # A character's pictures are repeated until it has as many as the largest one, up to the limit.
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE chosen AS
        WITH sizes AS (
            SELECT character_id, split, count(*) AS size FROM records JOIN divided USING (record_id)
            WHERE character_id IS NOT NULL GROUP BY ALL
        ), largest AS (SELECT split, max(size) AS most FROM sizes GROUP BY split)
        SELECT record_id, split, divided.drawing, coalesce(least(greatest(1, round(most / size)), $1), 1)::INTEGER AS repeats
        FROM divided JOIN records USING (record_id)
        LEFT JOIN sizes USING (character_id, split) LEFT JOIN largest USING (split)
        """,
        [options.balance],
    )
    con.unregister("divided")


def shards(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Shards that hold chosen records, in order."""
    found = con.execute(
        "SELECT DISTINCT shard FROM records SEMI JOIN chosen USING (record_id) ORDER BY shard"
    ).fetchall()
    return [shard for (shard,) in found]


def rows_of(con: duckdb.DuckDBPyConnection, lake: Lake, shard: str, options: ExportSettings) -> Iterator[Row]:
    """The chosen records of a shard, by item and record; ``con`` is a view of ``LiveWarehouse``."""
    caption, words = Caption(options.caption), _words(lake, shard)
    found = con.sql(_SELECT, params=[shard]).to_arrow_reader(1024)
    for batch in found:  # pyright: ignore[reportOptionalIterable]
        for known in batch.to_pylist():
            values = _UNSAID | known  # a warehouse that an earlier release built has no later columns
            yield _row(values, words.get(values["record_id"], ()), caption, options.min_confidence)


def _words(lake: Lake, shard: str) -> Mapping[str, Sequence[Evidence]]:
    """What the tags of a shard's records say of attributes that are shown in the source's own words."""
    fragment = lake.fragment(TAG_EVIDENCE.name, shard)
    if fragment is None:
        return {}
    said = fragment.read(["record_id", *COLUMNS])
    return from_table(said.filter(pc.field("attribute").isin(sorted(WORDED))))


def _row(values: Mapping[str, Any], words: Sequence[Evidence], caption: Caption, least: float) -> Row:
    answers = [
        {"attribute": name, "value": values[column], "status": DECIDED, "confidence": values[f"{column}_confidence"]}
        for name in load().attributes
        if values[column := column_of(name)] not in (None, UNKNOWN)
        and round(values[f"{column}_confidence"], 4) >= least  # float32 makes 0.8 a little less than 0.8
    ]
    attributes = record_json(answers, words)
    confidence = {a["attribute"]: round(a["confidence"], 4) for a in answers if a["attribute"] in attributes}
    decided = {a["attribute"]: a["value"] for a in answers}
    unclear = {name: UNKNOWN for name in values["reviewed"] or () if values[column_of(name)] == UNKNOWN}
    return Row(
        record_id=values["record_id"],
        split=values["split"],
        repeats=values["repeats"],
        attributes=attributes,
        confidence=confidence,
        caption=caption.of(values, {**decided, **unclear}),
        values=values,
    )
