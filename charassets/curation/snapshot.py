"""The lake's table ``edits``: the edits that stand, as a collection step reads them.

What belongs here: from log to fragment and from its rows back to edits. Not here: when it is taken (the asset ``edits``).
"""

import orjson
import pyarrow as pa

from charassets.curation.decisions import Decisions, replay
from charassets.curation.log import Edit, EditLog, live
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Lake, Manifest
from charassets.schema import BOOKS, EDITS

SHARD = "all"
"""Shard of the snapshot: it is one for the whole collection."""

CODE_VERSION = "1"
"""Raised by hand when the same edits would give other rows."""


def take_snapshot(log: EditLog, lake: Lake) -> tuple[Manifest, bool]:
    """Bring the table up to date with the log; answers its manifest and whether it was so before.

    An edit and its undo leave the table, and with it every fingerprint downstream, as it was.

    Raises:
        StorageError: the log cannot be read, or the lake not written.
    """
    edits = live(log.edits())
    own = fingerprint({"snapshot": CODE_VERSION, "schema": EDITS.version})
    wanted = fingerprint({"stage": own, "edits": [[edit.seq, edit.id] for edit in edits]})
    before = lake.fragment(EDITS.name, SHARD)
    if before is not None and before.is_whole() and before.manifest.fingerprint == wanted:
        return before.manifest, True
    with lake.writer(EDITS.name, SHARD, EDITS.arrow) as writer:
        writer.add(rows_of(edits), BOOKS.empty_table())
        return writer.commit(wanted, own, {}), False


def rows_of(edits: list[Edit]) -> pa.Table:
    """Edits as rows of the table."""
    lines = [(e.seq, e.id, e.at, e.actor, e.op, orjson.dumps(e.args).decode(), e.base) for e in edits]
    return pa.table([list(column) for column in zip(*lines, strict=True)] or [[]] * 7, schema=EDITS.arrow)


def edits_of(rows: pa.Table) -> list[Edit]:
    """Rows of the table as edits, in order of the log."""
    columns = ("edit_id", "seq", "at", "actor", "op", "args", "base")
    lines = zip(*(rows.column(name).to_pylist() for name in columns), strict=True)
    edits = [Edit(i, seq, at, actor, op, orjson.loads(args), base) for i, seq, at, actor, op, args, base in lines]
    return sorted(edits, key=lambda edit: edit.seq)


def decisions_of(rows: pa.Table) -> Decisions:
    """What the rows of the table come to."""
    return replay(edits_of(rows))
