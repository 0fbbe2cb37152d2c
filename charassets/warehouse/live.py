"""The warehouse as it stands, with people's edits laid over it, for a process that goes on while both change.

What belongs here: opening anew after a swap, and a cursor an answer. Not here: any question.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import duckdb

from charassets.curation import Decisions, EditLog, Replay
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.warehouse.overlay import Overlay, lay_over
from charassets.warehouse.reading import bring, connect, search_from

_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class View:
    """One answer's look at the warehouse: a cursor of its own, and what lies over it."""

    con: duckdb.DuckDBPyConnection
    overlay: Overlay


class LiveWarehouse:
    """The warehouse of a workspace, opened once and again whenever a new one was swapped in. Threads may share it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = Lock()
        self._replay = Replay(self.log)
        self._held: tuple[_Stamp, duckdb.DuckDBPyConnection] | None = None

    @property
    def log(self) -> EditLog:
        """The workspace's edit log."""
        return EditLog.of(self._workspace)

    @property
    def exists(self) -> bool:
        """Whether there is a warehouse to ask."""
        bring(self._workspace)
        return self._workspace.warehouse.is_file()

    def decisions(self) -> Decisions:
        """Everything people decided that still stands."""
        return self._replay.now()[0]

    @contextmanager
    def view(self) -> Iterator[View]:
        """A cursor with the edits laid over; whoever holds it stays on the file it was opened on.

        Raises:
            UsageError: there is no warehouse yet.
        """
        con = self._connection().cursor()
        try:
            con.execute("USE charassets")
            search_from(con, self._workspace.root)
            yield View(con, lay_over(con, self._replay))
        finally:
            con.close()

    def _connection(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            bring(self._workspace)
            stamp = _stamp(self._workspace.warehouse)
            if self._held is None or stamp != self._held[0]:
                # The one before is not closed: cursors on it may still be answering. It goes with the last of them.
                self._held = (stamp, connect(self._workspace))
            return self._held[1]


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        raise UsageError("there is no warehouse yet", where=str(path), todo="run `charassets run` first") from None
    return found.st_ino, found.st_mtime_ns, found.st_size
