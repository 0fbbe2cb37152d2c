"""Labels of records: from a folder's name, a column of the warehouse, or a table of one's own; and what binds records together.

What belongs here: finding the labelled records. Not here: their features (``examples``) and their division.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.warehouse.reading import connect
from charassets.warehouse.sql import identifier, literal

FOLDER = "folder"
"""The label that is the name of the folder a picture lies in."""

FEWEST = 10
"""Pictures of a label below which it cannot be split into three parts that mean anything; such labels are left out."""

BOUND_BY_DUPLICATES = ("group_id", "variant_group", "image_id", "crop_id")
BOUND_BY_CHARACTER = ("unnamed_cluster", "character")

_KEYS = ("record_id", "image_id", "file")
_READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".jsonl": "read_json",
    ".json": "read_json",
    ".parquet": "read_parquet",
}
_PICTURES = """
SELECT
    fates.record_id, fates.item_key, raw.uri, fates.image_id, images.crop_id, raw.character,
    coalesce(copies.group_name, copies.group_id) AS group_id,
    coalesce(origin.group_id, copies.group_id) AS variant_group,
    clusters.character_id,
    -- Names that a source gives are better than clusters; where every member of a cluster has one, they alone bind.
    CASE WHEN NOT bool_and(raw.character IS NOT NULL) OVER (PARTITION BY clusters.character_id) THEN clusters.character_id END
        AS unnamed_cluster
FROM all_records AS fates
JOIN raw_shards AS raw USING (record_id)
JOIN single_character_images AS images USING (record_id)
LEFT JOIN near_duplicates AS copies USING (record_id)
LEFT JOIN near_duplicates AS origin ON origin.record_id = copies.variant_of
LEFT JOIN character_clusters AS clusters ON clusters.record_id = coalesce(copies.group_id, fates.record_id)
WHERE fates.fate IN ('kept', 'duplicate') AND images.crop_id IS NOT NULL
"""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled records, in order of their ids.

    Attributes:
        record_ids: the n records.
        labels: (n,) index into ``values``.
        values: the labels, in alphabetical order.
        bonds: the columns that bind records together (``charassets.exports.splits.components``), n rows.
        characters: the character of each, None where it is not known.
        left_out: labels with too few pictures, and how many they had.
    """

    record_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    values: tuple[str, ...]
    bonds: pa.Table
    characters: tuple[str | None, ...]
    left_out: dict[str, int]


def labelled(workspace: Workspace, label: str) -> Labelled:
    """The records that carry a label: kept ones and their copies, with a crop.

    Raises:
        UsageError: there is no warehouse, no such label, or fewer than two labels with enough pictures.
    """
    with connect(workspace) as con:
        rows = _asked(con, label)
    counts = {str(v["values"]): v["counts"] for v in rows["label"].value_counts().to_pylist()}
    values = tuple(sorted(value for value, n in counts.items() if n >= FEWEST))
    if len(values) < 2:  # noqa: PLR2004
        raise UsageError(
            f"a classifier needs two labels of {FEWEST} pictures each, here are "
            + (", ".join(f"{v} ({n})" for v, n in sorted(counts.items())[:5]) or "none"),
            where=label,
            todo="label more pictures, or check that the records were run",
        )
    rows = rows.filter(pa.array([value in values for value in rows["label"].to_pylist()], pa.bool_()))
    place = {value: k for k, value in enumerate(values)}
    return Labelled(
        record_ids=tuple(rows["record_id"].to_pylist()),
        labels=np.array([place[value] for value in rows["label"].to_pylist()], np.int64),
        values=values,
        bonds=rows.select([*BOUND_BY_DUPLICATES, *BOUND_BY_CHARACTER]),
        characters=tuple(
            a or b for a, b in zip(rows["character"].to_pylist(), rows["character_id"].to_pylist(), strict=True)
        ),
        left_out={value: n for value, n in sorted(counts.items()) if n < FEWEST},
    )


def _asked(con: duckdb.DuckDBPyConnection, label: str) -> pa.Table:
    told = _label_sql(con, label)
    query = (
        f"WITH pictures AS ({_PICTURES}), told AS ({told}) SELECT pictures.*, told.label FROM pictures JOIN told "  # noqa: S608
        "USING (record_id) WHERE told.label IS NOT NULL AND told.label <> '' ORDER BY record_id"
    )
    try:
        found = con.sql(query).to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(
            f"the labels cannot be read: {' '.join(str(error).split())[:160]}", where=label, todo="check the label"
        ) from None
    return found


def _label_sql(con: duckdb.DuckDBPyConnection, label: str) -> str:
    """A query that answers ``record_id`` and ``label``, a record once."""
    if label == FOLDER:
        folder = "regexp_extract(replace(item_key, '\\', '/'), '([^/]+)/[^/]+$', 1)"
        return f"SELECT record_id, {folder} AS label FROM pictures"  # noqa: S608 - a constant
    file, colon, column = label.rpartition(":")
    if colon and Path(file).suffix.lower() in _READERS:
        return _from_table(con, Path(file), column)
    known = {str(name) for (name,) in con.execute("SELECT column_name FROM (DESCRIBE records)").fetchall()}
    if label not in known:
        raise UsageError(
            f"records have no column {label!r}",
            where="label",
            todo=f"`{FOLDER}`, FILE.csv:COLUMN, or a column of records, e.g. gender",
        )
    return (
        f"SELECT record_id, CAST({identifier(label)} AS VARCHAR) AS label FROM records "  # noqa: S608 - quoted
        f"WHERE CAST({identifier(label)} AS VARCHAR) <> 'Unknown'"
    )


def _from_table(con: duckdb.DuckDBPyConnection, path: Path, column: str) -> str:
    if not path.is_file():
        raise UsageError("the table of labels is not there", where=str(path), todo="check the path")
    reader = _READERS[path.suffix.lower()]
    as_written = ", all_varchar = true" if reader == "read_csv" else ""  # 007 is a name, and 12e5 may be an image_id
    source = f"{reader}({literal(str(path.absolute()))}{as_written})"
    try:
        names = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]  # noqa: S608
    except duckdb.Error as error:
        raise UsageError(
            f"the table of labels cannot be read: {' '.join(str(error).split())[:120]}", where=str(path), todo="mend it"
        ) from None
    key = next((name for name in _KEYS if name in names), None)
    if column not in names or key is None:
        raise UsageError(
            f"the table has no column {column!r}" if column not in names else "nothing in the table names a record",
            where=str(path),
            todo=f"it has {', '.join(names[:8])}; one of {', '.join(_KEYS)} has to name the record",
        )
    said = f"SELECT {identifier(key)} AS key, any_value(CAST({identifier(column)} AS VARCHAR)) AS label FROM {source} GROUP BY ALL"  # noqa: S608
    if key != "file":
        return f"SELECT record_id, label FROM pictures JOIN ({said}) AS said ON said.key = pictures.{key}"  # noqa: S608
    same = "item_key = said.key OR ends_with(item_key, '/' || said.key) OR ends_with(said.key, '/' || item_key)"
    return (
        f"SELECT record_id, any_value(label) AS label FROM pictures JOIN ({said}) AS said ON {same} GROUP BY record_id"  # noqa: S608
    )
