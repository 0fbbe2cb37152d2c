"""One flat row a record, for the formats that are tables: CSV, Parquet, SQLite, and the metadata of picture folders.

What belongs here: the columns and how a record fills them. Not here: files.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa

from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, load
from charassets.exports.rows import ORIGIN, Row
from charassets.warehouse.records import column_of

_TYPES = {
    **dict.fromkeys(("row", "post_id"), pa.int64()),
    **dict.fromkeys(("width", "height", "scene", "frame"), pa.int32()),
    "time_s": pa.float64(),
}
_FIRST = (("record_id", pa.string()), ("split", pa.string()), ("repeats", pa.int32()), ("character_id", pa.string()))
_IDENTITY = (
    *(("identity", pa.string()), ("identity_status", pa.string())),
    *(("identity_chance", pa.float64()), ("identity_similarity", pa.float64()), ("identity_margin", pa.float64())),
)
_LAST = (("caption", pa.string()), ("tags", pa.string()), ("description", pa.string()))


def schema() -> pa.Schema:
    """The columns: key and side, whom it shows, the attributes with their confidence, words, origin (lists as JSON)."""
    attributes = [pair for name in load().attributes for pair in _pair(name)]
    origin = [(name, _TYPES.get(name, pa.string())) for name in ORIGIN]
    return pa.schema([*_FIRST, *_IDENTITY, *attributes, *_LAST, *origin])


def flat(row: Row) -> dict[str, Any]:
    """A record as one row; attributes that are not decided are ``Unknown`` (the nine) or null (the others)."""
    values: dict[str, Any] = {"record_id": row.record_id, "split": row.split, "repeats": row.repeats}
    for name, attribute in load().attributes.items():
        column, confidence = (name for name, _ in _pair(name))
        value = row.attributes.get(name, UNKNOWN if attribute.core else None)
        values[column] = MULTI_SEPARATOR.join(value) if isinstance(value, list) else value
        values[confidence] = row.confidence.get(name)
    values |= {"caption": row.caption, **{name: row.values[name] for name in ("character_id", "tags", "description")}}
    values |= {name: row.values[name] for name, _ in _IDENTITY}
    for name in ORIGIN:
        value = row.values[name]
        values[name] = orjson.dumps(value).decode() if isinstance(value, list) else value
    return values


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in lists of at most ``size``."""
    held: list[Row] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _pair(attribute: str) -> tuple[tuple[str, pa.DataType], tuple[str, pa.DataType]]:
    column = column_of(attribute)
    return (column, pa.string()), (f"{column}_confidence", pa.float64())
