"""Parquet and SQLite: the flat rows as typed tables.

What belongs here: the two files. Not here: the columns.
"""

import sqlite3
from contextlib import ExitStack, closing

import pyarrow as pa
import pyarrow.parquet as pq

from charassets.exports.columns import batches, flat, schema
from charassets.exports.job import Format, Job
from charassets.exports.rows import Row
from charassets.warehouse.sql import identifier

_ROWS = 4096
_SQLITE_TYPES = {pa.string(): "TEXT", pa.float64(): "REAL"}


def _write_parquet(job: Job) -> None:
    columns = schema()
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for rows in batches(job.rows(), _ROWS):
            for split in sorted({row.split for row in rows}):
                if split not in writers:
                    path = job.folder / f"{split}.parquet"
                    writers[split] = stack.enter_context(pq.ParquetWriter(path, columns, compression="zstd"))
                writers[split].write_table(pa.Table.from_pylist([flat(r) for r in rows if r.split == split], columns))
            for row in rows:
                job.index.add(row)


def _write_sqlite(job: Job) -> None:
    columns = schema()
    types = ", ".join(f"{identifier(f.name)} {_SQLITE_TYPES.get(f.type, 'INTEGER')}" for f in columns)
    with closing(sqlite3.connect(job.folder / "records.sqlite")) as con:
        con.execute("PRAGMA journal_mode = OFF")  # written beside its place and renamed: a torn file is never seen
        con.execute("PRAGMA synchronous = OFF")
        con.execute(f"CREATE TABLE records ({types}, PRIMARY KEY (record_id)) WITHOUT ROWID")
        insert = f"INSERT INTO records VALUES ({', '.join('?' for _ in columns)})"  # noqa: S608 - question marks alone
        for rows in batches(job.rows(), _ROWS):
            con.executemany(insert, [_cells(row, columns) for row in rows])
            for row in rows:
                job.index.add(row)
        con.execute("CREATE INDEX by_character ON records (character_id)")
        con.commit()


def _cells(row: Row, columns: pa.Schema) -> tuple[object, ...]:
    values = flat(row)
    return tuple(values[name] for name in columns.names)


PARQUET = Format("parquet", "a flat row a record, typed", "1", _write_parquet, data_files="{split}.parquet")
SQLITE = Format("sqlite", "a flat row a record in a table `records`", "1", _write_sqlite)
