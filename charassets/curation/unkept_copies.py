"""What people said of copies and does not hold after a run, edit by edit, in words.

What belongs here: holding the edits that stand against the groups that were found and the gates. Not here: characters
(``unkept``), and how groups are made (``charassets.similarity``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from charassets.curation.decisions import replay
from charassets.curation.log import Edit
from charassets.curation.operations import KeepCopies
from charassets.curation.unkept import in_order, named


@dataclass(frozen=True)
class Placed:
    """Where a record is among copies.

    Attributes:
        group: the record kept of its group, or that would be if the gates let it pass.
        content: its picture by content; equal for the same bytes.
        dropped: why it is not kept although it is no copy of another, None where nothing drops it.
    """

    group: str
    content: str
    dropped: str | None = None


def copies_named(edits: Iterable[Edit]) -> set[str]:
    """The records that edits about copies name."""
    return {record for edit in edits if edit.op.startswith("duplicates.") for record in edit.operation.records}


def unkept_copies(edits: Sequence[Edit], placed: Mapping[str, Placed]) -> pa.Table:
    """The edits about copies that stand and do not hold; schema ``charassets.curation.unkept.UNKEPT``, in the log's order.

    Args:
        edits: the edits that stand.
        placed: where the records are; of those that are not here nothing is said.
    """
    found = [(edit, what) for edit in edits for what in _broken(edit, placed)]
    for keep in replay(edits).keeps:  # of two choices of one copy the later stands
        kept = sorted(keep.kept & placed.keys())
        found += [(keep.edit, what) for what in _together(kept, kept, placed)]
        found += [
            (keep.edit, f"{record} was chosen of its copies and is not kept: {why}")
            for record in kept
            if (why := placed[record].dropped) is not None
        ]
    return in_order(found)


def _broken(edit: Edit, placed: Mapping[str, Placed]) -> Iterator[str]:
    operation = edit.operation
    if isinstance(operation, KeepCopies):
        return
    claims = operation.claims()
    for tie in claims.ties:
        here = sorted(tie.records & placed.keys()) if tie.relation == "copy" else []
        groups = {placed[record].group for record in here}
        if len(groups) > 1:
            yield f"{named(here)} are in {len(groups)} groups although they were called copies: another word parts them"
    for cut in claims.cuts:
        if cut.relation == "copy":
            yield from _together(sorted(cut.left & placed.keys()), sorted(cut.right & placed.keys()), placed)


def _together(left: Sequence[str], right: Sequence[str], placed: Mapping[str, Placed]) -> Iterator[str]:
    """The groups that hold different records of both sides."""
    sides = [_by_group(side, placed) for side in (left, right)]
    for group in sorted(sides[0].keys() & sides[1].keys()):
        here = sorted({*sides[0][group], *sides[1][group]})
        if len(here) < 2:  # noqa: PLR2004 - alone with itself
            continue
        same = len({placed[record].content for record in here}) == 1
        why = "have the same bytes" if same else f"are copies of one picture, {group},"
        yield f"{named(here)} {why} and stay together although they were parted"


def _by_group(records: Iterable[str], placed: Mapping[str, Placed]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        found.setdefault(placed[record].group, []).append(record)
    return found
