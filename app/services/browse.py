"""What Browse asks: how many records pass, one page of them, the counts of every facet, and what other gates would do.

What belongs here: questions over ``records``. Not here: the filter (``filters``) and how the answers look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from app.services.filters import NONE, PAGE, SORTS, Filter, facets
from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings
from charassets.stages.gates import gate_row, verdict_sql
from charassets.warehouse.records import GATES as GATES_TABLE
from charassets.warehouse.sql import identifier

_MOST_VALUES = 60  # of a facet; the query reaches the others


@dataclass(frozen=True)
class Tile:
    """A record as a grid shows it."""

    record_id: str
    character_id: str | None
    text_only: bool
    words: str | None
    caption: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """A facet's values and how many records each would leave."""

    column: str
    values: tuple[tuple[str, int], ...]
    more: int


def count(con: duckdb.DuckDBPyConnection, filter_: Filter) -> int:
    """How many kept records pass."""
    where, params = filter_.where()
    return int(con.execute(f"SELECT count(*) FROM records WHERE {where}", params).fetchall()[0][0])  # noqa: S608


def tiles(con: duckdb.DuckDBPyConnection, filter_: Filter) -> list[Tile]:
    """One page."""
    where, params = filter_.where()
    sql = f"SELECT {_TILE} FROM records WHERE {where} ORDER BY {SORTS[filter_.sort][1]} LIMIT {PAGE} OFFSET ?"  # noqa: S608
    return [_tile(row) for row in con.execute(sql, [*params, PAGE * (filter_.page - 1)]).fetchall()]


def tiles_of(con: duckdb.DuckDBPyConnection, record_ids: Sequence[str]) -> list[Tile]:
    """The tiles of these records, in their order; what was not kept is left out."""
    sql = f"SELECT {_TILE} FROM records WHERE record_id IN (SELECT unnest($1))"  # noqa: S608
    found = {row[0]: _tile(row) for row in con.execute(sql, [list(record_ids)]).fetchall()}
    return [found[record_id] for record_id in record_ids if record_id in found]


def facet_counts(con: duckdb.DuckDBPyConnection, filter_: Filter) -> list[Counts]:
    """Every facet's counts under the rest of the filter: a facet's own choices hide none of its values."""
    chosen = {column for column, _ in (*filter_.wanted, *filter_.unwanted)}
    passed = _passed(con, filter_)
    return [
        _counts(con, column, "records", filter_.where(column)) if column in chosen else _counts(con, column, passed)
        for column in facets()
    ]


def _passed(con: duckdb.DuckDBPyConnection, filter_: Filter) -> str:
    """The relation to count in: what passes is gathered once, since most facets ask about the same records."""
    where, params = filter_.where()
    if where == "TRUE":
        return "records"
    columns = ", ".join(map(identifier, facets()))
    con.execute(f"CREATE OR REPLACE TEMP TABLE passed AS SELECT {columns} FROM records WHERE {where}", params)  # noqa: S608
    return "temp.main.passed"


def what_if(con: duckdb.DuckDBPyConnection, gates: GateSettings) -> dict[str, tuple[int, int]]:
    """Readable records by verdict: now, and by other gates. A query over stored scores; nothing is computed anew."""
    now = dict(con.execute("SELECT verdict, count(*) FROM verdicts GROUP BY ALL").fetchall())
    con.register("tried_gates", gate_row(gates))
    try:
        judged = verdict_sql(SINGLE_CHARACTER_IMAGES.name, "tried_gates")
        then = dict(con.execute(f"SELECT verdict, count(*) FROM ({judged}) GROUP BY ALL").fetchall())  # noqa: S608
    finally:
        con.unregister("tried_gates")
    return {verdict: (now.get(verdict, 0), then.get(verdict, 0)) for verdict in sorted(now.keys() | then.keys())}


def present_gates(con: duckdb.DuckDBPyConnection) -> GateSettings:
    """The gates the warehouse was built with."""
    row = con.sql(f"FROM {GATES_TABLE}").to_arrow_table().to_pylist()[0]
    return GateSettings(**row)


_CAPTION = ("hair_color", "gender", "dress")
_TILE = ", ".join(("record_id", "character_id", "text_only", "coalesce(tags, description)", *map(identifier, _CAPTION)))


def _tile(row: Sequence[str | bool | None]) -> Tile:
    record_id, character_id, text_only, words, *caption = row
    known = tuple(str(value) for value in caption if value not in (None, "Unknown"))
    return Tile(
        str(record_id),
        character_id and str(character_id) or None,
        bool(text_only),
        words and str(words)[:160] or None,
        known,
    )


def _counts(
    con: duckdb.DuckDBPyConnection,
    column: str,
    relation: str,
    condition: tuple[str, list[str | float]] = ("TRUE", []),
) -> Counts:
    where, params = condition
    facet = facets()[column]
    source = f"unnest({facet.values_sql})" if facet.multi else identifier(column)
    sql = f"SELECT {source} AS value, count(*) AS n FROM {relation} WHERE {where} GROUP BY value ORDER BY n DESC, value"  # noqa: S608
    found = con.execute(sql, params).fetchall()
    values = tuple((NONE if value is None else str(value), int(n)) for value, n in found[:_MOST_VALUES])
    return Counts(column, values, max(0, len(found) - _MOST_VALUES))
