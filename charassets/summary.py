"""What a workspace holds, counted: the table at the end of a run, the JSON of ``--json``, the app's first page.

What belongs here: the numbers. Not here: how they are shown.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.lake.workspace import Workspace
from charassets.warehouse import connect
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier


@dataclass(frozen=True)
class Coverage:
    """How far an attribute is known among the kept records.

    Attributes:
        decided: records in which it is decided.
        share: the same as a share of the kept records, 0-1.
        mean_confidence: mean confidence where it is decided; None where it never is.
    """

    decided: int
    share: float
    mean_confidence: float | None


@dataclass(frozen=True)
class Summary:
    """Counts of records; every record in is in exactly one of kept, rejected, not single, duplicates, quarantined, pending.

    Attributes:
        records: records in, by source.
        kept: records kept, by source.
        rejected: records that could not be read, by code.
        not_single: readable records that are not one character, by verdict.
        verdicts: every readable record by verdict, ``single`` included.
        duplicates: copies dropped.
        duplicate_groups: groups of two or more copies.
        quarantined: records that policy keeps out.
        pending: records that no stage has looked at yet.
        characters: characters found.
        noise: kept pictures that belong to no character.
        attributes: how far each attribute is known.
    """

    records: Mapping[str, int]
    kept: Mapping[str, int]
    rejected: Mapping[str, int]
    not_single: Mapping[str, int]
    verdicts: Mapping[str, int]
    duplicates: int
    duplicate_groups: int
    quarantined: int
    pending: int
    characters: int
    noise: int
    attributes: Mapping[str, Coverage]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def summarise(workspace: Workspace) -> Summary:
    """Count what the warehouse holds.

    Raises:
        UsageError: there is no warehouse yet.
    """
    with connect(workspace) as con:
        fates = _counts(con, "SELECT fate, count(*) FROM all_records GROUP BY ALL")
        known = {"kept", "rejected", "duplicate", "quarantined", "pending"}
        groups, characters, noise = _numbers(
            con,
            """
            SELECT
                (SELECT count(DISTINCT group_id) FROM near_duplicates WHERE NOT keeper AND single),
                (SELECT count(DISTINCT character_id) FROM records),
                (SELECT count(*) FROM records WHERE character_id IS NULL AND NOT text_only)
            """,
        )
        return Summary(
            records=_counts(con, "SELECT coalesce(source, ''), count(*) FROM all_records GROUP BY ALL"),
            kept=_counts(con, "SELECT source, count(*) FROM records GROUP BY ALL"),
            rejected=_counts(con, "SELECT code, count(*) FROM all_records WHERE fate = 'rejected' GROUP BY ALL"),
            not_single={fate: count for fate, count in fates.items() if fate not in known},
            verdicts=_counts(con, "SELECT verdict, count(*) FROM verdicts GROUP BY ALL"),
            duplicates=fates.get("duplicate", 0),
            duplicate_groups=groups,
            quarantined=fates.get("quarantined", 0),
            pending=fates.get("pending", 0),
            characters=characters,
            noise=noise,
            attributes=_coverage(con, fates.get("kept", 0)),
        )


def _counts(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in con.execute(f"{query} ORDER BY 2 DESC, 1").fetchall()}


def _numbers(con: duckdb.DuckDBPyConnection, query: str) -> list[int]:
    return [int(number or 0) for number in con.execute(query).fetchone() or ()]


def _coverage(con: duckdb.DuckDBPyConnection, kept: int) -> dict[str, Coverage]:
    found = {}
    for name in load().attributes:
        column = column_of(name)
        query = (
            f"SELECT count(*), avg({identifier(f'{column}_confidence')}) FROM records WHERE {identifier(column)} <> $1"  # noqa: S608
        )
        decided, confidence = con.execute(query, [UNKNOWN]).fetchone() or (0, None)
        found[name] = Coverage(decided, round(decided / kept, 4) if kept else 0.0, confidence and round(confidence, 4))
    return found
