"""The edit log: every human act, appended once and never changed, in one SQLite file that many processes share.

What belongs here: appending, reading, and telling a writer that somebody else was there first. Not here: what the edits come
to (``decisions``), and how machines share a log (``shared``). SQLite in WAL mode with ``synchronous=FULL``: an edit that was
acknowledged survives a crash; triggers refuse to change or delete a row, whoever asks.
"""

import sqlite3
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson

from charassets.curation import database
from charassets.curation.claims import disputed
from charassets.curation.operations import Operation, Undo, parse
from charassets.curation.shared import SharedEdits, shared_edits
from charassets.errors import BusyError, CharassetsError, StorageError, UsageError
from charassets.lake.workspace import Workspace

ACTOR = "local"
"""Who acts where nobody says who: the person at this machine."""

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
_ID_LENGTH = 64
_ACTOR_LENGTH = 80
_NEW_ENOUGH_S = 2.0  # of a look whether others appended to a shared log


@dataclass(frozen=True)
class Edit:
    """One line of the log.

    Attributes:
        id: chosen by who appends; appending it again changes nothing.
        seq: place in this log, from 1; rises by append. Another log gives the same edit another place.
        at: time of the act, ISO 8601 in UTC.
        actor: who acted.
        op: operation, a key of ``operations.OPERATIONS``.
        args: its arguments, as ``operations.parse`` takes them.
        base: place of the last edit the actor had seen.
    """

    id: str
    seq: int
    at: str
    actor: str
    op: str
    args: Mapping[str, Any]
    base: int

    @property
    def operation(self) -> Operation:
        """The arguments, typed.

        Raises:
            UsageError: they are not what the operation takes (a log of a later version).
        """
        return parse(self.op, self.args)


class ConflictError(CharassetsError):
    """Somebody else said otherwise about the same records since ``base``; nothing was written.

    Attributes:
        mine: the edit that was to be appended (``seq`` 0).
        theirs: the edits that speak against it.
        records: the records in dispute.
    """

    exit_code = BusyError.exit_code

    def __init__(self, mine: Edit, theirs: Sequence[Edit], records: frozenset[str]) -> None:
        last = theirs[-1]
        super().__init__(
            f"{len(records)} record(s) of this {mine.op} were changed by {last.actor} ({last.op}) meanwhile",
            where=f"edit {last.seq}",
            todo="look at both, then repeat yours on top of the present state, or leave theirs",
        )
        self.mine, self.theirs, self.records = mine, tuple(theirs), records


class EditLog:
    """The log in one file. Any number of processes and threads may use it; reading makes no file.

    Args:
        path: the file.
        shared: where several machines share the log; the file is then a copy of what lies there.
    """

    def __init__(self, path: Path, shared: SharedEdits | None = None) -> None:
        self.path, self._shared = path, shared

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """The edit log of a workspace."""
        remote = workspace.remote
        return cls(workspace.edit_log, None if remote is None else shared_edits(remote.bucket))

    def append(
        self,
        op: str,
        args: Mapping[str, Any],
        *,
        actor: str = ACTOR,
        base: int | None = None,
        edit_id: str | None = None,
        at: str | None = None,
        seen: Collection[str] = (),
    ) -> Edit:
        """Append an edit, or find it there already.

        Args:
            op: operation.
            args: its arguments.
            actor: who acts.
            base: place of the last edit the actor had seen (``head()`` when the page was drawn); None: as it stands now.
            edit_id: identity of the act; the same id again answers the edit that is there. None: a new one.
            at: time of the act, ISO 8601; None: now. Only an import gives one.
            seen: ids of edits after ``base`` that the actor had seen nevertheless.

        Raises:
            UsageError: unknown operation, wrong arguments, an undo of nothing, or an id used for something else.
            ConflictError: since ``base`` somebody said otherwise about the same records.
            BusyError: the log was held for longer than half a minute.
            StorageError: the log cannot be written.
        """
        operation = parse(op, args)
        stated = operation.model_dump(mode="json", exclude_none=True)
        identity = _checked(edit_id or uuid.uuid4().hex, "edit id", _ID_LENGTH, _ID_CHARACTERS)
        actor = _checked(actor, "actor", _ACTOR_LENGTH)
        while True:
            self._catch_up(0.0)
            with self._writing() as con:
                mine = Edit(identity, 0, at or _now(), actor, op, stated, _head(con) if base is None else max(0, base))
                there = _read(con, "WHERE id = ?", (identity,))
                if there:
                    return _same(there[0], mine)
                _refuse_conflicts(con, mine, operation, seen)
                mine = replace(mine, seq=_head(con) + 1)
                # Where the log is shared, the place in it is taken there first; if somebody was faster, all is looked at anew.
                if self._shared is None or self._shared.take(mine.seq, _line(mine)):
                    _insert(con, mine)
                    return mine

    def undo(self, edit_id: str, *, actor: str = ACTOR, base: int | None = None, undo_id: str | None = None) -> Edit:
        """Append the undo of an edit (of a bulk act as a whole).

        Raises:
            UsageError: there is no such edit, or it is undone already.
            ConflictError: since ``base`` somebody built on it.
        """
        return self.append("undo", {"edit_id": edit_id}, actor=actor, base=base, edit_id=undo_id)

    def edits(self, after: int = 0) -> list[Edit]:
        """The edits after a place, in order, undone ones and undos too."""
        self._catch_up()
        if not self.path.is_file():
            return []
        with self._connected() as con:
            return _read(con, "WHERE seq > ? ORDER BY seq", (after,))

    def find(self, edit_id: str) -> Edit | None:
        """The edit of that id."""
        self._catch_up()
        if not self.path.is_file():
            return None
        with self._connected() as con:
            return next(iter(_read(con, "WHERE id = ?", (edit_id,))), None)

    def head(self) -> int:
        """Place of the last edit; 0 in an empty log."""
        self._catch_up()
        if not self.path.is_file():
            return 0
        with self._connected() as con:
            return _head(con)

    def _catch_up(self, new_enough_s: float = _NEW_ENOUGH_S) -> None:
        """Take in what others appended to a shared log."""
        if self._shared is None or not self._shared.is_due(new_enough_s):
            return
        with self._connected() as con:
            head = _head(con)
        lines = self._shared.after(head)
        if not lines:
            return
        with self._writing() as con:
            head = _head(con)  # another process of this machine may have taken some in meanwhile
            for seq, line in lines:
                if seq > head:
                    _insert(con, Edit(seq=seq, **orjson.loads(line)))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as con:
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                with suppress(sqlite3.Error):
                    con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection of this call: threads and forks share none."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            con = database.opened(self.path)
            try:
                yield con
            finally:
                con.close()
        except (sqlite3.Error, OSError) as error:
            if "locked" in str(error):
                raise BusyError("the edit log is in use", where=str(self.path), todo="try again") from error
            raise StorageError(
                f"cannot use the edit log: {error}", where=str(self.path), todo="check space, permissions and the disk"
            ) from error


