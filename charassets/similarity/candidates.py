"""Pairs of pictures as arrays and as numbers.

What belongs here: their form. Not here: which pairs are worth a close look (``by_hash``, ``shared_words``, the graph), what it says
(``judgement``).
"""

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
"""Shape (p, 2): places of two pictures, the smaller first, each pair once, sorted."""

_LOW = np.uint64(0xFFFF_FFFF)


def tidy(pairs: Pairs) -> Pairs:
    """The smaller place first, each pair once, sorted, none with itself. Places are below 2 ** 32."""
    return unkeyed(distinct(keyed(pairs[pairs[:, 0] != pairs[:, 1]])))


def distinct(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The keys sorted, each once; ``keys`` are sorted in place. Faster than ``numpy.unique``, which hashes them first."""
    keys.sort()
    return keys[np.r_[True, keys[1:] != keys[:-1]]] if len(keys) else keys


def keyed(pairs: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A number for every pair, the same in whichever order it is named; numbers sort as pairs do."""
    low, high = np.minimum(pairs[:, 0], pairs[:, 1]), np.maximum(pairs[:, 0], pairs[:, 1])
    return (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)


def unkeyed(keys: NDArray[np.uint64]) -> Pairs:
    """The pairs of ``keyed``, the smaller place first."""
    pairs = np.empty((len(keys), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = keys >> np.uint64(32), keys & _LOW
    return pairs
