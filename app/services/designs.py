"""Which measurements of how pictures are drawn tell two groups of them apart.

What belongs here: the two groups' measurements out of the warehouse. Not here: the statistics (``charassets.design.analysis``), the
page.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from app.services.filters import facets
from charassets.design.analysis import FEWEST, Separation, separating_features
from charassets.design.catalogue import NAMES
from charassets.errors import UsageError
from charassets.warehouse.sql import identifier, literal

MOST = 4_000
"""Pictures of a group at most; of more a part is taken by the hash of their ids, the same every time."""

_VALUES = 60


@dataclass(frozen=True)
class Compared:
    """Two groups: their sizes, every measurement the clearest first, and the query of the first group."""

    sizes: tuple[int, int]
    found: tuple[Separation, ...]
    sql: str


def values(con: duckdb.DuckDBPyConnection, column: str) -> list[tuple[str, int]]:
    """The values of a facet that enough records have, the commonest first, with how many."""
    sql = (
        f"SELECT value, count(*) AS n FROM (SELECT unnest({facets()[column].values_sql}) AS value FROM records) "  # noqa: S608
        f"WHERE value IS NOT NULL GROUP BY value HAVING n >= {FEWEST} ORDER BY n DESC, value LIMIT {_VALUES}"
    )
    return [(str(value), int(n)) for value, n in con.execute(sql).fetchall()]


def compared(con: duckdb.DuckDBPyConnection, column: str, one: str, other: str) -> Compared:
    """Compare the records of two values of a facet.

    Raises:
        UsageError: a group is too small, or both are one.
    """
    if one == other:
        raise UsageError("both groups are the same", where=column, todo="choose two values")
    first, second = (_measured(con, _sql(column, value)) for value in (one, other))
    for value, rows in ((one, first), (other, second)):
        if len(rows) < FEWEST:
            raise UsageError(
                f"{len(rows)} pictures of {value[:60]!r} are measured", where=column, todo=f"a group needs {FEWEST}"
            )
    return Compared((len(first), len(second)), separating_features(NAMES, first, second), _sql(column, one))


def _sql(column: str, value: str) -> str:
    features = ", ".join(f"design_features.{identifier(name)}" for name in NAMES)
    return (
        f"SELECT {features} FROM records JOIN design_features USING (record_id) "  # noqa: S608 - quoted
        f"WHERE list_contains({facets()[column].values_sql}, {literal(value)}) "
        f"ORDER BY hash(records.record_id) LIMIT {MOST}"
    )


def _measured(con: duckdb.DuckDBPyConnection, sql: str) -> NDArray[np.float64]:
    """(n, features) of a group."""
    rows = con.execute(sql).fetchnumpy()
    return np.column_stack([np.asarray(rows[name], np.float64) for name in NAMES])
