"""The tables most queries start from: ``verdicts``, ``all_records`` (the fate of every record) and ``records`` (the kept).

What belongs here: the columns that the vocabulary decides, and the gates. Not here: the joins, which are SQL (``records.sql``).
"""

from collections.abc import Sequence
from string import Template

import duckdb

from charassets.attributes.evidence import CLASSIFIED
from charassets.attributes.vocabulary import UNKNOWN, Attribute, load
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    MERGED_ATTRIBUTES,
    RAW_SHARDS,
    SINGLE_CHARACTER_IMAGES,
    VISUAL_EVIDENCE,
)
from charassets.settings import GateSettings
from charassets.stages.gates import gate_row, verdict_sql
from charassets.warehouse.load import Fragments
from charassets.warehouse.reviews import REVIEWED
from charassets.warehouse.sql import comment, identifier, literal, literals, script

GATES = "gates"
VERDICTS = "verdicts"

_SETTLED = f"status IN ('decided', {literal(REVIEWED)})"
_ANSWERED = f"""
FROM (
    SELECT record_id, attribute, value, confidence, status FROM arriving
    ANTI JOIN {MERGED_ATTRIBUTES.name} USING (record_id, attribute)
    UNION ALL
    SELECT record_id, attribute, value, confidence, status FROM {MERGED_ATTRIBUTES.name} SEMI JOIN arriving USING (record_id)
) ANTI JOIN reviews USING (record_id, attribute)
UNION ALL
SELECT record_id, attribute, value, CASE value WHEN {literal(UNKNOWN)} THEN 0 ELSE 1 END, {literal(REVIEWED)}
FROM reviews SEMI JOIN arriving USING (record_id)
"""  # noqa: S608 - copies lend words, a person's word takes the place of the machine's; constants
_UNDECIDED = (("value", literal(UNKNOWN)), ("confidence", "0"))  # of two candidates neither is a label to train on


def column_of(attribute: str) -> str:
    """The column of an attribute: ``Hair Color`` is ``hair_color``."""
    return attribute.lower().replace(" ", "_").replace("-", "_")


def create_verdicts(con: duckdb.DuckDBPyConnection, gates: GateSettings) -> None:
    """The one-row table of gates, and the view that judges by it: change a gate in a copy, and the view answers."""
    con.register("arriving", gate_row(gates))
    con.execute(f"CREATE TABLE {GATES} AS FROM arriving")
    con.unregister("arriving")
    con.execute(comment("TABLE", GATES, "One row: the thresholds of the verdict. Changing one recomputes nothing."))
    for name, field in GateSettings.model_fields.items():
        con.execute(comment("COLUMN", f"{GATES}.{name}", field.description or ""))
    con.execute(f"CREATE VIEW {VERDICTS} AS {verdict_sql(SINGLE_CHARACTER_IMAGES.name, GATES)}")
    con.execute(comment("VIEW", VERDICTS, "One row a readable record: is it one character, by the gates, and why."))
    con.execute(comment("COLUMN", f"{VERDICTS}.record_id", "Key of the record."))
    con.execute(comment("COLUMN", f"{VERDICTS}.verdict", "single, none, multiple, ambiguous or low_quality."))
    con.execute(comment("COLUMN", f"{VERDICTS}.reason", "What decided it, in words."))


