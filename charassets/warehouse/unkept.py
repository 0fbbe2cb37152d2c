"""What people decided and does not hold: the table ``unkept``, and what no run has taken in yet.

What belongs here: questions over the warehouse. Not here: the sentences (``charassets.curation``).
"""

from collections.abc import Collection, Sequence

import duckdb
import pyarrow as pa

from charassets.curation import Edit, edits_of, live
from charassets.curation.operations import KeepCopies, Operation
from charassets.curation.unkept_copies import Placed, copies_named, unkept_copies
from charassets.schema import CHARACTER_CLUSTERS, EDITS, NEAR_DUPLICATES, Column, Table
from charassets.stages.cluster_health import UNKEPT as ROLE
from charassets.stages.gates import VERDICTS
from charassets.warehouse.load import Fragments, create_empty, describe, insert

UNKEPT = Table(
    "unkept",
    2,
    "One row a decision of people that does not hold after the last run, or holds in part, with the reason.",
    (
        Column("table_name", pa.string(), "Where it does not hold: near_duplicates or character_clusters."),
        Column("what", pa.string(), "What does not hold and why, in words."),
        Column("edit_id", pa.string(), "The edit."),
        Column("actor", pa.string(), "Whose edit it is."),
        Column("at", pa.string(), "Time of the edit, ISO 8601 in UTC."),
    ),
)

_CONCERNED = ("duplicates.", "cluster.", "records.", "identity.")
_PLACED = """
SELECT copies.record_id, copies.group_id, coalesce(raw.image_id, copies.record_id)
FROM near_duplicates AS copies JOIN raw_shards AS raw USING (record_id) WHERE copies.record_id IN (SELECT unnest($1))
"""
_DROPPED = """
SELECT record_id, fate, reason FROM all_records
WHERE record_id IN (SELECT unnest($1)) AND fate NOT IN ('kept', 'duplicate', 'pending')
"""


def create_unkept(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``unkept``: of characters as their stage found it, of copies as groups and gates are now.

    ``all_records`` comes first.
    """
    create_empty(con, UNKEPT.name, UNKEPT.arrow)
    for fragment in fragments[CHARACTER_CLUSTERS.name]:
        if fragment.manifest.has(ROLE):
            _put(con, CHARACTER_CLUSTERS.name, fragment.read(role=ROLE))
    for fragment in fragments[EDITS.name]:
        edits = edits_of(fragment.read())
        records = sorted(copies_named(edits))
        if records:
            dropped = not_kept(con, records)
            rows = con.execute(_PLACED, [records]).fetchall()
            placed = {record: Placed(group, content, dropped.get(record)) for record, group, content in rows}
            _put(con, NEAR_DUPLICATES.name, unkept_copies(edits, placed))
    describe(con, UNKEPT, "TABLE", UNKEPT.arrow.names)


def _put(con: duckdb.DuckDBPyConnection, table: str, said: pa.Table) -> None:
    insert(con, UNKEPT.name, said.append_column("table_name", pa.repeat(pa.scalar(table), len(said))))


def not_kept(con: duckdb.DuckDBPyConnection, records: Collection[str]) -> dict[str, str]:
    """Of these records those that are not kept for another reason than being copies, with the reason in words."""
    rows = con.execute(_DROPPED, [sorted(records)]).fetchall()
    return {
        record: f"the gates drop it as {fate} ({reason})" if fate in VERDICTS else f"it is {fate} ({reason})"
        for record, fate, reason in rows
    }


def dropped_choices(con: duckdb.DuckDBPyConnection, operation: Operation) -> tuple[str, ...]:
    """What a choice among copies will not bring about: a sentence a chosen record that is not kept all the same."""
    if not isinstance(operation, KeepCopies):
        return ()
    chosen = operation.record_ids
    dropped = not_kept(con, chosen)
    rest = set(operation.group) - set(chosen)
    lost = "; its copies are left out with it" if rest and len(dropped) == len(chosen) else ""
    return tuple(f"{record} is chosen and still not kept: {why}{lost}" for record, why in sorted(dropped.items()))


def waiting(con: duckdb.DuckDBPyConnection, edits: Sequence[Edit]) -> list[tuple[str, Edit]]:
    """Edits about copies and characters that no run has heeded yet, and heeded ones that were undone since: a sentence each.

    Args:
        con: the warehouse with the edits laid over it.
        edits: the whole log.
    """
    heeded = {edit for (edit,) in con.execute("SELECT edit_id FROM charassets.main.edits").fetchall()}
    standing = {edit.id for edit in live(edits)}
    concerned = [edit for edit in edits if edit.op.startswith(_CONCERNED)]
    new = [(f"{edit.op} waits for the next run", edit) for edit in concerned if edit.id in standing - heeded]
    back = [
        (f"{edit.op} is undone, which waits for the next run", edit)
        for edit in concerned
        if edit.id in heeded - standing
    ]
    return sorted([*new, *back], key=lambda line: line[1].seq)
