"""Who has which question before them: of several reviewers no two are asked the same at a time.

What belongs here: holding and letting go, in one SQLite file that servers and commands share. Not here: the questions. A lease
is a courtesy, not a lock: it ends by itself, and an answer without one is taken all the same.
"""

import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from charassets.errors import StorageError

LEASE_S = 600.0
"""How long a question is held, in seconds."""

_WAIT_S = 30.0  # for another process, which takes milliseconds
_SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (question TEXT PRIMARY KEY, reviewer TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID
"""


class Leases:
    """The leases in one file. Processes and threads may share it.

    Args:
        path: the SQLite file, made on first use.
        seconds: how long a question is held.
    """

    def __init__(self, path: Path, seconds: float = LEASE_S) -> None:
        self._path, self._seconds = path, seconds

    def others(self, reviewer: str) -> set[str]:
        """Questions that somebody else holds.

        Raises:
            StorageError: the file cannot be used.
        """
        query = "SELECT question FROM leases WHERE reviewer <> ? AND until > ?"
        with self._transaction() as con:
            return {question for (question,) in con.execute(query, (reviewer, time.time()))}

    def take(self, reviewer: str, questions: Collection[str]) -> None:
        """Hold questions; what anybody held too long is let go.

        Raises:
            StorageError: the file cannot be used.
        """
        now = time.time()
        with self._transaction() as con:
            con.execute("DELETE FROM leases WHERE until <= ?", (now,))
            rows = [(question, reviewer, now + self._seconds) for question in questions]
            con.executemany("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            con = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
            try:
                con.execute("BEGIN IMMEDIATE")
                con.execute(_SCHEMA)
                yield con
                con.execute("COMMIT")
            finally:
                con.close()  # without COMMIT nothing was written
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"cannot use the review leases: {error}", where=str(self._path), todo="check space and permissions"
            ) from error