def _line(edit: Edit) -> bytes:
    return orjson.dumps({name: getattr(edit, name) for name in ("id", "at", "actor", "op", "args", "base")})


def _insert(con: sqlite3.Connection, edit: Edit) -> None:
    values = (edit.seq, edit.id, edit.at, edit.actor, edit.op, orjson.dumps(dict(edit.args)).decode(), edit.base)
    con.execute("INSERT INTO edits (seq, id, at, actor, op, args, base) VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def live(edits: Sequence[Edit]) -> list[Edit]:
    """The edits that count, in order: neither undone nor undos. An undo that is itself undone does not count."""
    return [edit for edit in _standing(edits) if edit.op != Undo.op]


def _standing(edits: Sequence[Edit]) -> list[Edit]:
    """The edits that are not undone, undos among them, in order. The last word on an edit is the latest standing undo."""
    undone: set[str] = set()
    standing = []
    for edit in reversed(edits):
        if edit.id not in undone:
            standing.append(edit)
            if edit.op == Undo.op:
                undone.add(edit.args["edit_id"])
    return standing[::-1]


def _read(con: sqlite3.Connection, which: str, values: Sequence[str | int]) -> list[Edit]:
    query = f"SELECT id, seq, at, actor, op, args, base FROM edits {which}"  # noqa: S608 - clauses of this module
    rows = con.execute(query, values).fetchall()
    return [Edit(i, seq, at, actor, op, orjson.loads(args), base) for i, seq, at, actor, op, args, base in rows]


def _head(con: sqlite3.Connection) -> int:
    return int(con.execute("SELECT coalesce(max(seq), 0) FROM edits").fetchone()[0])


def _same(there: Edit, mine: Edit) -> Edit:
    if (there.op, dict(there.args)) != (mine.op, dict(mine.args)):
        raise UsageError(f"edit id {mine.id} is taken by another edit", where=f"edit {there.seq}", todo="use a new id")
    return there


def _refuse_conflicts(con: sqlite3.Connection, mine: Edit, operation: Operation, seen: Collection[str]) -> None:
    """Raise where an edit after ``base`` speaks against this one; an undo collides with whatever was built on the edit."""
    undone = _undoable(con, operation) if isinstance(operation, Undo) else None
    claims = operation.claims() if undone is None else undone.operation.claims()
    theirs: list[Edit] = []
    records: set[str] = set()
    for edit in live(_read(con, "WHERE seq > ? ORDER BY seq", (mine.base,))):
        if edit.id in seen or edit == undone:
            continue
        other = edit.operation.claims()
        found = disputed(claims, other) if undone is None else {r for _, r in claims.touched & other.touched}
        if found:
            theirs.append(edit)
            records |= found
    if theirs:
        raise ConflictError(mine, theirs, frozenset(records))


def _undoable(con: sqlite3.Connection, undo: Undo) -> Edit:
    found = _read(con, "WHERE id = ?", (undo.edit_id,))
    if not found:
        raise UsageError(f"there is no edit {undo.edit_id}", where="undo", todo="`charassets edits` lists them")
    for edit in _standing(_read(con, "WHERE seq > ? ORDER BY seq", (found[0].seq,))):
        if edit.op == Undo.op and edit.args["edit_id"] == undo.edit_id:
            raise UsageError(
                f"edit {found[0].seq} is undone already, by {edit.actor}",
                where=f"edit {edit.seq}",
                todo="undo that to redo",
            )
    return found[0]


def _checked(text: str, what: str, longest: int, allowed: frozenset[str] | None = None) -> str:
    fits = 0 < len(text) <= longest and text.isprintable() and (allowed is None or allowed.issuperset(text))
    if not fits:
        raise UsageError(
            f"the {what} {text[:40]!r} cannot be used", where="edit", todo=f"at most {longest} plain characters"
        )
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
