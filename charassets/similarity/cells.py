"""Search by cells: each vector lives in the cell of its nearest centroid and looks into a few cells around it.

What belongs here: the cells, and one matrix product a cell. Not here: rescoring and the graph (``knn``).

An inverted file answers one query at a time and reads a cell's members again for each. Here all queries are known: the
probes are inverted, so that a cell meets all that look into it at once, in one product of two matrices, in bfloat16 where
the processor computes it. oneDNN compiles a kernel a shape, hence both sides are padded (M to 256, N to 128).

Operations for n vectors, c cells, p probes: 2 d n c to find the cells and 2 d n p n / c to scan them, least at c = n ** .5 *
p ** .5; 4 n ** .5 is near that for p = 8 and shares the cost of training. At a million vectors of 512 they are 4.1e12 and
2.0e12, against 1.0e15 for all pairs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.best import BestLists
from charassets.similarity.graph import NOBODY

if TYPE_CHECKING:
    import torch

_CELLS = 4  # times the square root of the number of vectors
_SAMPLED = 24  # vectors a cell that k-means sees: beyond, recall no longer grows
_ROUNDS = 6
_PAD_QUERIES, _PAD_MEMBERS = 256, 128
_QUERIES, _MEMBERS = 2_048, 2_048  # most rows of a product: its scores are 16 MB in single precision


@dataclass(frozen=True)
class CellSearcher:
    """Cells over a collection.

    Attributes:
        centroids: float32, shape (c, d), unit norm; frozen.
        cells: uint16, shape (n, p): the cells each vector looks into, nearest first; it lives in the first.
    """

    centroids: NDArray[np.float32]
    cells: NDArray[np.uint16]

    @classmethod
    def trained(cls, vectors: NDArray[np.float16], probes: int) -> Self:
        """Learn the cells from a sample and find those of every vector."""
        count = min(np.iinfo(np.uint16).max, max(1, int(_CELLS * math.sqrt(len(vectors)))), len(vectors))
        centroids = _centroids(vectors, count)
        return cls(centroids, nearest_cells(vectors, np.arange(len(vectors)), centroids, min(probes, count)))

    @property
    def method(self) -> str:
        """Cells."""
        return "cells"

    def extended(self, vectors: NDArray[np.float16], source: NDArray[np.int64]) -> Self:
        """The same cells over a changed collection: only new rows are assigned."""
        cells = np.empty((len(source), self.cells.shape[1]), np.uint16)
        stay, new = np.flatnonzero(source >= 0), np.flatnonzero(source < 0)
        cells[stay] = self.cells[source[stay]]
        cells[new] = nearest_cells(vectors, new, self.centroids, cells.shape[1])
        return type(self)(self.centroids, cells)

    def learnt(self) -> Mapping[str, NDArray]:
        """The centroids."""
        return {"centroids": self.centroids}

    def cells_of_rows(self) -> NDArray[np.uint16] | None:
        """The cells each row looks into."""
        return self.cells

    def candidates(
        self,
        vectors: NDArray[np.float16],
        queries: NDArray[np.int64],
        members: NDArray[np.int64],
        width: int,
        floor: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int32]:
        """The nearest members of every query among those that live in the cells it looks into; see ``Searcher``."""
        best = BestLists(len(queries), width, floor)
        living = _by_cell(self.cells[members, :1], len(self.centroids))
        looking = _by_cell(self.cells[queries], len(self.centroids))
        product = _Product(vectors)
        for cell in np.flatnonzero(np.diff(living.start) * np.diff(looking.start)).tolist():
            lookers = looking.of(cell)
            for first in range(living.start[cell], living.start[cell + 1], _MEMBERS):
                there = living.order[first : min(first + _MEMBERS, living.start[cell + 1])]
                product.load_members(members[there])
                for start in range(0, len(lookers), _QUERIES):
                    part = lookers[start : start + _QUERIES]
                    best.offer(part, product.scores(queries[part]), first)
        names = np.append(members[living.order], NOBODY).astype(np.int32)  # place -1 is nobody
        return best.named(names)


@dataclass(frozen=True)
class _ByCell:
    """Rows grouped by cell: those of cell c are ``order[start[c] : start[c + 1]]``."""

    order: NDArray[np.int64]
    start: NDArray[np.int64]

    def of(self, cell: int) -> NDArray[np.int64]:
        return self.order[self.start[cell] : self.start[cell + 1]]


def _by_cell(cells: NDArray[np.uint16], count: int) -> _ByCell:
    """Group rows by the cells they name; a row that names several is in several groups."""
    named = cells.ravel()
    order = np.argsort(named, kind="stable") // cells.shape[1]
    start = np.concatenate([[0], np.cumsum(np.bincount(named, minlength=count))])
    return _ByCell(order, start)


class _Product:
    """Scores of rows against the rows of one cell, in buffers that are made once."""

    def __init__(self, vectors: NDArray[np.float16]) -> None:
        import torch

        self._kind = torch.bfloat16 if computes_bfloat16() else torch.float32
        self._stored = torch.from_numpy(vectors)
        dim = vectors.shape[1]
        self._half = torch.empty((max(_QUERIES, _MEMBERS), dim), dtype=torch.float16)
        self._queries = torch.zeros((_QUERIES, dim), dtype=self._kind)
        self._members = torch.zeros((_MEMBERS, dim), dtype=self._kind)
        self._raw = torch.empty(_QUERIES * _MEMBERS, dtype=self._kind)
        self._scores = torch.empty(_QUERIES * _MEMBERS, dtype=torch.float32)
        self._count = 0

    def _load(self, rows: NDArray[np.int64], into: "torch.Tensor", multiple: int) -> "torch.Tensor":
        import torch

        half = self._half[: len(rows)]
        torch.index_select(self._stored, 0, torch.from_numpy(rows), out=half)
        into[: len(rows)].copy_(half)
        return into[
            : -(-len(rows) // multiple) * multiple
        ]  # what is left of an earlier block gives scores nobody reads

    def load_members(self, rows: NDArray[np.int64]) -> None:
        """Take up to ``_MEMBERS`` rows as members."""
        self._count = len(rows)
        self._padded = self._load(rows, self._members, _PAD_MEMBERS)

    def scores(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of up to ``_QUERIES`` rows against the members: valid until the next call."""
        import torch

        asked = self._load(rows, self._queries, _PAD_QUERIES)
        raw = self._raw[: len(asked) * len(self._padded)].view(len(asked), len(self._padded))
        torch.mm(asked, self._padded.T, out=raw)
        scores = self._scores[: len(rows) * self._count].view(len(rows), self._count)
        scores.copy_(raw[: len(rows), : self._count])
        return scores.numpy()


