"""Characters: the table of them, one in full, who lies near, where it would split.

What belongs here: questions over ``records`` and embeddings of one character. Not here: edits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from app.services.browse import Tile, tiles_of
from app.services.context import given_names

PAGE = 40
SHOWN = 60
"""Members shown of one character."""

_SAMPLED = 512  # members whose embeddings are compared
_ORDERS = {"size": "size DESC, character_id", "doubt": "doubt, character_id", "name": "character_id"}


@dataclass(frozen=True)
class Row:
    """A character in the table.

    Attributes:
        character_id: id.
        size: kept pictures.
        doubt: least strength of membership, 0-1.
        strength: mean strength of membership.
        representative: record that stands for it.
        suggested: the name most of its records came with.
        identity: the character of the gallery that most of its records show, as machine or people say.
    """

    character_id: str
    size: int
    doubt: float
    strength: float
    representative: str
    suggested: str | None
    identity: str | None


@dataclass(frozen=True)
class Cluster:
    """One character in full.

    Attributes:
        row: its line of the table.
        members: shown members, the most central first.
        similarity: record to cosine with the middle, of the members that were compared.
        least, median: pair similarities among the compared members; None for fewer than two.
        near: nearest other characters with the similarity of their middles.
    """

    row: Row
    members: tuple[Tile, ...]
    similarity: Mapping[str, float]
    least: float | None
    median: float | None
    near: tuple[tuple[str, float], ...]


def table(con: duckdb.DuckDBPyConnection, order: str = "size", page: int = 1) -> tuple[int, list[Row]]:
    """How many characters there are, and a page of them."""
    total = con.execute("SELECT count(DISTINCT character_id) FROM records").fetchall()[0][0]
    sql = f"{_TABLE} ORDER BY {_ORDERS.get(order, _ORDERS['size'])} LIMIT {PAGE} OFFSET ?"
    return int(total), [Row(*row) for row in con.execute(sql, [PAGE * (page - 1)]).fetchall()]


def row_of(con: duckdb.DuckDBPyConnection, character_id: str) -> Row | None:
    """One line of the table."""
    found = con.execute(f"SELECT * FROM ({_TABLE}) WHERE character_id = ?", [character_id]).fetchall()  # noqa: S608
    return Row(*found[0]) if found else None


def members_of(con: duckdb.DuckDBPyConnection, character_id: str) -> list[str]:
    """Its records, the surest members first."""
    sql = (
        "SELECT record_id FROM records WHERE character_id = ? ORDER BY character_probability DESC NULLS LAST, record_id"
    )
    return [row[0] for row in con.execute(sql, [character_id]).fetchall()]


def cluster(con: duckdb.DuckDBPyConnection, character_id: str) -> Cluster | None:
    """One character in full; None if there is none of that id."""
    row = row_of(con, character_id)
    if row is None:
        return None
    members = members_of(con, character_id)
    ids, values = _vectors(con, members[:_SAMPLED])
    middle = _unit(values.mean(axis=0)) if len(ids) else np.zeros(0, np.float32)
    similarity = dict(zip(ids, (values @ middle).tolist(), strict=True)) if len(ids) else {}
    least, median = _pairs(values)
    ordered = sorted(members, key=lambda r: (-similarity.get(r, -2.0), r))
    shown = ordered if len(ordered) <= SHOWN else [*ordered[: SHOWN // 2], *ordered[-SHOWN // 2 :]]
    near = _near(con, character_id, middle) if len(ids) else ()
    return Cluster(row, tuple(tiles_of(con, shown)), similarity, least, median, near)


def proposed_split(con: duckdb.DuckDBPyConnection, character_id: str) -> tuple[list[str], list[str], float | None]:
    """Two halves of a character by their looks, and the similarity of the halves' middles.

    Two means over unit vectors, begun at the pair that is furthest apart: with two halves that is where a weak link shows.
    """
    ids, values = _vectors(con, members_of(con, character_id)[:_SAMPLED])
    if len(ids) < 2:  # noqa: PLR2004 - nothing to split
        return ids, [], None
    far = np.unravel_index(np.argmin(values @ values.T), (len(ids), len(ids)))
    middles = values[list(far)]
    side = np.zeros(len(ids), bool)
    for _ in range(20):
        side = (values @ middles[1]) > (values @ middles[0])
        if side.all() or not side.any():
            break
        middles = np.stack([_unit(values[~side].mean(axis=0)), _unit(values[side].mean(axis=0))])
    left = [record for record, right in zip(ids, side, strict=True) if not right]
    right = [record for record, is_right in zip(ids, side, strict=True) if is_right]
    large, small = sorted((left, right), key=len, reverse=True)
    return large, small, float(middles[0] @ middles[1])


def names_known(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names to complete from: those people gave, then those the records came with, the frequent first."""
    given = sorted(set(given_names(con).values()))
    sql = (
        "SELECT character FROM records WHERE character IS NOT NULL AND character <> '' "
        "GROUP BY character ORDER BY count(*) DESC, character LIMIT 500"
    )
    return list(dict.fromkeys([*given, *(row[0] for row in con.execute(sql).fetchall())]))


def alike(name: str, known: Sequence[str]) -> str | None:
    """A known name that is almost this one: perhaps it is meant."""
    from rapidfuzz import fuzz, process

    others = [other for other in known if other != name]
    found = process.extractOne(name, others, scorer=fuzz.WRatio, score_cutoff=88)
    return found[0] if found else None


def _vectors(con: duckdb.DuckDBPyConnection, records: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    rows = con.execute(
        "SELECT record_id, embedding FROM clip_embeddings WHERE record_id IN (SELECT unnest($1))", [list(records)]
    ).fetchall()
    found = dict(rows)
    ids = [record for record in records if record in found]
    if not ids:
        return [], np.zeros((0, 0), np.float32)
    return ids, np.stack([np.frombuffer(found[record], "<f2") for record in ids]).astype(np.float32)


def _pairs(values: NDArray[np.float32]) -> tuple[float | None, float | None]:
    if len(values) < 2:  # noqa: PLR2004 - no pair
        return None, None
    pairs = (values @ values.T)[np.triu_indices(len(values), 1)]
    return float(pairs.min()), float(np.median(pairs))


def _near(
    con: duckdb.DuckDBPyConnection, character_id: str, middle: NDArray[np.float32]
) -> tuple[tuple[str, float], ...]:
    sql = (
        "SELECT character_id, arg_max(record_id, character_probability) FROM records "
        "WHERE character_id IS NOT NULL AND character_id <> ? GROUP BY 1"
    )
    others = {record: character for character, record in con.execute(sql, [character_id]).fetchall()}
    ids, values = _vectors(con, list(others))
    if not ids:
        return ()
    scores = values @ middle
    return tuple((others[ids[i]], float(scores[i])) for i in np.argsort(-scores)[:4])


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


_TABLE = """
    SELECT character_id, count(*) AS size, coalesce(min(character_probability), 0) AS doubt,
           coalesce(avg(character_probability), 0) AS strength,
           coalesce(any_value(record_id) FILTER (character_representative), arg_max(record_id, character_probability),
                    min(record_id)) AS representative,
           mode("character") AS suggested, mode(identity) AS identity
    FROM records WHERE character_id IS NOT NULL GROUP BY character_id
"""
