"""What the edits come to: a pure function of the log, replayed on every run.

What belongs here: undo, and which of two words is the last. Not here: what the pipeline does with a decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod
from threading import Lock

from charassets.curation.claims import Cut, Tie
from charassets.curation.links import Links, settle
from charassets.curation.log import Edit, EditLog, live
from charassets.curation.operations import (
    AttributeSet,
    ClusterLock,
    ClusterRename,
    Identity,
    KeepCopies,
    Operation,
    ReviewSkip,
    Undo,
)


@dataclass(frozen=True)
class Review:
    """An answer a person gave: the value, and whose edit it is."""

    value: str
    edit: Edit


@dataclass(frozen=True)
class Name:
    """A character's name, with the records that showed it when it was given."""

    members: frozenset[str]
    name: str
    edit: Edit


@dataclass(frozen=True)
class Keep:
    """Which copies of a group a person keeps."""

    kept: frozenset[str]
    group: frozenset[str]
    edit: Edit


@dataclass(frozen=True)
class Decisions:
    """Everything people decided that still stands.

    Attributes:
        attributes: (record, attribute) to the reviewed value.
        names: characters' names, earlier first; of two that share a record the later is right about it.
        locked: groups of members that were right as they were; also among ``characters.same``.
        characters: which records show the same character, which do not; free of contradictions.
        copies: which pictures are copies, which are not; free of contradictions.
        keeps: choices of the copies to keep; each record stands in at most one.
        identities: record to the name of the character it shows.
        skipped: (record, attribute) that need not be asked again; attribute ``""``: nothing about the record.
        edit_ids: the edits that stand, in order.
    """

    attributes: Mapping[tuple[str, str], Review] = field(default_factory=dict)
    names: tuple[Name, ...] = ()
    locked: tuple[frozenset[str], ...] = ()
    characters: Links = Links()
    copies: Links = Links()
    keeps: tuple[Keep, ...] = ()
    identities: Mapping[str, Review] = field(default_factory=dict)
    skipped: frozenset[tuple[str, str]] = frozenset()
    edit_ids: tuple[str, ...] = ()


_PLAIN = (AttributeSet, ClusterRename, KeepCopies, Identity, ReviewSkip)
"""Operations that tie and cut nothing."""


def replay(edits: Iterable[Edit]) -> Decisions:
    """Take the edits of a log, in order, for what they come to.

    Undone edits leave no trace: a log and the same log with an edit and its undo added give equal decisions, but for
    ``edit_ids``' order.

    Raises:
        UsageError: an operation of a later version of the project.
    """
    gathered = _Gathered()
    for edit in live(list(edits)):
        gathered.add(edit)
    return gathered.decisions()


class Replay:
    """The decisions of a log that grows under a process that goes on: new edits are added to what was replayed.

    Only an undo starts from the beginning, since it may take back what later edits overruled. Threads may share it.
    """

    def __init__(self, log: EditLog) -> None:
        self._log = log
        self._lock = Lock()
        self._edits: list[Edit] = []
        self._gathered = _Gathered()
        self._decisions = Decisions()

    def now(self) -> tuple[Decisions, list[Edit]]:
        """The decisions as the log stands, and its edits in order."""
        with self._lock:
            new = self._log.edits(self._edits[-1].seq if self._edits else 0)
            if new:
                self._edits = [*self._edits, *new]
                if any(edit.op == Undo.op for edit in new):
                    self._gathered, new = _Gathered(), live(self._edits)
                for edit in new:
                    self._gathered.add(edit)
                self._decisions = self._gathered.decisions()
            return self._decisions, self._edits


class _Gathered:
    def __init__(self) -> None:
        self._statements: list[Tie | Cut] = []
        self._edit_ids: list[str] = []
        self._attributes: dict[tuple[str, str], Review] = {}
        self._names: list[Name] = []
        self._locked: list[frozenset[str]] = []
        self._keeps: list[Keep] = []
        self._identities: dict[str, Review] = {}
        self._skipped: set[tuple[str, str]] = set()

    def add(self, edit: Edit) -> None:
        """Take an edit that stands, in order."""
        operation = edit.operation
        if not isinstance(operation, _PLAIN):
            claims = operation.claims()
            self._statements += (*claims.ties, *claims.cuts)
        self._edit_ids.append(edit.id)
        self.take(operation, edit)

    def decisions(self) -> Decisions:
        characters, copies = (
            settle([s for s in self._statements if s.relation == relation]) for relation in ("character", "copy")
        )
        locked = tuple(lock for lock in self._locked if len(lock) == 1 or any(map(lock.issubset, characters.same)))
        return Decisions(
            attributes=dict(self._attributes),
            names=tuple(self._names),
            locked=locked,
            characters=characters,
            copies=copies,
            keeps=tuple(self._keeps),
            identities=dict(self._identities),
            skipped=frozenset(self._skipped),
            edit_ids=tuple(self._edit_ids),
        )

    @singledispatchmethod
    def take(self, operation: Operation, edit: Edit) -> None:
        """Ties and cuts are settled together at the end; what else an operation says, later wins."""

    @take.register
    def _(self, operation: AttributeSet, edit: Edit) -> None:
        for record in operation.record_ids:
            self._attributes[record, operation.attribute] = Review(operation.value, edit)
            self._skipped.discard((record, operation.attribute))

    @take.register
    def _(self, operation: ClusterRename, edit: Edit) -> None:
        members = frozenset(operation.members)
        self._names = [name for name in self._names if not name.members <= members]
        self._names.append(Name(members, operation.name, edit))

    @take.register
    def _(self, operation: ClusterLock, edit: Edit) -> None:
        self._locked.append(frozenset(operation.members))

    @take.register
    def _(self, operation: KeepCopies, edit: Edit) -> None:
        group = frozenset(operation.group)
        earlier = (Keep(keep.kept - group, keep.group - group, keep.edit) for keep in self._keeps)
        self._keeps = [keep for keep in earlier if keep.group]
        self._keeps.append(Keep(frozenset(operation.record_ids), group, edit))

    @take.register
    def _(self, operation: Identity, edit: Edit) -> None:
        for record in operation.record_ids:
            self._identities[record] = Review(operation.name, edit)

    @take.register
    def _(self, operation: ReviewSkip, edit: Edit) -> None:
        self._skipped.update((record, operation.attribute or "") for record in operation.record_ids)