def nearest_cells(
    vectors: NDArray[np.float16], rows: NDArray[np.int64], centroids: NDArray[np.float32], probes: int
) -> NDArray[np.uint16]:
    """The cells nearest to some rows: shape (r, probes), nearest first.

    Blocks are always of one shape, so that a row's scores do not depend on the rows beside it.
    """
    import torch

    kind = torch.bfloat16 if computes_bfloat16() else torch.float32
    block = max(_PAD_QUERIES, min(4 * _QUERIES, (1 << 22) // len(centroids) // _PAD_QUERIES * _PAD_QUERIES))
    there = torch.from_numpy(centroids).to(kind)
    stored = torch.from_numpy(vectors)
    asked = torch.zeros((block, vectors.shape[1]), dtype=kind)
    raw = torch.empty((block, len(there)), dtype=kind)
    scores = torch.empty((block, len(there)), dtype=torch.float32)
    found = np.empty((len(rows), probes), np.uint16)
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        asked[: len(part)] = stored[torch.from_numpy(part)].to(kind)
        torch.mm(asked, there.T, out=raw)
        scores.copy_(raw)
        found[start : start + len(part)] = _first(scores.numpy()[: len(part)], probes)
    return found


def _first(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Places of the highest scores of each row, highest first."""
    if count == 1:
        return scores.argmax(axis=1)[:, None]
    best = BestLists(len(scores), count)
    best.offer(np.arange(len(scores)), scores, 0)
    return best.places_in_order()


def _centroids(vectors: NDArray[np.float16], count: int) -> NDArray[np.float32]:
    """Spherical k-means on a sample; a cell that comes out empty starts again from a vector of the sample."""
    import torch

    random = np.random.default_rng(0)
    sample = np.sort(random.choice(len(vectors), min(len(vectors), count * _SAMPLED), replace=False))
    chosen = vectors[sample]
    everybody = np.arange(len(chosen))
    centroids = _unit(chosen[random.choice(len(chosen), count, replace=False)].astype(np.float32))
    single = torch.from_numpy(chosen).float()
    for _ in range(_ROUNDS):
        home = torch.from_numpy(nearest_cells(chosen, everybody, centroids, 1)[:, 0].astype(np.int64))
        sums = torch.zeros(centroids.shape).index_add_(0, home, single).numpy()
        empty = np.flatnonzero(np.linalg.norm(sums, axis=1) < 1e-6)  # noqa: PLR2004
        sums[empty] = chosen[random.choice(len(chosen), len(empty), replace=False)]
        centroids = _unit(sums)
    return centroids


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))


def computes_bfloat16() -> bool:
    """Whether the processor has bfloat16 products, which are 2.5 (AVX512) to 7 times (AMX) as fast as single precision."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("bf16"))
