"""How long the pages' questions take over the warehouse of a large collection: facets, a page of Browse, a search, one record.

What belongs here: the questions and their clock. Not here: what the pages do with the answers. ``bench.browsing`` compares the same
questions with the naive way.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import duckdb

from app.services import browse
from app.services.context import Context
from app.services.filters import Filter
from charassets.inspection.story import story
from charassets.settings import Settings

_TIMES = 3
_PAGE = 200  # a page far down


def latencies(settings: Settings, context: Context) -> Mapping[str, float]:
    """Milliseconds by the clock, the median of three; ``open`` is the first time."""
    started = time.perf_counter()
    with context.reading() as con:
        found = {"open": 1000 * (time.perf_counter() - started)}
        some = con.execute("SELECT record_id FROM records LIMIT 1").fetchall()[0][0]
        for name, ask in _questions(con, settings, some).items():
            found[name] = statistics.median(_milliseconds(ask) for _ in range(_TIMES))
    return found


def _questions(con: duckdb.DuckDBPyConnection, settings: Settings, record: str) -> dict[str, Callable[[], object]]:
    asked = Filter(query="hair:blonde conf>0.5")
    return {
        "count": lambda: browse.count(con, asked),
        "all facets": lambda: browse.facet_counts(con, Filter()),
        "all facets of a query": lambda: browse.facet_counts(con, asked),
        "first page": lambda: browse.tiles(con, Filter()),
        "first page of a query": lambda: browse.tiles(con, asked),
        f"page {_PAGE} of a query": lambda: browse.tiles(con, Filter(query=asked.query, page=_PAGE)),
        "why, one record": lambda: story(con, record, settings),
    }


def _milliseconds(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)
