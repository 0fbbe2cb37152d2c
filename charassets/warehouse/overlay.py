"""Edits that the warehouse has not taken in yet, laid over it: an edit shows at once, the file stays as it is.

What belongs here: what a pending edit changes in ``records``, ``reviews``, ``final_attributes`` and ``character_names``. Not here:
the final word on clusters, which is the next run's: a merge shows as it was meant, a split and an ejection too, until then.

The overlay lies in the connection's own in-memory database; the search path puts it before the warehouse, so that every query
that asks for ``records`` asks for the overlaid ones.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import duckdb
import pyarrow as pa

from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.curation import Decisions, Edit, Replay
from charassets.curation.operations import DifferentCharacter, Eject, SameCharacter
from charassets.warehouse.identities import CHANGED, SAID, said_rows
from charassets.warehouse.names import put_names
from charassets.warehouse.records import column_of
from charassets.warehouse.reviews import FINAL, REVIEWS, final_sql, review_rows
from charassets.warehouse.sql import identifier, literal

_PATH = "memory.main,charassets.main"
_CHANGED = "pending_records"
_STATE = "overlay_state"
_NAMED = ("identity", "identity_status", "identity_review")
_lock = Lock()


@dataclass(frozen=True)
class Overlay:
    """What lies over the warehouse.

    Attributes:
        head: place of the last edit of the log that was taken in; the ``base`` of edits made on this view.
        pending: edits that the warehouse does not hold yet.
        revoked: edits that it holds and that were undone since; what they did to characters stays until the next run.
    """

    head: int
    pending: int
    revoked: int


def lay_over(con: duckdb.DuckDBPyConnection, replayed: Replay) -> Overlay:
    """Lay the log's present state over the warehouse that ``con`` (or its cursor) has open.

    Costs two milliseconds where nothing was edited since the last time on the same connection.

    Args:
        con: a connection of ``charassets.warehouse.connect`` or a cursor of one; its search path is set.
        replayed: the decisions of the workspace's edit log.
    """
    now, edits = replayed.now()
    head = edits[-1].seq if edits else 0
    with _lock:  # two cursors of one connection would otherwise lay over at once
        found = _state(con)
        if found is None or found.head != head:
            found = _laid(con, now, edits)
    con.execute(f"SET search_path = {literal(_PATH)}")
    return found


def _state(con: duckdb.DuckDBPyConnection) -> Overlay | None:
    try:
        rows = con.execute(f"SELECT head, pending, revoked FROM memory.main.{_STATE}").fetchall()  # noqa: S608
    except duckdb.CatalogException:
        return None
    return Overlay(*rows[0])


def _laid(con: duckdb.DuckDBPyConnection, now: Decisions, edits: Sequence[Edit]) -> Overlay:
    before = {edit_id for (edit_id,) in con.execute("SELECT edit_id FROM charassets.main.edits").fetchall()}
    standing = set(now.edit_ids)
    added = [edit for edit in edits if edit.id in standing and edit.id not in before]
    overlay = Overlay(edits[-1].seq if edits else 0, len(added), len(before - standing))
    con.execute("BEGIN")
    try:
        _put(con, REVIEWS.name, review_rows(now))
        _put(con, SAID, said_rows(now))
        _put_records(con, _changed_answers(con), _moves(con, added), now)
        final = final_sql("charassets.main.fused_attributes", f"memory.main.{REVIEWS.name}")
        con.execute(f"CREATE OR REPLACE VIEW memory.main.{FINAL} AS {final}")
        put_names(con, now, "memory.main.")
        state = pa.table({name: [getattr(overlay, name)] for name in ("head", "pending", "revoked")})
        _put(con, _STATE, state)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
    return overlay


def _put(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    con.register("laid_over", rows)
    con.execute(f"CREATE OR REPLACE TABLE memory.main.{identifier(name)} AS FROM laid_over")
    con.unregister("laid_over")


_Answers = Mapping[tuple[str, str], tuple[str, float]]
"""(record, attribute) to value and confidence."""


_CHANGED_ANSWERS = """
SELECT record_id, attribute, value, CASE value WHEN $1 THEN 0 ELSE 1 END
FROM memory.main.reviews ANTI JOIN charassets.main.reviews AS stored USING (record_id, attribute, value)
UNION ALL
SELECT
    record_id, attribute,
    CASE status WHEN 'decided' THEN value ELSE $1 END, CASE status WHEN 'decided' THEN confidence ELSE 0 END
