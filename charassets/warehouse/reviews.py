"""What people said of attributes, beside what the machine said: the table ``reviews`` and the view ``final_attributes``.

What belongs here: from edits to rows, and the rule that a person's word wins. Not here: the log (``charassets.curation``).
"""

from string import Template

import duckdb
import pyarrow as pa

from charassets.attributes.vocabulary import UNKNOWN
from charassets.curation import Decisions, decisions_of
from charassets.schema import CHARACTER_ATTRIBUTES, EDITS, MERGED_ATTRIBUTES, Column, Table
from charassets.warehouse.load import Fragments, create_empty, describe, insert
from charassets.warehouse.sql import comment, literal

REVIEWED = "reviewed"
"""Status of an attribute that a person answered; its confidence is 1 (0 where the answer is Unknown)."""

REVIEWS = Table(
    "reviews",
    1,
    "One row a record and attribute that a person answered: the last word that stands.",
    (
        Column("record_id", pa.string(), "The record."),
        Column("attribute", pa.string(), "Attribute of the vocabulary."),
        Column("value", pa.string(), "The value a person gave; Unknown where it cannot be told."),
        Column("actor", pa.string(), "Who said so."),
        Column("at", pa.string(), "When, ISO 8601 in UTC."),
        Column("edit_id", pa.string(), "The edit in the log."),
    ),
)

FUSED = "fused_attributes"
FINAL = "final_attributes"

_FUSED = f"""
SELECT *, CAST(NULL AS VARCHAR[]) AS copies FROM {CHARACTER_ATTRIBUTES.name}
ANTI JOIN {MERGED_ATTRIBUTES.name} USING (record_id, attribute)
UNION ALL BY NAME
SELECT * EXCLUDE (words) FROM {MERGED_ATTRIBUTES.name}
"""  # noqa: S608 - constants of this project

_FINAL = f"""
SELECT
    record_id,
    attribute,
    coalesce(said.value, fused.value) AS value,
    CASE WHEN said.value IS NULL THEN fused.confidence WHEN said.value = {literal(UNKNOWN)} THEN 0 ELSE 1 END AS confidence,
    CASE WHEN said.value IS NULL THEN fused.status ELSE {literal(REVIEWED)} END AS status,
    fused.sources, fused.runner_up, fused.reason,
    fused.value AS machine_value, fused.confidence AS machine_confidence, fused.status AS machine_status,
    said.actor AS reviewed_by, said.at AS reviewed_at, said.edit_id
FROM $fused AS fused
FULL JOIN $said AS said USING (record_id, attribute)
"""  # noqa: S608 - constants of this project

_DOCS = {
    "record_id": "Key of the record.",
    "attribute": "Attribute of the vocabulary.",
    "value": "The value: a person's word where there is one, else the fused answer.",
    "confidence": "Confidence in the value, 0-1; 1 for a person's word, 0 for Unknown.",
    "status": "reviewed, decided, ambiguous or unknown.",
    "sources": "Evidence sources that support the machine's value.",
    "runner_up": "The machine's second candidate.",
    "reason": "How the machine's value was reached.",
    "machine_value": "What the machine says, whatever people say.",
    "machine_confidence": "The machine's confidence in that, 0-1.",
    "machine_status": "decided, ambiguous or unknown.",
    "reviewed_by": "Who answered; null where nobody did.",
    "reviewed_at": "When, ISO 8601 in UTC.",
    "edit_id": "The edit in the log.",
}


def review_rows(decisions: Decisions) -> pa.Table:
    """The reviewed attributes as rows of ``reviews``."""
    rows = [
        (*key, said.value, said.edit.actor, said.edit.at, said.edit.id) for key, said in decisions.attributes.items()
    ]
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[]] * 6, schema=REVIEWS.arrow)


def create_fused(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``fused_attributes``: what the machine says, words of dropped copies included; the lake's tables come first."""
    con.execute(f"CREATE VIEW {FUSED} AS {_FUSED}")
    about = "One row a record and attribute: the fused value, with the words that dropped copies add to their keeper."
    con.execute(comment("VIEW", FUSED, about))
    for column in CHARACTER_ATTRIBUTES.columns:
        con.execute(comment("COLUMN", f"{FUSED}.{column.name}", column.doc))
    copies = next(column for column in MERGED_ATTRIBUTES.columns if column.name == "copies")
    con.execute(comment("COLUMN", f"{FUSED}.copies", f"{copies.doc[:-1]}; null where none were."))


def create_reviews(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``reviews`` from the snapshot of the edit log, and ``final_attributes``; ``create_fused`` comes first."""
    create_empty(con, REVIEWS.name, REVIEWS.arrow)
    for fragment in fragments[EDITS.name]:
        insert(con, REVIEWS.name, review_rows(decisions_of(fragment.read())))
    describe(con, REVIEWS, "TABLE", REVIEWS.arrow.names)
    con.execute(f"CREATE VIEW {FINAL} AS {final_sql(FUSED, REVIEWS.name)}")
    con.execute(
        comment("VIEW", FINAL, "One row a record and attribute: a person's word before the machine's, both kept.")
    )
    for name, doc in _DOCS.items():
        con.execute(comment("COLUMN", f"{FINAL}.{name}", doc))


def final_sql(fused: str, said: str) -> str:
    """The query behind ``final_attributes`` over two tables, by their quoted names."""
    return Template(_FINAL).substitute(fused=fused, said=said)
