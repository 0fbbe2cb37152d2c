"""The SQLite file of the edit log: its layout, and opening it from many processes.

What belongs here: what SQLite is told. Not here: edits (``log``).
"""

import sqlite3
import time
from pathlib import Path

_WAIT_S = 30.0  # for another process's append, which takes milliseconds
_VERSION = 1
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS edits (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    op TEXT NOT NULL,
    args TEXT NOT NULL,
    base INTEGER NOT NULL
) STRICT""",
    """CREATE TRIGGER IF NOT EXISTS edits_stay BEFORE UPDATE ON edits
BEGIN SELECT RAISE(ABORT, 'the edit log is append-only: undo is another edit'); END""",
    """CREATE TRIGGER IF NOT EXISTS edits_last BEFORE DELETE ON edits
BEGIN SELECT RAISE(ABORT, 'the edit log is append-only: undo is another edit'); END""",
    f"PRAGMA user_version = {_VERSION}",
)


def opened(path: Path) -> sqlite3.Connection:
    """A connection to the log at ``path``, which is laid out if it is new; waits for another process that does the same."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        con = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
        try:
            _prepare(con)
            return con
        except sqlite3.OperationalError as error:
            con.close()
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _prepare(con: sqlite3.Connection) -> None:
    con.execute("PRAGMA synchronous = FULL")
    version = con.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise sqlite3.DatabaseError(f"it was written by a later version of the project (format {version})")
    if version < _VERSION:
        con.execute("PRAGMA journal_mode = WAL")  # fails at once where another process does the same
        con.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            con.execute(statement)
        con.execute("COMMIT")
