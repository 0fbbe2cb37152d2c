"""What a step that takes hours has found so far, kept in the lake so that a run which is stopped does not lose it.

What belongs here: keeping tables aside, whole or not at all, and dropping them. Not here: what is in them; a step keeps only what
stays true whatever the next run asks. ``drafts/<table>/<role>/<digest>.parquet``; no manifest names them, and the commit of the
table's fragment drops them.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pyarrow as pa
import pyarrow.parquet as pq

from charassets.lake.store import Store

_FOLDER = "drafts"


class Drafts:
    """The drafts of one table.

    Args:
        store: of the lake.
        table: its name.
    """

    def __init__(self, store: Store, table: str) -> None:
        self._store, self._folder = store, f"{_FOLDER}/{table}"

    def keep(self, role: str, rows: pa.Table) -> None:
        """Keep rows of a role; the same rows again change nothing."""
        held = io.BytesIO()
        pq.write_table(rows, held, compression="zstd")
        name = hashlib.sha256(held.getvalue()).hexdigest()[:32]
        self._store.put_bytes(held.getvalue(), f"{self._folder}/{role}/{name}.parquet")

    def found(self, role: str) -> pa.Table | None:
        """All rows kept of a role; None where there are none."""
        paths = sorted(entry.path for entry in self._store.files(f"{self._folder}/{role}"))
        contents = (self._store.read_bytes(path) for path in paths if path.endswith(".parquet"))
        tables = [pq.read_table(io.BytesIO(content)) for content in contents if content is not None]
        return pa.concat_tables(tables) if tables else None

    def drop(self) -> None:
        """Remove all, of every role."""
        for entry in list(self._store.files(self._folder)):
            self._store.delete(entry.path)


_current: ContextVar[Drafts | None] = ContextVar("charassets_drafts", default=None)


@contextmanager
def kept_in(drafts: Drafts) -> Iterator[None]:
    """Let ``keep`` and ``found`` of this context mean these drafts, so that steps need no handle on the lake."""
    token = _current.set(drafts)
    try:
        yield
    finally:
        _current.reset(token)


def keep(role: str, rows: pa.Table) -> None:
    """Keep rows where the context says; nothing happens where it does not."""
    drafts = _current.get()
    if drafts is not None:
        drafts.keep(role, rows)


def found(role: str) -> pa.Table | None:
    """What an earlier run kept and did not come to commit."""
    drafts = _current.get()
    return drafts.found(role) if drafts is not None else None
