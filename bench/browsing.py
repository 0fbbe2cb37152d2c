"""Times what the pages ask of a warehouse of 1,000,000 records, with people's edits laid over it, against the naive ways.

Naive is what a first app does: fetch the columns into Python and count there. The rows are drawn from the vocabulary by hashes of
their number; everything else is the real thing: the views of the overlay, the facets and filters of Browse, the edit log.
Run with ``python -m bench.browsing [ROWS]``; figures are ratios and processor seconds, since the machine's speed drifts.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from app.services import browse
from app.services.context import Context
from app.services.filters import Filter, facets
from charassets import warehouse
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.lake.workspace import Workspace
from charassets.settings import Settings, load_settings
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier, literals

ROWS = 1_000_000
EDITED = 5_000
"""Records with a pending edit."""

_QUERIES = ("", "hair:blue conf>0.5")
_DRAWN = {
    "record_id": "md5(i::VARCHAR)",
    "item_key": "i::VARCHAR",
    "source": "'source-' || (i % 4)",
    "shard": "'shard-' || lpad((i // 5000)::VARCHAR, 5, '0')",
    "character_id": "CASE WHEN i % 10 < 7 THEN 'character_' || lpad((hash(i) % 20000)::VARCHAR, 5, '0') END",
    "rating": "['general', 'sensitive'][(1 + hash(i, 3) % 2)::BIGINT]",
    "tags": "'1girl, solo, tag_' || (hash(i, 4) % 1000)",
    "width": "(200 + hash(i, 5) % 2000)::INT",
    "height": "(200 + hash(i, 6) % 2000)::INT",
    "sharpness": "(hash(i, 7) % 4000) / 10.0",
    "mean_confidence": "(hash(i, 8) % 1000) / 1000.0",
    "decided": "hash(i, 9) % 10",
}


@dataclass(frozen=True)
class Took:
    """A question: wall and processor seconds, ours and naive."""

    wall: float
    cpu: float

    @classmethod
    def of(cls, ask: Callable[[], object]) -> "Took":
        """Ask once."""
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        return cls(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    """Print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"workspace": str(Path(folder) / "work")})
        context = Context(draw(settings, rows), settings)
        with ExitStack() as stack:
            con = stack.enter_context(context.reading())
            edited = [row[0] for row in con.execute("SELECT record_id FROM records LIMIT ?", [EDITED]).fetchall()]
        context.log.append("attribute.set", {"record_ids": edited, "attribute": "Hair Color", "value": "Blonde"})
        context.log.append("cluster.rename", {"members": edited, "name": "Rin"})
        laid = Took.of(lambda: _open(context))
        every = f"all {len(facets())} facets, s / cpu s"
        table = Table("query", "records", every, "a page, s / cpu s", "in Python, cpu s", "ratio")
        for text in _QUERIES:
            table.add_row(*_row(context, text))
    console = Console()
    console.print(
        f"{rows:,} records; laying {EDITED:,} pending edits over them once: {laid.wall:.2f} s, {laid.cpu:.2f} s cpu"
    )
    console.print(table)


def draw(settings: Settings, rows: int) -> Workspace:
    """A workspace whose warehouse holds ``rows`` drawn records, and empty tables else."""
    workspace = Workspace.of(settings)
    workspace.create()
    warehouse.build(workspace, workspace.open_lake(), settings)
    drawn = dict(_DRAWN)
    for number, attribute in enumerate(load().attributes.values()):
        values = literals([*(value.name for value in attribute.values), UNKNOWN])
        drawn[column_of(attribute.name)] = f"{values}[(1 + hash(i, {100 + number}) % len({values}))::BIGINT]"
        drawn[f"{column_of(attribute.name)}_confidence"] = f"(hash(i, {200 + number}) % 1000) / 1000.0"
    chosen = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in drawn.items())
    with duckdb.connect(str(workspace.warehouse)) as con:
        con.execute(f"INSERT INTO records BY NAME SELECT {chosen} FROM range({rows}) AS numbers(i)")  # noqa: S608 - above
    return workspace


def _row(context: Context, text: str) -> tuple[str, ...]:
    filter_ = Filter(query=text)
    with context.reading() as con:
        found = browse.count(con, filter_)
        every = Took.of(lambda: browse.facet_counts(con, filter_))
        naive = Took.of(lambda: _in_python(con, filter_))
        page = Took.of(lambda: browse.tiles(con, filter_))
    ratio = naive.cpu / every.cpu
    return (
        text or "(all)",
        f"{found:,}",
        f"{every.wall:.2f} / {every.cpu:.2f}",
        f"{page.wall:.2f} / {page.cpu:.2f}",
        f"{naive.cpu:.2f}",
        f"{ratio:.0f}x",
    )


def _in_python(con: duckdb.DuckDBPyConnection, filter_: Filter) -> list[Counter[str]]:
    where, params = filter_.where()
    columns = ", ".join(map(identifier, facets()))
    rows = con.execute(f"SELECT {columns} FROM records WHERE {where}", params).fetchall()  # noqa: S608 - parameters only
    return [Counter(column) for column in zip(*rows, strict=True)]


def _open(context: Context) -> None:
    with context.reading():
        pass


if __name__ == "__main__":
    main()
