"""Whom the records show, by people's word before the gallery's: the columns ``identity...`` of ``records``.

What belongs here: the rule, its columns, and what pending edits change of them. Not here: recognising (``charassets.identity``) and
the log (``charassets.curation``).
"""

import duckdb
import pyarrow as pa

from charassets.curation import Decisions, decisions_of
from charassets.curation.operations import NOBODY
from charassets.schema import CHARACTER_IDENTITIES, EDITS
from charassets.warehouse.load import Fragments, create_empty, insert
from charassets.warehouse.reviews import REVIEWED
from charassets.warehouse.sql import literal

SAID = "said_identities"
"""Table of people's word: record and name, null where they say that it is nobody of the gallery."""

_SCHEMA = pa.schema([("record_id", pa.string()), ("name", pa.string())])

CHANGED = f"""
SELECT record_id, said.name AS identity, {literal(REVIEWED)} AS identity_status, NULL::VARCHAR AS identity_review
FROM memory.main.{SAID} AS said JOIN charassets.main.records AS stored USING (record_id)
WHERE stored.identity_status IS DISTINCT FROM {literal(REVIEWED)} OR stored.identity IS DISTINCT FROM said.name
UNION ALL
SELECT
    record_id, machine.name,
    CASE WHEN machine.record_id IS NULL THEN NULL WHEN machine.name IS NULL THEN 'unknown' ELSE 'recognised' END,
    machine.review
FROM (SELECT record_id FROM charassets.main.records WHERE identity_status = {literal(REVIEWED)})
ANTI JOIN memory.main.{SAID} USING (record_id)
LEFT JOIN charassets.main.{CHARACTER_IDENTITIES.name} AS machine USING (record_id)
"""  # noqa: S608 - constants of this project
"""What differs from the stored ``records`` once ``SAID`` lies in memory: new words, and the machine's where one was undone."""


def said_rows(decisions: Decisions) -> pa.Table:
    """People's word that stands, as rows of ``SAID``."""
    names = [None if said.value == NOBODY else said.value for said in decisions.identities.values()]
    return pa.table([list(decisions.identities), names], schema=_SCHEMA)


def create_said(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create the temporary table ``SAID`` from the snapshot of the edit log; ``records`` is made from it."""
    create_empty(con, SAID, _SCHEMA, temporary=True)
    for fragment in fragments[EDITS.name]:
        insert(con, SAID, said_rows(decisions_of(fragment.read())))
