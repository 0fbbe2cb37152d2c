"""Searching the kept records: by query, and by likeness to a picture or to words.

What belongs here: the search over stored embeddings. Not here: the query language (``charassets.warehouse.query``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.errors import UsageError
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import CLIP_EMBEDDINGS
from charassets.settings import Settings
from charassets.warehouse.live import LiveWarehouse
from charassets.warehouse.query import compile_query

COLUMNS = (
    "record_id",
    "source",
    "item_key",
    "character_id",
    "gender",
    "hair_color",
    "eye_color",
    "dress",
    "mean_confidence",
)
"""Columns a result shows."""

_ROWS = 8192


@dataclass(frozen=True)
class Found:
    """A result: the columns, and the similarity where likeness was asked for (cosine, -1 to 1)."""

    values: Mapping[str, Any]
    similarity: float | None = None


@dataclass(frozen=True)
class Results:
    """The first results, and how many records the query lets through in all."""

    total: int
    found: Sequence[Found]


def search(settings: Settings, query: str, limit: int, vector: NDArray[np.floating] | None = None) -> Results:
    """Search a workspace.

    Args:
        settings: of the workspace.
        query: in the query language; empty lets every record through.
        limit: results wanted.
        vector: (dim,) unit vector; results are then ordered by likeness to it, else by confidence.

    Raises:
        QueryError: the query cannot be understood.
        UsageError: no warehouse yet, or a vector of another model.
    """
    compiled = compile_query(query)
    columns = ", ".join(COLUMNS)
    workspace = Workspace.of(settings)
    with LiveWarehouse(workspace).view() as view:
        con = view.con
        counted = con.execute(f"SELECT count(*) FROM records WHERE {compiled.sql}", list(compiled.params)).fetchone()  # noqa: S608
        total = counted[0] if counted else 0
        if vector is None:
            sql = f"SELECT {columns} FROM records WHERE {compiled.sql} ORDER BY mean_confidence DESC NULLS LAST, record_id LIMIT ?"  # noqa: S608
            rows = con.execute(sql, [*compiled.params, limit]).fetchall()
            return Results(total, [Found(dict(zip(COLUMNS, row, strict=True))) for row in rows])
        sql = f"SELECT record_id FROM records WHERE {compiled.sql}"  # noqa: S608 - parameters only
        passing = {name for (name,) in con.execute(sql, list(compiled.params)).fetchall()}
        best = _nearest(workspace.open_lake(), passing, vector, limit)
        sql = f"SELECT {columns} FROM records WHERE list_contains(?, record_id)"  # noqa: S608 - constants
        rows = {row[0]: row for row in con.execute(sql, [[name for name, _ in best]]).fetchall()}
    return Results(total, [Found(dict(zip(COLUMNS, rows[name], strict=True)), score) for name, score in best])


def vector_of_words(settings: Settings, words: str) -> NDArray[np.float32]:
    """The place of words in the embedder's space.

    Raises:
        UsageError: the embedder reads no text.
    """
    from charassets.models.registry import load_embedder

    embedder = load_embedder(settings.embedder, settings.device)
    if not embedder.reads_text:
        raise UsageError(
            f"{embedder.name} reads no text", where="search", todo="search by --image, or use another profile"
        )
    return np.asarray(embedder.embed_texts([words]), np.float32)[0]


def _nearest(lake: Lake, passing: set[str], vector: NDArray[np.floating], limit: int) -> list[tuple[str, float]]:
    """The nearest of some records, best first: one pass over all vectors, a few megabytes at a time."""
    best: list[tuple[float, str]] = []
    wanted = np.asarray(vector, np.float32)
    for fragment in lake.fragments(CLIP_EMBEDDINGS.name):
        for batch in fragment.batches(["record_id", "embedding"], _ROWS):
            names = batch.column("record_id").to_pylist()
            data = np.frombuffer(b"".join(batch.column("embedding").to_pylist()), "<f2").reshape(len(names), -1)
            if data.shape[1] != len(wanted):
                raise UsageError(
                    f"stored vectors have {data.shape[1]} values, the model's {len(wanted)}",
                    where="search",
                    todo="use the profile the collection was embedded with",
                )
            scores = data.astype(np.float32) @ wanted
            best += [(float(s), n) for s, n in zip(scores, names, strict=True) if n in passing]
            best = sorted(best, key=lambda pair: (-pair[0], pair[1]))[:limit]
    return [(name, round(score, 4)) for score, name in best]