def create_records(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``all_records`` and ``records``; the lake's tables and ``create_verdicts`` come first."""
    attributes = list(load().attributes.values())
    _gather_answers(con, attributes, fragments)
    columns = ", ".join(f"answers.{identifier(name)}" for a in attributes for name in _columns(a))
    for statement in (
        Template(script("records.sql")).substitute(answer_columns=columns),
        *_answer_comments(attributes),
    ):
        con.execute(statement)
    _describe_from_schema(con)
    _add_classified(con)


def _add_classified(con: duckdb.DuckDBPyConnection) -> None:
    """Two columns a trained classifier whose answers are there: ``classified_NAME`` and its confidence."""
    table = VISUAL_EVIDENCE.name
    asked = f"SELECT DISTINCT attribute FROM {table} WHERE starts_with(attribute, {literal(CLASSIFIED)}) ORDER BY 1"  # noqa: S608
    for (name,) in con.execute(asked).fetchall():
        value, confidence = identifier(name), identifier(f"{name}_confidence")
        con.execute(f"ALTER TABLE records ADD COLUMN {value} VARCHAR")
        con.execute(f"ALTER TABLE records ADD COLUMN {confidence} FLOAT")
        con.execute(
            f"UPDATE records SET {value} = told.value, {confidence} = told.score FROM "  # noqa: S608 - quoted
            f"(SELECT record_id, value, score FROM {table} WHERE attribute = {literal(name)}) AS told "
            "WHERE told.record_id = records.record_id"
        )
        con.execute(comment("COLUMN", f"records.{value}", "Answer of a trained classifier; null below its floor."))
        con.execute(comment("COLUMN", f"records.{confidence}", f"Probability of {name}, 0-1."))


def _columns(attribute: Attribute) -> tuple[str, str]:
    name = column_of(attribute.name)
    return name, f"{name}_confidence"


def _gather_answers(con: duckdb.DuckDBPyConnection, attributes: Sequence[Attribute], fragments: Fragments) -> None:
    """The temporary table ``answers``: one row a record, turned shard by shard so that memory holds one."""
    cells = [
        f"any_value(CASE WHEN {_SETTLED} THEN {of} ELSE {otherwise} END) "
        f"FILTER (attribute = {literal(attribute.name)}) AS {identifier(name)}"
        for attribute in attributes
        for (of, otherwise), name in zip(_UNDECIDED, _columns(attribute), strict=True)
    ]
    told = f"FILTER ({_SETTLED} AND value <> {literal(UNKNOWN)} AND attribute IN {literals(a.name for a in attributes if a.core)})"
    cells += [f"avg(confidence) {told} AS mean_confidence", f"count(*) {told} AS decided"]
    cells += [f"list(attribute ORDER BY attribute) FILTER (status = {literal(REVIEWED)}) AS reviewed"]
    turned = f"SELECT record_id, {', '.join(cells)} FROM ({_ANSWERED}) GROUP BY record_id"  # noqa: S608 - quoted above
    pieces = [CHARACTER_ATTRIBUTES.arrow.empty_table()]
    found = (fragment.read() for fragment in fragments[CHARACTER_ATTRIBUTES.name] if fragment.rows)
    for number, rows in enumerate((*pieces, *found)):
        con.register("arriving", rows)
        con.execute(f"{'INSERT INTO answers' if number else 'CREATE TEMP TABLE answers AS'} {turned}")
        con.unregister("arriving")


def _answer_comments(attributes: Sequence[Attribute]) -> list[str]:
    statements = []
    for attribute in attributes:
        value, confidence = _columns(attribute)
        kind = "one of the nine" if attribute.core else "optional"
        many = "; several values are joined by `; `" if attribute.multi else ""
        about = f"{attribute.name} ({kind}){many}; Unknown unless decided, null where it was not looked for."
        statements.append(comment("COLUMN", f"records.{identifier(value)}", about))
        about = f"Confidence in {value}, 0-1; 0 for Unknown."
        statements.append(comment("COLUMN", f"records.{identifier(confidence)}", about))
    return statements


def _describe_from_schema(con: duckdb.DuckDBPyConnection) -> None:
    """Columns of ``records`` that are copied from a table mean there what they mean in it."""
    bare = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'records' AND comment IS NULL"
    undocumented = {name for (name,) in con.execute(bare).fetchall()}
    docs = {c.name: c.doc for table in (SINGLE_CHARACTER_IMAGES, RAW_SHARDS) for c in table.columns}
    for name in sorted(undocumented & docs.keys()):
        con.execute(comment("COLUMN", f"records.{identifier(name)}", docs[name]))
