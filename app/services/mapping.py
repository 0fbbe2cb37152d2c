"""The map: pictures laid out in two dimensions, a sample of a known size, and what colours them.

What belongs here: choosing, laying out, colouring. Not here: drawing.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import duckdb
import numpy as np
from numpy.typing import NDArray

from app.services.filters import Filter, facets
from charassets.warehouse.sql import identifier

MOST = 5_000
"""Points drawn: with more, a browser's plot answers no faster than a person notices (measured)."""

LAYOUTS = {"axes": "principal axes", "neighbours": "neighbours together (t-SNE, slower)"}
COLOURS = {
    "character_id": "character",
    **{f.column: f.label for f in facets().values() if f.column != "character_id"},
    "mean_confidence": "confidence",
}

_KEPT_LAYOUTS = 8
_PERPLEXITY = 30
_layouts: OrderedDict[tuple[str, ...], NDArray[np.float32]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Map:
    """Points.

    Attributes:
        records: their records.
        places: (n, 2) float32 in 0-1.
        values: what colours each: a value's name, or a number for the confidence.
        total: how many there are of which these are a sample.
    """

    records: Sequence[str]
    places: NDArray[np.float32]
    values: Sequence[str | float | None]
    total: int


def make(con: duckdb.DuckDBPyConnection, filter_: Filter, layout: str, colour: str) -> Map:
    """Lay out a sample of a filter's records: of every character its share, chosen by a hash, so that it stays the same."""
    where, params = filter_.where()
    value = "round(mean_confidence, 3)" if colour == "mean_confidence" else identifier(colour)
    total = con.execute(f"SELECT count(*) FROM records WHERE NOT text_only AND {where}", params).fetchall()[0][0]  # noqa: S608
    rows = con.execute(
        f"""
        WITH ranked AS (
            SELECT record_id, {value} AS value, (row_number() OVER (PARTITION BY character_id ORDER BY md5(record_id)) - 0.5)
                   / count(*) OVER (PARTITION BY character_id) AS place
            FROM records WHERE NOT text_only AND {where}
        ), chosen AS (SELECT * FROM ranked ORDER BY place, md5(record_id) LIMIT {MOST})
        SELECT chosen.record_id, chosen.value, e.embedding FROM chosen JOIN clip_embeddings AS e USING (record_id) ORDER BY 1
        """,  # noqa: S608 - quoted names and parameters
        params,
    ).fetchall()
    if not rows:
        return Map((), np.zeros((0, 2), np.float32), (), int(total))
    records = tuple(row[0] for row in rows)
    vectors = np.stack([np.frombuffer(row[2], "<f2") for row in rows]).astype(np.float32)
    return Map(records, _laid_out(records, vectors, layout), tuple(row[1] for row in rows), int(total))


def _laid_out(records: tuple[str, ...], vectors: NDArray[np.float32], layout: str) -> NDArray[np.float32]:
    key = (layout, str(len(records)), str(hash(records)), str(float(vectors.sum())))
    with _lock:
        if key in _layouts:
            _layouts.move_to_end(key)
            return _layouts[key]
        places = _neighbours(vectors) if layout == "neighbours" and len(vectors) > 3 * _PERPLEXITY else _axes(vectors)
        _layouts[key] = _in_unit_square(places)
        while len(_layouts) > _KEPT_LAYOUTS:
            _layouts.popitem(last=False)
        return _layouts[key]


def _axes(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    places = centred @ axes[:2].T
    return places if places.shape[1] == 2 else np.pad(places, ((0, 0), (0, 2 - places.shape[1])))  # noqa: PLR2004 - a plane


def _neighbours(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE

    return TSNE(perplexity=_PERPLEXITY, metric="cosine", init="pca", random_state=0, n_jobs=1).fit_transform(vectors)


def _in_unit_square(places: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = places.min(axis=0), places.max(axis=0)
    return ((places - low) / np.maximum(high - low, 1e-9)).astype(np.float32)
