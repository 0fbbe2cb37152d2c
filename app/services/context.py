"""What a page needs of its surroundings: the workspace, its settings, the warehouse with edits laid over it, the edit log.

What belongs here: handing these out. Not here: questions and deeds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from charassets.curation import Decisions, EditLog
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.warehouse.live import LiveWarehouse


class NoWarehouseError(UsageError):
    """There is no warehouse yet: an app may be opened before the first run."""


class Context:
    """The surroundings of every page of one app. Threads share it."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace, self.settings = workspace, settings
        self._live = LiveWarehouse(workspace)

    @property
    def log(self) -> EditLog:
        """The edit log of the workspace."""
        return self._live.log

    @property
    def has_warehouse(self) -> bool:
        """Whether there is a warehouse to ask."""
        return self._live.exists

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on the warehouse with the edits of people laid over it.

        Raises:
            NoWarehouseError: there is none yet.
        """
        if not self._live.exists:
            raise NoWarehouseError("there is no warehouse yet", where=str(self.workspace.warehouse))
        with self._live.view() as view:
            yield view.con

    def decisions(self) -> Decisions:
        """Everything people decided that still stands."""
        return self._live.decisions()

    def names(self, con: duckdb.DuckDBPyConnection) -> Callable[[str], str]:
        """How a character is called: the name people gave, else its id."""
        given = given_names(con)
        return lambda character_id: given.get(character_id, character_id)

    def locked(self, con: duckdb.DuckDBPyConnection) -> frozenset[str]:
        """Characters that people locked as they are: where most of the locked pictures are now."""
        groups = self.decisions().locked
        if not groups:
            return frozenset()
        sql = "SELECT record_id, character_id FROM records WHERE record_id IN (SELECT unnest($1)) AND character_id IS NOT NULL"
        now = dict(con.execute(sql, [sorted(set().union(*groups))]).fetchall())
        counted = (Counter(now[record] for record in group if record in now) for group in groups)
        return frozenset(votes.most_common(1)[0][0] for votes in counted if votes)


def given_names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Characters that people named."""
    return dict(con.execute("SELECT character_id, name FROM character_names").fetchall())
