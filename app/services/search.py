"""Nearest pictures: by a picture's embedding, by words where the embedder reads them, by both.

What belongs here: scoring stored embeddings in bounded memory. Not here: making embeddings (``charassets.models``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from app.services.filters import Filter
from charassets.errors import UsageError
from charassets.models.registry import load_embedder
from charassets.settings import Settings

_ROWS = 65_536


@dataclass(frozen=True)
class Hit:
    """A record and its likeness, -1 to 1."""

    record_id: str
    score: float


def vector_of_words(text: str, settings: Settings) -> NDArray[np.float32]:
    """The place of words among the pictures.

    Raises:
        UsageError: the profile's embedder reads no text.
    """
    return load_embedder(settings.embedder, settings.device).embed_texts([text])[0].astype(np.float32)


def both(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half way between two unit vectors, unit norm."""
    middle = first + second
    return middle / max(float(np.linalg.norm(middle)), 1e-6)


def vector_of_record(con: duckdb.DuckDBPyConnection, record_id: str) -> NDArray[np.float32] | None:
    """A stored embedding."""
    rows = con.execute("SELECT embedding FROM clip_embeddings WHERE record_id = ?", [record_id]).fetchall()
    return np.frombuffer(rows[0][0], "<f2").astype(np.float32) if rows else None


def nearest(
    con: duckdb.DuckDBPyConnection, vector: NDArray[np.float32], filter_: Filter, count: int, *, but: Sequence[str] = ()
) -> list[Hit]:
    """The kept records of a filter that lie nearest, best first.

    Args:
        con: the warehouse.
        vector: (dim,) unit norm.
        filter_: what they must be.
        count: how many at most.
        but: records that are left out.

    Raises:
        UsageError: the collection was embedded by another model than made the vector.
    """
    where, params = filter_.where()
    sql = (
        "SELECT record_id, embedding FROM clip_embeddings WHERE record_id IN "  # noqa: S608 - parameters only
        f"(SELECT record_id FROM records WHERE {where})"
    )
    best: list[Hit] = []
    left_out = set(but)
    for batch in con.sql(sql, params=params).to_arrow_reader(_ROWS):
        values = np.frombuffer(b"".join(batch.column("embedding").to_pylist()), "<f2").reshape(batch.num_rows, -1)
        if values.shape[1] != len(vector):
            raise UsageError("the collection was embedded by another model", todo="use the profile it was made with")
        scores = values.astype(np.float32) @ vector
        top = np.argsort(-scores, kind="stable")[: count + len(left_out)]
        ids = batch.column("record_id")
        found = (Hit(ids[int(i)].as_py(), float(scores[i])) for i in top)
        best = sorted([*best, *(hit for hit in found if hit.record_id not in left_out)], key=lambda hit: -hit.score)[
            :count
        ]
    return best


def characters_of(con: duckdb.DuckDBPyConnection, hits: Sequence[Hit]) -> list[tuple[str, float, str]]:
    """The characters of hits, each once with its best score and that record, best first."""
    belongs = dict(
        con.execute(
            "SELECT record_id, character_id FROM records WHERE record_id IN (SELECT unnest($1)) AND character_id IS NOT NULL",
            [[hit.record_id for hit in hits]],
        ).fetchall()
    )
    found: dict[str, tuple[str, float, str]] = {}
    for hit in hits:
        character = belongs.get(hit.record_id)
        if character is not None and character not in found:
            found[character] = (character, hit.score, hit.record_id)
    return list(found.values())
