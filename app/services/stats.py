"""Numbers over all rows: the funnel, distributions, what occurs together, how far confidence can be trusted.

What belongs here: the queries, each beside its answer so that a page can show both. Not here: looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from app.services.filters import Facet, facets
from charassets.attributes import vocabulary
from charassets.attributes.vocabulary import UNKNOWN
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier, literal

_VALUES = 16  # of a distribution; the tail is counted together
_BINS = 10
_HEAT = 10  # rows and columns of a table of pairs


@dataclass(frozen=True)
class Asked:
    """Rows and the query that gave them."""

    sql: str
    rows: list[tuple]


def _ask(con: duckdb.DuckDBPyConnection, sql: str) -> Asked:
    return Asked(sql, con.execute(sql).fetchall())


def funnel(con: duckdb.DuckDBPyConnection) -> Asked:
    """Fate, code and count of every record that ever arrived."""
    return _ask(
        con,
        "SELECT fate, coalesce(code, '') AS code, count(*) AS n FROM all_records GROUP BY ALL ORDER BY n DESC, fate, code",
    )


def sources(con: duckdb.DuckDBPyConnection) -> Asked:
    """Records in and kept by source."""
    return _ask(
        con,
        "SELECT coalesce(source, '') AS source, count(*) AS n, count(*) FILTER (fate = 'kept') AS kept "
        "FROM all_records GROUP BY source ORDER BY n DESC, source",
    )


def formats(con: duckdb.DuckDBPyConnection) -> Asked:
    """Files by format, with their median side."""
    return _ask(
        con,
        "SELECT coalesce(format, 'words only') AS format, count(*) AS n, median(greatest(width, height)) AS side "
        "FROM raw_shards GROUP BY ALL ORDER BY n DESC, format",
    )


def distribution(con: duckdb.DuckDBPyConnection, facet: Facet) -> Asked:
    """A facet's values with counts, the frequent first."""
    value = f"unnest({facet.values_sql})" if facet.multi else identifier(facet.column)
    counted = f"SELECT {value} AS value, count(*) AS n FROM records GROUP BY value"  # noqa: S608 - our columns, quoted
    return _ask(con, f"{counted} ORDER BY n DESC, value LIMIT {_VALUES}")


def coverage(con: duckdb.DuckDBPyConnection) -> Asked:
    """Share of the kept records in which each attribute is decided, and its mean confidence there."""
    return _ask(con, "\nUNION ALL\n".join(_covered(name) for name in vocabulary.load().attributes))


def _covered(attribute: str) -> str:
    column = column_of(attribute)
    decided = f"FILTER ({identifier(column)} <> {literal(UNKNOWN)})"
    return (
        f"SELECT {literal(attribute)} AS attribute, count(*) {decided} AS decided, count(*) AS n, "  # noqa: S608 - quoted
        f"avg({identifier(f'{column}_confidence')}) {decided} AS confidence FROM records"
    )


def together(
    con: duckdb.DuckDBPyConnection, first: str, second: str
) -> tuple[list[str], list[str], Mapping[tuple[str, str], int], str]:
    """How often values of two attributes occur in one record: rows, columns, counts, and the query."""
    one, other = facets()[first], facets()[second]
    sql = (
        f"SELECT a, b, count(*) AS n FROM (SELECT unnest({one.values_sql}) AS a, {other.values_sql} AS bs "  # noqa: S608
        "FROM records), "
        f"unnest(bs) AS u(b) WHERE a <> {literal(UNKNOWN)} AND b <> {literal(UNKNOWN)} GROUP BY a, b"
    )
    counts = {(a, b): int(n) for a, b, n in con.execute(sql).fetchall()}
    totals: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for pair, n in counts.items():
        for axis in (0, 1):
            totals[axis][pair[axis]] = totals[axis].get(pair[axis], 0) + n
    rows, columns = (sorted(t, key=lambda v: (-t[v], v))[:_HEAT] for t in totals)
    return rows, columns, counts, sql


@dataclass(frozen=True)
class Bin:
    """Machine answers of about one confidence.

    Attributes:
        confidence: their mean.
        right: share of them that people agreed with.
        n: how many people answered.
    """

    confidence: float
    right: float
    n: int


def reliability(con: duckdb.DuckDBPyConnection) -> tuple[list[Bin], str]:
    """The machine's confidence against people's answers, and the query; empty before anybody answered."""
    sql = (
        "SELECT avg(machine_confidence), avg((machine_value = value)::INT), count(*) FROM final_attributes "  # noqa: S608
        "WHERE edit_id IS NOT NULL AND machine_status <> 'unknown' "
        f"GROUP BY least(floor(machine_confidence * {_BINS}), {_BINS - 1}) ORDER BY 1"
    )
    return [Bin(float(c), float(right), int(n)) for c, right, n in con.execute(sql).fetchall()], sql


@dataclass(frozen=True)
class Quality:
    """How right one attribute was when it was last measured.

    Attributes:
        truth: what was right: labelled, drawn or reviews.
        attribute: attribute of the vocabulary.
        told: answers given. precision: right ones among them. coverage: told against those there were to give.
        error: expected calibration error of the answers given.
        bins: their reliability diagram.
    """

    truth: str
    attribute: str
    told: int
    precision: float
    coverage: float
    error: float
    bins: tuple[Bin, ...]


def quality(con: duckdb.DuckDBPyConnection) -> tuple[list[Quality], str]:
    """What the asset `evaluation` measured of the fused answers, and the query; empty before it ran."""
    sql = (
        "SELECT truth, attribute, told, precision, coverage, ece, bins FROM evaluation "
        "WHERE source = 'fused' AND told > 0"
    )
    return [
        Quality(*row[:6], bins=tuple(Bin(float(b["confidence"]), float(b["right"]), int(b["n"])) for b in row[6]))
        for row in con.execute(sql).fetchall()
    ], sql
