"""The few errors of the project: a rejection concerns one record, everything else ends the run with a documented exit code.

What belongs here: exception types and the exit codes of the README. Not here: handling them (that is the CLI's and the runner's).
"""

from typing import Any, ClassVar


class Rejected(Exception):  # noqa: N818 - it is not an error of the run, but the fate of one record
    """One record cannot be used; the stage writes it to its books and goes on.

    Args:
        code: stable snake_case reason, one of the codes documented in ``charassets.schema.REJECTION_CODES``.
        detail: the particulars in a few words, for a person.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class CharassetsError(Exception):
    """A failure of the run, told in one line: what is wrong, where, and what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(what + (f" [{where}]" if where else "") + (f"; {todo}" if todo else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Its parts, so that what failed in another process is told here in the same words."""
        return _told_again, (type(self), self.what, self.where, self.todo)


def _told_again(kind: type[CharassetsError], what: str, where: str, todo: str) -> CharassetsError:
    return kind(what, where=where, todo=todo)


class UsageError(CharassetsError):
    """The request or the settings make no sense."""

    exit_code = 2


class SourceError(CharassetsError):
    """A whole source, or a whole shard of it, cannot be read."""

    exit_code = 3


class VerificationError(CharassetsError):
    """Stored bytes are not the bytes that were written."""

    exit_code = 4


class StorageError(CharassetsError):
    """The lake could not be read or written."""

    exit_code = 5


class WorkerLostError(CharassetsError):
    """The worker on a shard died, and those that took over from it; the shard is as it was."""


class ModelMissingError(CharassetsError):
    """A model the profile names is not there, or is not the one that was pinned."""

    exit_code = 6


class BusyError(CharassetsError):
    """Another process works on this workspace."""

    exit_code = 7


def is_interrupted_query(kind: str, message: str) -> bool:
    """Whether an error, by the name of its class and its message, is DuckDB's answer to Ctrl-C during a query.

    DuckDB swallows the KeyboardInterrupt and raises ``RuntimeError("Query interrupted")`` in its place.
    """
    return kind == RuntimeError.__name__ and "Query interrupted" in message
