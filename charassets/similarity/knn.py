"""The graph of nearest neighbours: exact for small collections, an inverted index with refinement for large ones.

What belongs here: the search. Not here: what a neighbour means (``duplicates``, ``clusters``).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import faiss

EXACT_UP_TO = 50_000
"""Vectors up to which every pair is compared: 8 s at 50,000 x 512 on two cores, after that it grows with the square."""

_BLOCK = 16_384
_TRAINING_PER_CELL = 40  # FAISS warns below 39 points a centroid
_PROBES = 32  # all planted copies among 200,000 are found from 8 cells on; 32 cost a fifth more
_REFINED = 4  # candidates rescored in half precision for each neighbour asked for


@dataclass(frozen=True)
class Graph:
    """The k nearest neighbours of n vectors, nearest first, without the vector itself.

    Attributes:
        neighbours: int64, shape (n, k); -1 where fewer than k were found.
        cosines: float32, shape (n, k); -1 where there is no neighbour.
    """

    neighbours: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def pairs(self, least_cosine: float) -> NDArray[np.int64]:
        """Edges at least this similar, each once: int64, shape (p, 2), the smaller index first."""
        near, place = np.nonzero((self.cosines >= least_cosine) & (self.neighbours >= 0))
        far = self.neighbours[near, place]
        ends = np.stack([np.minimum(near, far), np.maximum(near, far)], axis=1)
        return np.unique(ends, axis=0)


def build_graph(vectors: NDArray[np.float16], k: int, *, exact_up_to: int = EXACT_UP_TO) -> Graph:
    """The neighbour graph by inner product.

    Vectors are handed over block by block, so that single precision exists for one block at a time. The large index keeps
    4 bits a pair of dimensions to scan and half precision to rescore: d * 2.5 bytes a vector.

    Args:
        vectors: shape (n, d), unit norm.
        k: neighbours of each, fewer where the collection is smaller.
        exact_up_to: number of vectors up to which all pairs are compared.
    """
    import faiss

    n, dim = vectors.shape
    k = min(k, n - 1)
    if k < 1:
        return Graph(np.empty((n, 0), np.int64), np.empty((n, 0), np.float32))
    index = faiss.IndexFlatIP(dim) if n <= exact_up_to else _trained_index(vectors)
    for block in _blocks(vectors):
        index.add(block)
    neighbours, cosines = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    done = 0
    for block in _blocks(vectors):
        scores, ids = index.search(block, k + 1)
        rows = slice(done, done + len(block))
        neighbours[rows], cosines[rows] = _without_self(ids, scores, done)
        done += len(block)
    cosines[neighbours < 0] = -1.0
    return Graph(neighbours, np.clip(cosines, -1.0, 1.0))


def _trained_index(vectors: NDArray[np.float16]) -> "faiss.Index":
    import faiss

    n, dim = vectors.shape
    cells = int(4 * math.sqrt(n))
    codes = next(m for m in range(max(1, dim // 4), 0, -1) if dim % m == 0)
    index = faiss.index_factory(dim, f"IVF{cells},PQ{codes}x4fs,Refine(SQfp16)", faiss.METRIC_INNER_PRODUCT)
    chosen = np.random.default_rng(0).choice(n, min(n, cells * _TRAINING_PER_CELL), replace=False)
    index.train(vectors[np.sort(chosen)].astype(np.float32))
    faiss.ParameterSpace().set_index_parameters(index, f"nprobe={_PROBES},k_factor_rf={_REFINED}")
    return index


def _blocks(vectors: NDArray[np.float16]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK].astype(np.float32)


def _without_self(
    ids: NDArray[np.int64], scores: NDArray[np.float32], first: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Drop each row's own index; where many equal vectors crowded it out, drop the last neighbour instead."""
    own = ids == np.arange(first, first + len(ids))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(ids), ids.shape[1] - 1)
    return ids[~own].reshape(shape), scores[~own].reshape(shape)
