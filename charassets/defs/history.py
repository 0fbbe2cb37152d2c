"""How fast Dagster's SQLite history is written by a run in this process.

What belongs here: how SQLite waits for the disk. Not here: what is written.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def written_in_passing() -> Iterator[None]:
    """Let the events of this process reach the disk when SQLite sees fit, not one by one.

    Dagster opens a connection for each event; each commit waits for the disk, and so does closing the last connection to a
    database, since that folds the write-ahead log into it. A run of one shard has hundreds of both: ten seconds on a busy
    disk. In WAL mode ``synchronous = NORMAL`` cannot damage the file, it may only lose the last events to a power failure
    (https://sqlite.org/pragma.html#pragma_synchronous), and one more connection held open spares the folding. What decides
    whether something is computed again are the lake's manifests, and those do wait for the disk.
    """
    held: dict[str, sqlite3.Connection] = {}

    def connected(connection: object, record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = NORMAL")
            _hold(connection, held)

    event.listen(Engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connected)
        for connection in held.values():
            connection.close()


def _hold(connection: sqlite3.Connection, held: dict[str, sqlite3.Connection]) -> None:
    """Keep a database open that another connection has put into WAL mode."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    if not path or path in held or connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        return
    held[path] = sqlite3.connect(path, check_same_thread=False)
    held[path].execute("SELECT count(*) FROM sqlite_master").fetchone()  # only a connection that has read holds the log
