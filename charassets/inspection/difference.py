"""Two states of a dataset compared: records that came and went, attributes that drifted, characters that merged or split.

What belongs here: the comparison. Not here: how it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Attribute, load
from charassets.errors import UsageError
from charassets.exports.index import INDEX
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier, literal

_WAREHOUSE = "charassets.duckdb"
_BOTH = "SELECT count(*) FROM a_records AS a JOIN b_records AS b USING (record_id)"


@dataclass(frozen=True)
class Drift:
    """An attribute between two states: records that have another value, and the commonest changes as (from, to, records)."""

    attribute: str
    changed: int
    newly_known: int
    newly_unknown: int
    commonest: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Difference:
    """What differs between two states.

    Attributes:
        before: kept records of the first.
        after: kept records of the second.
        added: records only in the second.
        dropped: records only in the first, by what became of them in the second.
        drift: attributes that changed on records that are in both.
        moved: records in both whose character is made of other records now.
        gained: records in both that have a character only in the second.
        lost: those that have one only in the first.
        merged: characters of the first, by lists, that are one in the second: where most of each of them went.
        split: characters of the first that are several in the second, with their number: those most of whose records come from it.
    """

    before: int
    after: int
    added: int
    dropped: Mapping[str, int]
    drift: tuple[Drift, ...]
    moved: int
    gained: int
    lost: int
    merged: tuple[tuple[str, ...], ...]
    split: Mapping[str, int]


def compare(first: Path, second: Path) -> Difference:
    """Compare two states.

    Args:
        first: a workspace, a DuckDB file, or an export.
        second: the same.

    Raises:
        UsageError: one of them is none of these.
    """
    with duckdb.connect() as con:
        for name, path in (("a", first), ("b", second)):
            _open(con, name, path)
        counts = {name: _number(con, f"SELECT count(*) FROM {name}_records") for name in "ab"}  # noqa: S608 - a or b
        con.execute("CREATE TEMP TABLE in_both AS SELECT record_id FROM a_records JOIN b_records USING (record_id)")
        moved, merged, split = _characters(con)
        return Difference(
            before=counts["a"],
            after=counts["b"],
            added=_number(con, "SELECT count(*) FROM b_records ANTI JOIN in_both USING (record_id)"),
            dropped=_dropped(con),
            drift=tuple(drift for name in load().attributes if (drift := _drift(con, name)).changed),
            moved=moved,
            gained=_number(con, f"{_BOTH} WHERE a.character_id IS NULL AND b.character_id IS NOT NULL"),
            lost=_number(con, f"{_BOTH} WHERE a.character_id IS NOT NULL AND b.character_id IS NULL"),
            merged=merged,
            split=split,
        )


def _open(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Create the views ``<name>_records`` and ``<name>_fates``."""
    warehouse = path / _WAREHOUSE if path.is_dir() else path
    columns = ", ".join(identifier(column_of(attribute)) for attribute in load().attributes)
    if warehouse.is_file() and warehouse.suffix == ".duckdb":
        con.execute(f"ATTACH {literal(str(warehouse))} AS {name} (READ_ONLY)")
        con.execute(f"CREATE VIEW {name}_records AS SELECT record_id, character_id, {columns} FROM {name}.records")  # noqa: S608
        con.execute(f"CREATE VIEW {name}_fates AS SELECT record_id, fate FROM {name}.all_records")  # noqa: S608
    elif (path / INDEX).is_file():
        told = ", ".join(f"{_from_json(a)} AS {identifier(column_of(a.name))}" for a in load().attributes.values())
        source = literal(str(path / INDEX))
        con.execute(f"CREATE VIEW {name}_records AS SELECT record_id, character_id, {told} FROM {source}")  # noqa: S608
        con.execute(f"CREATE VIEW {name}_fates AS SELECT record_id, 'kept' AS fate FROM {source}")  # noqa: S608
    else:
        raise UsageError(
            "there is no state of a dataset", where=str(path), todo="name a workspace, a .duckdb or an export"
        )


def _from_json(attribute: Attribute) -> str:
    """The value of an attribute in an index's ``attributes``, as ``records`` writes it."""
    pointer = literal(f'$."{attribute.name}"')
    if not attribute.multi:
        return f"coalesce(attributes ->> {pointer}, '{UNKNOWN}')"
    values = f"from_json(attributes -> {pointer}, '[\"VARCHAR\"]')"
    return f"coalesce(array_to_string({values}, '{MULTI_SEPARATOR}'), '{UNKNOWN}')"


def _dropped(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    sql = """
        SELECT coalesce(b_fates.fate, 'gone from the source') AS fate, count(*)
        FROM a_records ANTI JOIN in_both USING (record_id) LEFT JOIN b_fates USING (record_id) GROUP BY ALL ORDER BY 2 DESC, 1
    """
    return {str(fate): count for fate, count in con.execute(sql).fetchall()}


def _drift(con: duckdb.DuckDBPyConnection, attribute: str) -> Drift:
    column = identifier(column_of(attribute))
    sql = f"""
        SELECT coalesce(a.{column}, '{UNKNOWN}') AS was, coalesce(b.{column}, '{UNKNOWN}') AS now, count(*)
        FROM a_records AS a JOIN b_records AS b USING (record_id) GROUP BY ALL HAVING was <> now ORDER BY 3 DESC, 1, 2
    """  # noqa: S608 - a column of the vocabulary
    changes = con.execute(sql).fetchall()
    known = sum(count for was, _, count in changes if was == UNKNOWN)
    unknown = sum(count for _, now, count in changes if now == UNKNOWN)
    return Drift(attribute, sum(count for _, _, count in changes), known, unknown, tuple(changes[:3]))


def _characters(con: duckdb.DuckDBPyConnection) -> tuple[int, tuple[tuple[str, ...], ...], dict[str, int]]:
    """Characters by their members: ids may change from run to run without anything having happened."""
    con.execute("""
        CREATE TEMP TABLE shared AS SELECT a.character_id AS was, b.character_id AS now, count(*) AS members
        FROM a_records AS a JOIN b_records AS b USING (record_id)
        WHERE a.character_id IS NOT NULL AND b.character_id IS NOT NULL GROUP BY ALL
    """)
    went = "SELECT was, now FROM shared QUALIFY row_number() OVER (PARTITION BY was ORDER BY members DESC, now) = 1"
    came = "SELECT was, now FROM shared QUALIFY row_number() OVER (PARTITION BY now ORDER BY members DESC, was) = 1"
    merged = con.execute(
        f"SELECT list_sort(list(was)) FROM ({went}) GROUP BY now HAVING count(*) > 1 ORDER BY 1"  # noqa: S608 - constants
    ).fetchall()
    split = con.execute(
        f"SELECT was, count(*) FROM ({came}) GROUP BY was HAVING count(*) > 1 ORDER BY 1"  # noqa: S608 - constants
    ).fetchall()
    sizes = "SELECT sum(members) AS members, max(members) AS most FROM shared GROUP BY was"
    moved = _number(con, f"SELECT sum(members) - sum(most) FROM ({sizes})")  # noqa: S608 - constants
    return moved, tuple(tuple(names) for (names,) in merged), dict(split)


def _number(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0
