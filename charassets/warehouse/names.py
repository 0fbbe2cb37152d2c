"""What people call characters: the table ``character_names``.

What belongs here: from names of records to names of characters. Not here: who said them (``charassets.curation``).
"""

import duckdb
import pyarrow as pa

from charassets.curation import Decisions, decisions_of
from charassets.schema import EDITS, Column, Table
from charassets.warehouse.load import Fragments
from charassets.warehouse.sql import comment

NAMES = Table(
    "character_names",
    1,
    "One row a character that people named.",
    (
        Column("character_id", pa.string(), "The character."),
        Column("name", pa.string(), "What most of its named members were called last."),
        Column("votes", pa.int32(), "Members that people named."),
    ),
)


def create_names(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``character_names`` from the snapshot of the edit log; ``create_records`` comes first."""
    held = fragments[EDITS.name]
    put_names(con, decisions_of(held[0].read()) if held else Decisions())


def put_names(con: duckdb.DuckDBPyConnection, now: Decisions, within: str = "") -> None:
    """Write ``character_names`` anew: a character bears the name that most of its named members were given last.

    Args:
        con: where ``records`` is.
        now: what people said.
        within: the database and schema that hold the table and ``records``, with a dot behind; those in use, without.
    """
    named = {record: name.name for name in now.names for record in name.members}
    columns = {"record_id": pa.array(named.keys(), pa.string()), "name": pa.array(named.values(), pa.string())}
    con.register("named_records", pa.table(columns))
    con.execute(f"""
        CREATE OR REPLACE TABLE {within}{NAMES.name} AS
        SELECT character_id, arg_max(name, (votes, name)) AS name, sum(votes)::INT AS votes FROM (
            SELECT character_id, name, count(*) AS votes FROM {within}records JOIN named_records USING (record_id)
            WHERE character_id IS NOT NULL GROUP BY ALL
        ) GROUP BY character_id
    """)  # noqa: S608 - constants
    con.unregister("named_records")
    con.execute(comment("TABLE", f"{within}{NAMES.name}", NAMES.doc))
    for column in NAMES.columns:
        con.execute(comment("COLUMN", f"{within}{NAMES.name}.{column.name}", column.doc))
