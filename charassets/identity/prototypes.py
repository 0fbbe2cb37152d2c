"""Which of a character's references stand for it: a bounded number that together are near to all of them.

What belongs here: the choice. Not here: comparing with them (``matching``).
"""

import numpy as np
from numpy.typing import NDArray


def medoids(vectors: NDArray[np.floating], most: int) -> NDArray[np.int64]:
    """Places of at most ``most`` references, the most central first.

    Greedy k-medoids: each pick is the reference that raises the summed likeness of all references to their nearest pick the most
    (Nemhauser, Wolsey, Fisher 1978: within 1 - 1/e of the best choice). Ties go to the earlier reference.

    Args:
        vectors: shape (n, d), unit norm.
        most: at least 1.
    """
    n = len(vectors)
    if n <= most:
        return np.arange(n)
    full = vectors.astype(np.float32)
    likeness = full @ full.T
    nearest = np.full(n, -1.0, np.float32)
    picked: list[int] = []
    for _ in range(most):
        gain = np.maximum(likeness, nearest[:, None]).sum(axis=0)
        gain[picked] = -np.inf
        picked.append(int(gain.argmax()))
        nearest = np.maximum(nearest, likeness[:, picked[-1]])
    return np.array(picked, np.int64)


def chosen(vectors: NDArray[np.floating], owner: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Places of the prototypes of every owner, sorted by owner.

    Args:
        vectors: shape (n, d), unit norm.
        owner: shape (n,): whose reference each is.
        most: prototypes an owner at most.
    """
    order = np.argsort(owner, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1) if len(order) else []
    return np.concatenate([group[medoids(vectors[group], most)] for group in groups] or [np.empty(0, np.int64)])
