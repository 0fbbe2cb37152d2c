"""From fragments to tables: narrow tables are copied in, wide ones stay in the lake behind views, books become facts.

What belongs here: everything that is a table of the lake, or a fact about its fragments. Not here: what is joined from them
(``records``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from charassets.lake.fragments import Fragment
from charassets.schema import RAW_SHARDS, SOURCE_ITEMS, TABLES, Column, Table
from charassets.sources.records import refused_locator
from charassets.warehouse.sql import comment, identifier, literals

Fragments = Mapping[str, Sequence[Fragment]]
"""Every table's committed fragments."""

REJECTIONS = Table(
    "rejections",
    1,
    "One row a record that a stage could not use, with the reason.",
    (
        Column("record_id", pa.string(), "The record."),
        Column("stage", pa.string(), "Stage that rejected it."),
        Column("shard", pa.string(), "Shard of the record; `all` for a step over the whole collection."),
        Column("code", pa.string(), "Reason code, the same for the same cause."),
        Column("detail", pa.string(), "The particulars, for a person."),
    ),
)

FRAGMENTS = Table(
    "fragments",
    1,
    "One row a fragment of the lake: what its manifest says.",
    (
        Column("table_name", pa.string(), "Table of the lake."),
        Column("shard", pa.string(), "Shard; `all` for a table of the whole collection."),
        Column("version", pa.string(), "Digest of the rows: equal rows, equal version."),
        Column("fingerprint", pa.string(), "Digest of all that decided the rows: code, settings, weights, inputs."),
        Column("path", pa.string(), "File of the rows below the lake's root."),
        Column("sha256", pa.string(), "Digest of that file."),
        Column("bytes", pa.int64(), "Size of that file."),
        Column("rows", pa.int64(), "Rows in that file."),
        Column("records_in", pa.int64(), "Records the stage was given."),
        Column("rejected", pa.int64(), "Records it rejected."),
        Column("skipped", pa.int64(), "Records it had nothing to say about."),
    ),
)

_INTAKE = pa.schema(
    [(name, pa.string()) for name in ("record_id", "source", "shard", "outcome", "code", "detail", "locator")]
)


@dataclass(frozen=True)
class Location:
    """How the warehouse names files of the lake.

    Attributes:
        prefix: put before a path below the lake's root; relative where the lake lies in the workspace, so that a moved or
            copied workspace goes on working; a URI where the lake is an object store (``reading.open_far_files``).
    """

    prefix: str

    @classmethod
    def of(cls, workspace: Path, lake_root: str) -> "Location":
        """The naming for a lake at ``lake_root`` and a warehouse in ``workspace``."""
        if "://" in lake_root:
            return cls(lake_root)
        root = Path(lake_root).resolve()
        # DuckDB finds relative paths by a search path, which is a list that no comma can be written in.
        if root.is_relative_to(workspace) and "," not in str(workspace):
            return cls(root.relative_to(workspace).as_posix())
        return cls(str(root).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]"))


def load_lake(con: duckdb.DuckDBPyConnection, fragments: Fragments, location: Location) -> None:
    """Create every table of ``charassets.schema.TABLES``, ``rejections`` and ``fragments``, documented.

    Raises:
        VerificationError: a file is not the one its manifest names.
    """
    for table in TABLES.values():
        if table.wide and any(f.rows for f in fragments[table.name]):
            _create_view(con, table, fragments[table.name], location.prefix)
        else:
            _create_table(con, table, fragments[table.name])
    _insert_facts(con, fragments)


def describe(con: duckdb.DuckDBPyConnection, table: Table, kind: str, columns: Sequence[str]) -> None:
    """Put the schema's sentences on a table or view."""
    con.execute(comment(kind, identifier(table.name), table.doc))
    for column in table.columns:
        if column.name in columns:
            con.execute(comment("COLUMN", f"{identifier(table.name)}.{identifier(column.name)}", column.doc))


