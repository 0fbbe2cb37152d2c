"""How many members of characters kept the id they had, people's own corrections left aside.

What belongs here: which ids changed because of people, and the count. Not here: how ids are carried over
(``charassets.similarity.continuity``), and from which share on a check complains (``cluster_health``).
"""

from collections.abc import Iterator, Sequence, Set

import pyarrow as pa
import pyarrow.compute as pc

from charassets.curation.log import Edit
from charassets.curation.operations import Identity
from charassets.similarity.places import Places
from charassets.stages.cluster_health import CARRIED_SCHEMA

HEEDED = "heeded"
"""Role of the table, kept beside the rows, of the edits that a run heeded and that can move records, with those records."""

HEEDED_SCHEMA = pa.schema([pa.field("edit_id", pa.string(), False), pa.field("record_id", pa.string(), False)])


def heeded(edits: Sequence[Edit]) -> pa.Table:
    """The table of that role for the edits that stand: a row an edit and record it speaks of."""
    rows = list(_moving(edits))
    return pa.table([[edit for edit, _ in rows], [record for _, record in rows]], schema=HEEDED_SCHEMA)


def _moving(edits: Sequence[Edit]) -> Iterator[tuple[str, str]]:
    for edit in edits:
        operation = edit.operation
        claims = operation.claims()
        linked = [link for link in (*claims.ties, *claims.cuts) if link.relation == "character"]
        if linked or isinstance(operation, Identity):
            yield from ((edit.id, record) for record in sorted({record for _, record in claims.touched}))


def newly_said(now: pa.Table, before: pa.Table | None) -> set[str]:
    """The records of edits that were made or undone since the run before.

    Args:
        now: ``heeded`` of this run.
        before: that of the run before; None where there was none.
    """
    earlier = HEEDED_SCHEMA.empty_table() if before is None else before
    known = [set(table["edit_id"].unique().to_pylist()) for table in (now, earlier)]
    changed = pa.array(sorted(known[0] ^ known[1]), pa.string())
    found: set[str] = set()
    for table in (now, earlier):
        found.update(table.filter(pc.field("edit_id").isin(changed))["record_id"].to_pylist())
    return found


def carried(now: pa.Table, before: pa.Table | None, said: Set[str]) -> pa.Table:
    """How many members of a character had one before, and of how many it is the same.

    A member is left out whose id changed from one to another character that people spoke of in between: that is what they wanted.

    Args:
        now: record_id and character_id, null for noise.
        before: the same of the run before, None where there was none.
        said: the records that people spoke of since then, as they are kept.
    """
    earlier = now.slice(0, 0) if before is None else before
    records = pa.array(sorted(said), pa.string())
    spoken = [table.filter(pc.field("record_id").isin(records))["character_id"] for table in (now, earlier)]
    names = pa.chunked_array([chunk for column in spoken for chunk in column.chunks], pa.string()).drop_null().unique()
    row = Places(earlier["record_id"]).of(now["record_id"])
    was = earlier["character_id"].take(pa.array(row, mask=row < 0)).combine_chunks()
    both = pa.table({"now": now["character_id"].combine_chunks(), "was": was}).drop_null()
    changed = both.filter(pc.field("now") != pc.field("was"))
    by_people = changed.filter(pc.field("now").isin(names) & pc.field("was").isin(names))
    return pa.table([[len(both) - len(by_people)], [len(both) - len(changed)]], schema=CARRIED_SCHEMA)
