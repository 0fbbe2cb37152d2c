"""The policy stop, applied to every record before anything is called kept.

What belongs here: asking the rule about each record. Not here: the rule (``charassets.attributes.policy``).
"""

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from charassets.attributes.policy import SEEN_CHILD, child_seen, is_quarantined
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


_SEEN = """
SELECT record_id, list(DISTINCT [value, runner_up]) AS answers, CAST([] AS STRUCT(source VARCHAR, score FLOAT)[]) AS scores
FROM (
    SELECT record_id, attribute, value, status, runner_up FROM character_attributes  -- words of copies may add a stop, not lift one
    UNION ALL
    SELECT record_id, attribute, value, status, runner_up FROM merged_attributes
)
WHERE attribute = 'Age' AND status <> 'unknown' AND 'Child' IN (value, runner_up)
GROUP BY record_id
UNION ALL
SELECT record_id, [], list({source: source, score: score})
FROM visual_evidence
WHERE attribute = 'Age' AND value = 'Child' AND score >= $least
GROUP BY record_id
"""


def create_quarantined(con: duckdb.DuckDBPyConnection, fragments: Fragments) -> None:
    """Create ``quarantined`` from the words of ``raw_shards``, shard by shard, and the tables loaded before.

    A person's review takes no part: who corrects an age must not be able to lift the stop.
    """
    create_empty(con, QUARANTINED.name, QUARANTINED.arrow)
    seen = _seen(con)
    for fragment in fragments[RAW_SHARDS.name]:
        stopped = list(_stopped(fragment, seen))
        insert(con, QUARANTINED.name, pa.Table.from_pylist(stopped, schema=QUARANTINED.arrow))
    describe(con, QUARANTINED, "TABLE", QUARANTINED.arrow.names)


def _seen(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Record to what says that its picture shows a child."""
    found: dict[str, str] = {}
    for record, answers, scores in con.execute(_SEEN, {"least": SEEN_CHILD}).fetchall():
        told = child_seen([(a[0], a[1]) for a in answers], [(s["source"], s["score"]) for s in scores])
        if told is not None:
            found.setdefault(record, told)
    return found


def _stopped(fragment: Fragment, seen: Mapping[str, str]) -> Iterator[dict[str, str]]:
    words = fragment.read(["record_id", "tags", "description", "rating"]).to_pylist()
    for row in words:
        child = seen.get(row["record_id"])
        answer = is_quarantined(parse(row["tags"]).tags, row["rating"], row["description"], seen=child)
        if answer:
            yield {"record_id": row["record_id"], "reason": answer.reason}