def insert(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Append Arrow rows to a table of the same columns."""
    con.register("arriving", rows)
    con.execute(f"INSERT INTO {identifier(name)} BY NAME FROM arriving")
    con.unregister("arriving")


def create_empty(con: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, *, temporary: bool = False) -> None:
    """Create a table with the columns of an Arrow schema."""
    con.register("arriving", schema.empty_table())
    con.execute(f"CREATE {'TEMP ' if temporary else ''}TABLE {identifier(name)} AS FROM arriving")
    con.unregister("arriving")


def _create_view(con: duckdb.DuckDBPyConnection, table: Table, fragments: Sequence[Fragment], prefix: str) -> None:
    files = literals(f"{prefix}/{fragment.path()}" for fragment in fragments if fragment.rows)
    names = ", ".join(identifier(column.name) for column in table.columns)
    source = f"read_parquet({files}, hive_partitioning = false)"
    con.execute(f"CREATE VIEW {identifier(table.name)} AS SELECT {names} FROM {source}")  # noqa: S608 - all quoted
    describe(con, table, "VIEW", table.arrow.names)


def _create_table(con: duckdb.DuckDBPyConnection, table: Table, fragments: Sequence[Fragment]) -> None:
    """A native table."""
    schema = table.arrow
    create_empty(con, table.name, schema)
    for fragment in fragments:
        if fragment.rows:
            insert(con, table.name, fragment.read(schema.names))
    describe(con, table, "TABLE", schema.names)


def _insert_facts(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """``rejections``, ``fragments``, and the temporary ``intake``: every record that ever arrived and what became of it."""
    create_empty(con, REJECTIONS.name, REJECTIONS.arrow)
    create_empty(con, FRAGMENTS.name, FRAGMENTS.arrow)
    for table, found in fragments.items():
        insert(con, FRAGMENTS.name, pa.Table.from_pylist([_facts(f) for f in found], schema=FRAGMENTS.arrow))
        for fragment in found:
            if fragment.manifest.rejections:
                books = fragment.read(role="books")
                books = books.filter(pc.field("outcome") == "rejected").drop_columns(["outcome"])
                insert(con, REJECTIONS.name, _beside(books, stage=table, shard=fragment.manifest.shard))
    describe(con, REJECTIONS, "TABLE", REJECTIONS.arrow.names)
    describe(con, FRAGMENTS, "TABLE", FRAGMENTS.arrow.names)
    _insert_intake(con, fragments)


def _insert_intake(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """A rejected record has no row that says where it came from: its shard, which holds items of one source, and its reason do."""
    sources = {
        f.manifest.shard: f.read(["source"])["source"][0].as_py() for f in fragments[SOURCE_ITEMS.name] if f.rows
    }
    create_empty(con, "intake", _INTAKE, temporary=True)
    for fragment in fragments[RAW_SHARDS.name]:
        shard = fragment.manifest.shard
        source, books = sources.get(shard), fragment.read(role="books")
        rows = _beside(books, source=source, shard=shard)
        if source is not None and fragment.manifest.rejections:
            rows = rows.append_column("locator", _locators(books, source))
        insert(con, "intake", rows)


def _locators(books: pa.Table, source: str) -> pa.Array:
    """Where in the source each rejected record lies; null for all others."""
    rejected = pc.equal(books["outcome"], "rejected")  # pyright: ignore[reportAttributeAccessIssue]
    few = books.select(["record_id", "detail"]).filter(rejected)
    found = [
        refused_locator(source, record, detail or "")
        for record, detail in zip(few["record_id"].to_pylist(), few["detail"].to_pylist(), strict=True)
    ]
    place = pc.cumulative_sum(rejected.cast(pa.int64()))  # pyright: ignore[reportAttributeAccessIssue]
    line = pc.if_else(rejected, pc.subtract(place, 1), None)  # pyright: ignore[reportAttributeAccessIssue]
    return pa.array(found, pa.string()).take(line.combine_chunks())


def _beside(books: pa.Table, **constants: str | None) -> pa.Table:
    """Books without their digests, beside columns that are the same for all rows."""
    rows = books.drop_columns(["input_digest"])
    for name, value in constants.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, pa.string()), rows.num_rows))
    return rows


def _facts(fragment: Fragment) -> dict[str, str | int]:
    manifest, rows = fragment.manifest, fragment.manifest.file("rows")
    return {
        "table_name": manifest.table,
        "shard": manifest.shard,
        "version": manifest.version,
        "fingerprint": manifest.fingerprint,
        "path": fragment.path(),
        "sha256": rows.sha256,
        "bytes": rows.bytes,
        "rows": rows.rows,
        "records_in": manifest.counts["in"],
        "rejected": manifest.counts["rejected"],
        "skipped": manifest.counts["skipped"],
    }
