"""Gates: what is good enough, as a query over stored scores, so that another threshold recomputes nothing.

What belongs here: the door to ``gates.sql``, the one definition of the verdict. Not here: measuring (the stage before) and the
warehouse, which makes a view of the same text.
"""

from collections.abc import Callable
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings

VERDICTS: dict[str, str] = {
    "single": "shows exactly one figure",
    "none": "shows nobody",
    "multiple": "shows several figures",
    "ambiguous": "tags and boxes disagree, or the boxes leave a doubt",
    "low_quality": "too small, too blurred or too empty to judge",
}
"""The verdicts and what they mean."""

_COLUMNS = list(SINGLE_CHARACTER_IMAGES.narrow)


def gate_row(gates: GateSettings) -> pa.Table:
    """The settings as the one-row table that ``verdict_sql`` takes for its gates."""
    return pa.Table.from_pylist([gates.model_dump()])


def verdict_sql(source: str, gates_relation: str) -> str:
    """The query that answers ``record_id, verdict, reason`` for every row of ``source``.

    Args:
        source: a table, view or parenthesised query with the columns of ``single_character_images`` that are narrow.
        gates_relation: a one-row relation with the fields of ``GateSettings``.
    """
    text = resources.files("charassets.stages").joinpath("gates.sql").read_text(encoding="utf-8")
    # Not str.format: the query's own format() calls are full of braces.
    return text.replace("{source}", source).replace("{gates}", gates_relation)


def judge_of(table: pa.Table) -> Callable[[GateSettings], str]:
    """A judge of the one row of a table, to be asked with many gates."""
    connection = duckdb.connect(config={"threads": 1})
    connection.register("pictures", table.select(_COLUMNS))
    sql = f"SELECT verdict FROM ({verdict_sql('pictures', 'gates')})"  # noqa: S608 - our own text

    def judge(gates: GateSettings) -> str:
        connection.register("gates", gate_row(gates))
        return str(connection.execute(sql).fetchall()[0][0])

    return judge


def verdicts(table: pa.Table, gates: GateSettings) -> pa.Table:
    """The verdicts of rows in memory.

    Args:
        table: rows of ``single_character_images``; binary columns are not needed.
        gates: the thresholds.

    Returns:
        ``record_id``, ``verdict`` (a key of ``VERDICTS``) and ``reason`` (a sentence with the numbers behind it), in the
        order of ``table``.
    """
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("pictures", table.select(_COLUMNS))
        connection.register("gates", gate_row(gates))
        found = connection.sql(verdict_sql("pictures", "gates")).to_arrow_table()
    place = pc.index_in(table["record_id"], value_set=found["record_id"].combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
    return found.take(place)
