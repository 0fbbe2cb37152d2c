"""From vectors to the neighbour graph: built once, brought up to date when rows come and go.

What belongs here: the exact rescoring of candidates, the choice of a searcher, the update. Not here: how a searcher finds
its candidates (``exact``, ``cells``, ``fast_scan``).

A graph is a pure function of the set of vectors and of what its searcher learnt (its centroids): equal neighbours are ordered
by row, every cosine is computed by the same sum, and an update under the same searcher gives the graph that a build over all
rows would give.

Memory for n vectors of d dimensions and k neighbours, beside the vectors themselves (2 n d bytes, a memory map from a
gigabyte on): 12 n (k + 9) bytes of running best lists, 8 n k of the graph, 16 n of cells. For five million vectors of 512 and
k = 16 that is 5.1 GB (mapped) + 1.5 + 0.6 + 0.1 GB.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.graph import NOBODY, Graph, graph_of, keys_of

EXACT_UP_TO = 50_000
"""Vectors up to which every pair is compared: 8 s at 50,000 x 512 on two cores, after that it grows with the square."""

_SLACK = 8  # candidates beyond k that are rescored: bfloat16 confuses neighbours .001 apart
_MARGIN = np.float32(0.01)  # an approximate score is off by less
_ROWS = 512  # rows rescored at a time: 25 candidates of 512 dimensions in single precision are 26 MB


class Searcher(Protocol):
    """Finds candidates; their scores are approximate and never stored."""

    @property
    def method(self) -> str:
        """Name of the way it searches: ``exact``, ``cells`` or ``faiss``."""
        ...

    def candidates(
        self,
        vectors: NDArray[np.float16],
        queries: NDArray[np.int64],
        members: NDArray[np.int64],
        width: int,
        floor: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int32]:
        """The nearest members of every query, in any order; a query that is a member may find itself.

        Args:
            vectors: all vectors, shape (n, d), unit norm.
            queries: q rows that search.
            members: m rows that are found, rising.
            width: candidates a query.
            floor: least score worth naming, shape (q,).

        Returns:
            int32, shape (q, width): rows; -1 where there are fewer.
        """
        ...

    def extended(self, vectors: NDArray[np.float16], source: NDArray[np.int64]) -> Self:
        """The same searcher over a changed collection: what it learnt stays, what it knows of each row follows.

        Args:
            vectors: all vectors there are now, shape (n, d).
            source: for each of them its row before, -1 for a new one.
        """
        ...

    def learnt(self) -> Mapping[str, NDArray]:
        """Arrays from which ``restored`` makes it again."""
        ...

    def cells_of_rows(self) -> NDArray[np.uint16] | None:
        """What it knows of each row: shape (n, p), or nothing."""
        ...


@dataclass(frozen=True)
class GraphRule:
    """How a graph is built.

    Attributes:
        neighbours: k.
        method: ``exact``, ``cells``, ``faiss``, or ``auto``: exact up to ``exact_up_to`` or where there is a GPU.
        exact_up_to: number of vectors up to which all pairs are compared.
        probes: cells each vector looks into.
        device: where exact search runs: ``cpu``, or a torch device.
    """

    neighbours: int = 16
    method: str = "auto"
    exact_up_to: int = EXACT_UP_TO
    probes: int = 12
    device: str = "cpu"

    def method_for(self, n: int) -> str:
        """The method for n vectors."""
        if self.method != "auto":
            return self.method
        if n <= self.exact_up_to or self.device != "cpu":
            return "exact"
        from charassets.similarity.cells import computes_bfloat16

        return "cells" if computes_bfloat16() else "faiss"


def new_searcher(vectors: NDArray[np.float16], rule: GraphRule) -> Searcher:
    """A searcher that has learnt what it needs from these vectors."""
    method = rule.method_for(len(vectors))
    if method == "cells":
        from charassets.similarity.cells import CellSearcher

        return CellSearcher.trained(vectors, rule.probes)
    if method == "faiss":
        from charassets.similarity.fast_scan import FastScanSearcher

        return FastScanSearcher.trained(vectors)
    return _exact(rule)


def restored(method: str, learnt: Mapping[str, NDArray], cells: NDArray[np.uint16] | None, rule: GraphRule) -> Searcher:
    """The searcher that a stored graph was built with."""
    if method == "cells" and cells is not None:
        from charassets.similarity.cells import CellSearcher

        return CellSearcher(learnt["centroids"], cells)
    if method == "faiss":
        from charassets.similarity.fast_scan import FastScanSearcher

        return FastScanSearcher(learnt["index"])
    return _exact(rule)


def _exact(rule: GraphRule) -> Searcher:
    from charassets.similarity.exact import DeviceSearcher, FlatSearcher

    return FlatSearcher() if rule.device == "cpu" else DeviceSearcher(rule.device)


def build(vectors: NDArray[np.float16], searcher: Searcher, k: int) -> Graph:
    """The graph of all vectors.

    Args:
        vectors: shape (n, d), unit norm; a memory map will do.
        searcher: finds the candidates.
        k: neighbours of each, fewer where the collection is smaller.
    """
    n = len(vectors)
    k = max(0, min(k, n - 1))
    everybody = np.arange(n)
    if k == 0:
        return Graph(np.empty((n, 0), np.int32), np.empty((n, 0), np.float32))
    found = searcher.candidates(vectors, everybody, everybody, min(n, k + 1 + _SLACK))
    graph = Graph(np.empty((n, k), np.int32), np.empty((n, k), np.float32))
    _fill(graph, vectors, everybody, found)
    return graph


def build_graph(vectors: NDArray[np.float16], k: int, *, exact_up_to: int = EXACT_UP_TO) -> Graph:
    """The graph of vectors that belong to no lake, by the usual rule."""
    rule = GraphRule(k, exact_up_to=exact_up_to)
    return build(vectors, new_searcher(vectors, rule), k)


def updated(graph: Graph, vectors: NDArray[np.float16], source: NDArray[np.int64], searcher: Searcher, k: int) -> Graph:
    """The graph after rows came and went; what has nothing to do with them is copied.

    New rows, and rows that lost a neighbour, search the whole; all others are only shown the new rows.

    Args:
        graph: the graph before.
        vectors: all vectors there are now, shape (n, d).
        source: for each of them its row before, -1 for a new or changed one.
        searcher: the graph's own, extended to ``vectors``.
        k: neighbours of each.
    """
    n = len(vectors)
    k = max(0, min(k, n - 1))
    carried = _renumbered(graph, source, k)
    incomplete = graph.shape[1] < k and graph.shape[0] <= graph.shape[1] + 1  # it held everybody: there is room now
    lost = _lost(graph, carried, source)
    again = (source < 0) | (lost & (not incomplete))
    everybody = np.arange(n)
    new, redone, others = np.flatnonzero(source < 0), np.flatnonzero(again), np.flatnonzero(~again)
    if k and len(redone):
        found = searcher.candidates(vectors, redone, everybody, min(n, k + 1 + _SLACK))
        _fill(carried, vectors, redone, found)
    if k and len(new) and len(others):
        floor = carried.cosines[others, -1] - _MARGIN
        found = searcher.candidates(vectors, others, new, min(len(new), k + 1 + _SLACK), floor)
        reached = (found >= 0).any(axis=1)
        kept = keys_of(carried.neighbours[others[reached]], carried.cosines[others[reached]])
        _fill(carried, vectors, others[reached], found[reached], kept)
    return carried


def _renumbered(graph: Graph, source: NDArray[np.int64], k: int) -> Graph:
    """The lists of the rows that stay, in new numbers and closed up; empty lists for new rows."""
    old_n, old_k = graph.shape
    new = np.full(old_n + 1, NOBODY, np.int32)  # the last cell is that of nobody
    stay = np.flatnonzero(source >= 0)
    new[source[stay]] = stay
    keys = np.full((len(source), max(k, old_k)), np.uint64(0xFFFF_FFFF_FFFF_FFFF))
    keys[stay, :old_k] = keys_of(new[graph.neighbours[source[stay]]], graph.cosines[source[stay]])
    keys.sort(axis=1)
    return graph_of(keys, k)


def _lost(graph: Graph, carried: Graph, source: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows that had more neighbours than are left of them."""
    before = np.append((graph.neighbours >= 0).sum(axis=1), 0)[source]
    return (carried.neighbours >= 0).sum(axis=1) < np.minimum(before, carried.shape[1])


