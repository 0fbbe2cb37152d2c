"""Copies: which pair a person should look at next, and everything that tells the two pictures apart.

What belongs here: questions over ``near_duplicates``. Not here: edits and looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from charassets.curation import Decisions

AHEAD = 12
"""Pairs shown as coming next."""


@dataclass(frozen=True)
class Copy:
    """One of two pictures.

    Attributes:
        record_id: which.
        width, height: pixels.
        sharpness: variance of the Laplacian.
        bytes: of the file.
        format: of the file.
        source: where it is from.
        place: its item, and member if it has one.
        tags: its tag line, cut at commas.
    """

    record_id: str
    width: int | None
    height: int | None
    sharpness: float | None
    bytes: int | None
    format: str | None
    source: str
    place: str
    tags: frozenset[str]

    @property
    def area(self) -> int | None:
        """Pixels."""
        return self.width * self.height if self.width and self.height else None


@dataclass(frozen=True)
class Pair:
    """A keeper and one of its copies.

    Attributes:
        group_id: their group.
        left: the keeper's record.
        right: the copy's record.
        relation: exact or duplicate.
        cosine: likeness of the embeddings; None without them.
        bits: bits in which their perceptual hashes differ.
        reason: why the copy is dropped.
        size: pictures in the group.
    """

    group_id: str
    left: str
    right: str
    relation: str
    cosine: float | None
    bits: int | None
    reason: str | None
    size: int

    @property
    def key(self) -> str:
        """Identity of the pair."""
        return f"{self.left}|{self.right}"


def pairs(
    con: duckdb.DuckDBPyConnection, decisions: Decisions, first: str = "", count: int = AHEAD
) -> tuple[int, list[Pair]]:
    """How many pairs there are that nobody judged, and the next of them: the least alike first.

    Args:
        con: the warehouse.
        decisions: what was judged already.
        first: key of a pair to begin with, judged or not.
        count: how many at most.
    """
    judged = sorted(_judged(decisions))
    total = con.execute(f"SELECT count(*) FROM ({_PAIRS}) WHERE NOT list_contains($1, key)", [judged]).fetchall()[0][0]  # noqa: S608
    rows = con.execute(
        f"SELECT * EXCLUDE (key) FROM ({_PAIRS}) WHERE key = $2 OR NOT list_contains($1, key) "  # noqa: S608 - constants only
        "ORDER BY key <> $2, relation = 'exact', cosine NULLS LAST, \"right\" LIMIT $3",
        [judged, first, count],
    ).fetchall()
    return int(total), [Pair(*row) for row in rows]


def copies(con: duckdb.DuckDBPyConnection, records: Sequence[str]) -> dict[str, Copy]:
    """What is known of pictures."""
    sql = """
        SELECT raw.record_id, raw.width, raw.height, images.sharpness, raw.length, raw.format, raw.source,
               concat_ws(' / ', raw.item_key, raw.member), coalesce(raw.tags, '')
        FROM raw_shards AS raw LEFT JOIN single_character_images AS images USING (record_id)
        WHERE raw.record_id IN (SELECT unnest($1))
    """
    rows = con.execute(sql, [list(records)]).fetchall()
    return {facts[0]: Copy(*facts, tags=_tags(tags)) for *facts, tags in rows}


def _tags(line: str) -> frozenset[str]:
    """Tags as one says them: `long_hair` and `long hair` are one."""
    return frozenset(tag.strip().lower().replace("_", " ") for tag in line.split(",") if tag.strip())


def members(con: duckdb.DuckDBPyConnection, group_id: str) -> list[str]:
    """Every picture of a group, the keeper first."""
    sql = "SELECT record_id FROM near_duplicates WHERE group_id = ? ORDER BY keeper DESC, record_id"
    return [row[0] for row in con.execute(sql, [group_id]).fetchall()]


def _judged(decisions: Decisions) -> set[str]:
    """Pairs people said something about, either way round."""
    found: set[str] = set()
    for left, right in decisions.copies.different:
        found |= {f"{a}|{b}" for one in left for other in right for a, b in ((one, other), (other, one))}
    for keep in decisions.keeps:
        found |= {f"{a}|{b}" for a in keep.group for b in keep.group if a != b}
    return found


_PAIRS = """
    SELECT d.group_id, d.group_id AS "left", d.record_id AS "right", d.relation, d.cosine, d.phash_distance, d.reason,
           sizes.size, d.group_id || '|' || d.record_id AS key
    FROM near_duplicates AS d
    JOIN (SELECT group_id, count(*) AS size FROM near_duplicates GROUP BY group_id) AS sizes USING (group_id)
    WHERE NOT d.keeper
"""
