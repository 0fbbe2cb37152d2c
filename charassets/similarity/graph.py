"""The graph of nearest neighbours as an array of rows, and the views of it that duplicates and characters are read from.

What belongs here: the graph and what can be asked of it. Not here: how neighbours are found (``knn`` and its searchers), nor
what a neighbour means (``duplicates``, ``clusters``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
"""In place of a neighbour where there are fewer than k."""

_NO_KEY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Graph:
    """The k nearest neighbours of n vectors, nearest first, equally near ones by row, without the vector itself.

    Attributes:
        neighbours: int32, shape (n, k): rows; -1 where fewer than k were found, always at the end.
        cosines: float32, shape (n, k); -1 where there is no neighbour.
    """

    neighbours: NDArray[np.int32]
    cosines: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of vectors and of neighbours a vector."""
        return self.neighbours.shape

    def pairs(self, least_cosine: float) -> NDArray[np.int64]:
        """Edges at least this similar, each once: int64, shape (p, 2), the smaller row first, sorted."""
        near, place = np.nonzero((self.cosines >= least_cosine) & (self.neighbours >= 0))
        far = self.neighbours[near, place].astype(np.int64)
        n = max(1, len(self.neighbours))
        ends = np.unique(np.minimum(near, far) * n + np.maximum(near, far))
        return np.stack([ends // n, ends % n], axis=1)

    def crowded(self, least_cosine: float) -> NDArray[np.int64]:
        """Rows whose list is full of neighbours at least this similar, so that more of them may have been left out."""
        return np.flatnonzero(self.cosines[:, -1] >= least_cosine) if self.shape[1] else np.empty(0, np.int64)

    def among(self, rows: NDArray[np.int64]) -> "Graph":
        """The graph between some rows, renumbered by their place in ``rows``; lists close up and may end early.

        Args:
            rows: rows to keep, each once, in the order that is wanted.
        """
        keeper = np.full(len(self.neighbours), NOBODY)
        keeper[rows] = rows
        return self.contracted(keeper, rows)

    def contracted(self, keeper: NDArray[np.int64], rows: NDArray[np.int64]) -> "Graph":
        """The graph between groups of copies, each standing as one row.

        A group's list holds the nearest of the neighbours of all its members, each seen as the group it belongs to and as
        near as the nearest of its members; so a picture with sixteen copies still knows whom it resembles.

        Args:
            keeper: int64, shape (n,): the row that stands for each row; itself, or -1 for a row that is left out.
            rows: the rows that stand for themselves, in the order that is wanted.
        """
        n, k = self.shape
        new = np.full(n + 1, NOBODY, np.int32)  # the last cell is that of nobody
        new[rows] = np.arange(len(rows), dtype=np.int32)
        group = np.append(np.where(keeper >= 0, new[keeper], NOBODY), NOBODY).astype(np.int32)
        far = group[self.neighbours[rows]]
        keys = keys_of(far, self.cosines[rows])
        keys[far == np.arange(len(rows), dtype=np.int32)[:, None]] = _NO_KEY
        merged = np.flatnonzero((keeper >= 0) & (keeper != np.arange(n)))
        keys.sort(axis=1)
        if len(merged):
            _name_once(keys)
            changed = np.unique(group[merged]).astype(np.int64)
            keys[changed] = self._gathered(keys[changed], changed, group, merged)
        return graph_of(keys, k)

    def _gathered(
        self,
        own: NDArray[np.uint64],
        changed: NDArray[np.int64],
        group: NDArray[np.int32],
        merged: NDArray[np.int64],
    ) -> NDArray[np.uint64]:
        """The lists of some groups made anew: own edges and those of the merged members, each neighbour once."""
        k = self.shape[1]
        theirs = keys_of(group[self.neighbours[merged]], self.cosines[merged]).ravel()
        source = np.concatenate([np.repeat(changed, k), np.repeat(group[merged], k)]).astype(np.int64)
        keys = np.concatenate([own.ravel(), theirs])
        far = (keys & np.uint64(0xFFFF_FFFF)).astype(np.int64)
        used = (keys != _NO_KEY) & (far != source)
        source, keys, far = source[used], keys[used], far[used]
        order = np.lexsort((keys, far, source))  # the nearest edge between two groups comes first
        source, keys, far = source[order], keys[order], far[order]
        first = np.r_[True, (source[1:] != source[:-1]) | (far[1:] != far[:-1])] if len(far) else np.empty(0, bool)
        source, keys = source[first], keys[first]
        order = np.lexsort((keys, source))
        source, keys = source[order], keys[order]
        starts = np.searchsorted(source, changed)
        place = np.arange(len(source)) - starts[np.searchsorted(changed, source)]
        lists = np.full((len(changed), k), _NO_KEY)
        kept = place < k
        lists[np.searchsorted(changed, source[kept]), place[kept]] = keys[kept]
        return lists


def keys_of(neighbours: NDArray[np.int32], cosines: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Edges as numbers that sort by falling cosine, then by row: the bits of 1 - cosine above those of the row."""
    away = np.maximum(np.float32(1.0) - cosines, np.float32(0.0))
    keys = (away.view(np.uint32).astype(np.uint64) << np.uint64(32)) | neighbours.astype(np.uint32).astype(np.uint64)
    keys[neighbours < 0] = _NO_KEY
    return keys


def graph_of(keys: NDArray[np.uint64], k: int) -> Graph:
    """The graph of sorted keys, shape (n, at least k)."""
    keys = keys[:, :k]
    neighbours = (keys & np.uint64(0xFFFF_FFFF)).astype(np.uint32).view(np.int32)
    cosines = np.float32(1.0) - (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)
    absent = keys == _NO_KEY
    return Graph(np.where(absent, np.int32(NOBODY), neighbours), np.where(absent, np.float32(-1.0), cosines))


def _name_once(keys: NDArray[np.uint64]) -> None:
    """Of sorted lists, in place: where one names a neighbour twice, the nearer edge stays and the list closes up."""
    far = keys.astype(np.uint32)  # the lower half; that of no key is no row's
    again = np.zeros(keys.shape, bool)
    for apart in range(1, keys.shape[1]):
        again[:, apart:] |= far[:, apart:] == far[:, :-apart]
    again &= keys != _NO_KEY
    rows = np.flatnonzero(again.any(axis=1))
    lists = keys[rows]
    lists[again[rows]] = _NO_KEY
    lists.sort(axis=1)
    keys[rows] = lists
