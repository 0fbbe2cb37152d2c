"""Edits as JSON lines, so that people can share work: export, and import without overwriting anybody.

What belongs here: the format and what becomes of a line. Not here: the log itself (``log``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from charassets.curation.log import ConflictError, EditLog
from charassets.curation.operations import parse
from charassets.errors import UsageError

_FIELDS = ("id", "at", "actor", "op", "args")


@dataclass(frozen=True)
class Held:
    """A line that was not taken in: its number from 1, its edit, and why."""

    line: int
    edit_id: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What became of the lines: edits added, edits that were here already, and those held back."""

    added: int
    known: int
    held: tuple[Held, ...]


def export_edits(log: EditLog, after: int = 0) -> Iterator[bytes]:
    """The edits after a place, one JSON object a line: ``id``, ``at``, ``actor``, ``op``, ``args``. Places are a log's own."""
    for edit in log.edits(after):
        yield orjson.dumps({name: getattr(edit, name) for name in _FIELDS}) + b"\n"


def import_edits(log: EditLog, lines: Iterable[bytes | str]) -> Imported:
    """Append what is new, in the file's order, under its own ids, times and actors.

    A line that says otherwise than an edit of this log which the file does not know is held back and told, never laid over
    it; so is the undo of a line that was held back. Importing a file twice adds nothing.

    Raises:
        UsageError: a line is no edit; nothing of the file is taken in.
    """
    edits = [_read(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    theirs = {edit["id"] for _, edit in edits}
    present = {edit.id: edit for edit in log.edits()}
    added = known = 0
    held: list[Held] = []
    for number, edit in edits:
        if edit["id"] in present:
            known += 1
            continue
        try:
            log.append(
                edit["op"], edit["args"], actor=edit["actor"], at=edit["at"], edit_id=edit["id"], base=0, seen=theirs
            )
            added += 1
        except (ConflictError, UsageError) as error:
            held.append(Held(number, edit["id"], str(error)))
    return Imported(added, known, tuple(held))


def _read(number: int, line: bytes | str) -> tuple[int, dict[str, Any]]:
    try:
        edit = orjson.loads(line)
        if not isinstance(edit, dict) or not all(isinstance(edit.get(name), str) for name in _FIELDS[:4]):
            raise ValueError(f"it needs {', '.join(_FIELDS)}")
        datetime.fromisoformat(edit["at"])
        parse(edit["op"], edit["args"])
    except (ValueError, TypeError, KeyError, UsageError) as error:
        raise UsageError(f"line {number} is no edit: {error}", where="import", todo="mend or remove the line") from None
    return number, edit
