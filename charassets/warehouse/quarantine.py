"""The policy stop, applied to every record before anything is called kept.

What belongs here: asking the rule about each record. Not here: the rule (``charassets.attributes.policy``).
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from charassets.attributes.policy import is_quarantined
from charassets.attributes.tags import parse
from charassets.lake.fragments import Fragment
from charassets.schema import RAW_SHARDS, Column, Table
from charassets.warehouse.load import Fragments, create_empty, describe, insert

QUARANTINED = Table(
    "quarantined",
    1,
    "One row a record that policy keeps out of every view, export and page, whatever the settings say.",
    (
        Column("record_id", pa.string(), "The record."),
        Column("reason", pa.string(), "The words that stopped it."),
    ),
)


def create_quarantined(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``quarantined`` from the words of ``raw_shards``, shard by shard."""
    create_empty(con, QUARANTINED.name, QUARANTINED.arrow)
    for fragment in fragments[RAW_SHARDS.name]:
        stopped = list(_stopped(fragment))
        insert(con, QUARANTINED.name, pa.Table.from_pylist(stopped, schema=QUARANTINED.arrow))
    describe(con, QUARANTINED, "TABLE", QUARANTINED.arrow.names)


def _stopped(fragment: Fragment) -> Iterator[dict[str, str]]:
    words = fragment.read(["record_id", "tags", "description", "rating"]).to_pylist()
    for row in words:
        answer = is_quarantined(parse(row["tags"]).tags, row["rating"], row["description"])
        if answer:
            yield {"record_id": row["record_id"], "reason": answer.reason}