def _fill(
    graph: Graph,
    vectors: NDArray[np.float16],
    rows: NDArray[np.int64],
    found: NDArray[np.int32],
    kept: NDArray[np.uint64] | None = None,
) -> None:
    """Score the candidates of some rows exactly and write their k best, together with those already ``kept``."""
    k = graph.shape[1]
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        near = np.where(found[part] == rows[part, None], np.int32(NOBODY), found[part])
        keys = keys_of(near, cosines_of(vectors, rows[part], near))
        if kept is not None:
            keys = np.concatenate([kept[part], keys], axis=1)
        if keys.shape[1] < k:
            keys = np.pad(keys, ((0, 0), (0, k - keys.shape[1])), constant_values=~np.uint64(0))
        keys.sort(axis=1)
        block = graph_of(keys, k)
        graph.neighbours[rows[part]], graph.cosines[rows[part]] = block.neighbours, block.cosines


def cosines_of(vectors: NDArray[np.float16], rows: NDArray[np.int64], others: NDArray[np.int32]) -> NDArray[np.float32]:
    """Cosine of each row with each of its others, in single precision, the same whichever of the two asks.

    Args:
        vectors: shape (n, d), unit norm.
        rows: shape (r,).
        others: shape (r, c); whatever is computed for -1 has no meaning.
    """
    import torch

    stored = torch.from_numpy(vectors)
    own = stored[torch.from_numpy(rows)].float().numpy()
    flat = torch.from_numpy(np.maximum(others, 0).astype(np.int64).ravel())
    near = torch.index_select(stored, 0, flat).float().view(*others.shape, -1).numpy()
    return np.minimum(np.einsum("rd,rcd->rc", own, near), np.float32(1.0))