FROM charassets.main.fused_attributes
SEMI JOIN (FROM charassets.main.reviews ANTI JOIN memory.main.reviews AS now USING (record_id, attribute)) AS undone
USING (record_id, attribute)
"""


def _changed_answers(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str, float]]:
    """Answers that differ from the warehouse's: newly reviewed ones, and the machine's where a review was undone."""
    rows = con.execute(_CHANGED_ANSWERS, [UNKNOWN]).fetchall()
    return {(record, attribute): (value, float(confidence)) for record, attribute, value, confidence in rows}


def _moves(con: duckdb.DuckDBPyConnection, added: Iterable[Edit]) -> dict[str, str | None]:
    """Record to the character it shows by the edits that are not taken in yet, in their order."""
    operations = [(edit, edit.operation) for edit in added if edit.op in _MOVING]
    asked = sorted({record for _, operation in operations for _, record in operation.claims().touched})
    if not asked:
        return {}
    query = """
        WITH asked AS (SELECT record_id, character_id FROM charassets.main.records WHERE record_id IN (SELECT unnest(?)))
        FROM asked UNION SELECT record_id, character_id FROM charassets.main.records SEMI JOIN asked USING (character_id)
    """
    at: dict[str, str | None] = dict(con.execute(query, [asked]).fetchall())
    before = dict(at)
    for edit, operation in operations:
        if isinstance(operation, SameCharacter):
            here = [r for r in operation.record_ids if r in at]
            held = Counter(character for r in here if (character := at[r]) is not None)
            target = held.most_common(1)[0][0] if held else f"new~{edit.seq}"
            merged = (r for r, character in at.items() if character in held)  # a character is merged whole
            at |= dict.fromkeys([*here, *merged], target)
        elif isinstance(operation, DifferentCharacter):
            left = {at.get(r) for r in operation.left} - {None}
            at |= {r: f"{at[r]}~{edit.seq}" for r in operation.right if at.get(r) in left}
        elif isinstance(operation, Eject):
            at |= dict.fromkeys((r for r in operation.record_ids if r in at), None)
    return {record: character for record, character in at.items() if character != before[record]}


_MOVING = frozenset({SameCharacter.op, DifferentCharacter.op, Eject.op})


def _put_records(
    con: duckdb.DuckDBPyConnection, answers: _Answers, moves: Mapping[str, str | None], now: Decisions
) -> None:
    """The view ``records``: the warehouse's, with the changed cells replaced."""
    named = {record: cells for record, *cells in con.execute(CHANGED).fetchall()}
    touched = sorted({record for record, _ in answers} | moves.keys() | named.keys())
    reviewed: dict[str, list[str]] = {record: [] for record in touched}
    for record, attribute in now.attributes:
        if record in reviewed:
            reviewed[record].append(attribute)
    attributes = [name for name in load().attributes if any(name == attribute for _, attribute in answers)]
    columns: dict[str, pa.Array] = {
        "record_id": pa.array(touched, pa.string()),
        "is_moved": pa.array([record in moves for record in touched], pa.bool_()),
        "character_id": pa.array([moves.get(record) for record in touched], pa.string()),
        "is_named": pa.array([record in named for record in touched], pa.bool_()),
        **{
            name: pa.array([named[record][k] if record in named else None for record in touched], pa.string())
            for k, name in enumerate(_NAMED)
        },
        "reviewed": pa.array([sorted(reviewed[r]) or None for r in touched], pa.list_(pa.string())),
    }
    for name in attributes:
        cells = [answers.get((record, name), (None, None)) for record in touched]
        columns[column_of(name)] = pa.array([value for value, _ in cells], pa.string())
        columns[f"{column_of(name)}_confidence"] = pa.array([confidence for _, confidence in cells], pa.float32())
    _put(con, _CHANGED, pa.table(columns))
    con.execute(f"CREATE OR REPLACE VIEW memory.main.records AS {_records_sql(attributes)}")


def _records_sql(attributes: Sequence[str]) -> str:
    cells = [n for name in attributes for n in (column_of(name), f"{column_of(name)}_confidence")]
    replaced = [f"coalesce(changed.{identifier(n)}, stored.{identifier(n)}) AS {identifier(n)}" for n in cells]
    replaced += [
        "CASE WHEN changed.is_moved THEN changed.character_id ELSE stored.character_id END AS character_id",
        "CASE WHEN changed.is_moved THEN FALSE ELSE stored.character_representative END AS character_representative",
        "CASE WHEN changed.is_moved THEN NULL ELSE stored.sub_cluster END AS sub_cluster",
        *(f"CASE WHEN changed.is_named THEN changed.{name} ELSE stored.{name} END AS {name}" for name in _NAMED),
        "CASE WHEN changed.record_id IS NULL THEN stored.reviewed ELSE changed.reviewed END AS reviewed",
    ]
    core = [identifier(column_of(name)) for name in load().core]
    known = [f"coalesce(({name} <> {literal(UNKNOWN)})::INT, 0)" for name in core]
    sure = " + ".join(
        f"{is_known} * coalesce({identifier(column_of(name) + '_confidence')}, 0)"
        for is_known, name in zip(known, load().core, strict=True)
    )
    return f"""
    SELECT * EXCLUDE (is_changed) REPLACE (
        CASE WHEN is_changed THEN {" + ".join(known)} ELSE decided END AS decided,
        CASE WHEN is_changed THEN ({sure}) / nullif({" + ".join(known)}, 0) ELSE mean_confidence END AS mean_confidence
    ) FROM (
        SELECT stored.* REPLACE ({", ".join(replaced)}), changed.record_id IS NOT NULL AS is_changed
        FROM charassets.main.records AS stored
        LEFT JOIN memory.main.{_CHANGED} AS changed ON changed.record_id = stored.record_id
    )"""  # noqa: S608 - names of the vocabulary, quoted
