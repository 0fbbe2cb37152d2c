"""Running lists of the best: many rows of scores offered block by block, the highest of each kept.

What belongs here: the lists, on FAISS's heaps: one comparison a score where a sort would rank them all. Not here: scores.
"""

import numpy as np
from numpy.typing import NDArray


class BestLists:
    """For each of n rows the ``width`` highest scores offered so far, with their places.

    Args:
        n: rows.
        width: length of a list.
        floor: shape (n,): scores at or below are never kept.
    """

    def __init__(self, n: int, width: int, floor: NDArray[np.float32] | None = None) -> None:
        self._scores = np.full((n, width), -np.inf, np.float32)
        if floor is not None:
            self._scores[:] = floor[:, None]
        self._places = np.full((n, width), -1, np.int64)

    def offer(self, rows: NDArray[np.int64], scores: NDArray[np.float32], first: int) -> None:
        """Scores of some rows.

        Args:
            rows: shape (r,), each once.
            scores: shape (r, m), contiguous.
            first: place of the first column; the others follow it.
        """
        import faiss

        kept, places = self._scores[rows], self._places[rows]
        heap = faiss.float_minheap_array_t()
        heap.nh, heap.k = kept.shape
        heap.val, heap.ids = faiss.swig_ptr(kept), faiss.swig_ptr(places)
        heap.addn(scores.shape[1], faiss.swig_ptr(scores), first, 0, len(rows))  # pyright: ignore[reportCallIssue]
        self._scores[rows], self._places[rows] = kept, places

    def named(self, names: NDArray[np.int32]) -> NDArray[np.int32]:
        """The names of the places kept, in no order.

        Args:
            names: shape (places + 1,); the last is that of an empty place.
        """
        found = np.empty(self._places.shape, np.int32)
        for start in range(0, len(found), 1 << 16):
            found[start : start + (1 << 16)] = names[self._places[start : start + (1 << 16)]]
        return found

    def places_in_order(self) -> NDArray[np.int64]:
        """The places kept, highest score first, equal ones by place."""
        order = np.lexsort((self._places, -self._scores), axis=1)
        return np.take_along_axis(self._places, order, axis=1)
