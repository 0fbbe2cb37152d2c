"""In which order pairs are looked at, so that a picture that was just looked at is soon needed again.

What belongs here: the order. Not here: looking (``looker``), and who looks (``look_crew``). Reading a preview takes as
long as most looks, and the previews of a collection do not fit into memory.

References:
    Raghavan, Albert, Kumara (2007), Near linear time algorithm to detect community structures in large-scale networks.
    Cuthill, McKee (1969), Reducing the bandwidth of sparse symmetric matrices.
"""

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs

_ROUNDS = 3  # more change nothing that is worth their time


def order_of(pairs: Pairs, n: int) -> NDArray[np.int64]:
    """An order of p pairs in which those of one community of pictures follow each other, and near communities too.

    Args:
        pairs: shape (p, 2), places of pictures.
        n: number of pictures.

    Returns:
        The pairs' places, shape (p,): pairs that complete what is looked at of a picture follow each other.
    """
    if not len(pairs):
        return np.empty(0, np.int64)
    ends = np.sort(_rank(pairs, n)[pairs], axis=1)
    return np.lexsort((ends[:, 0], ends[:, 1]))


def _rank(pairs: Pairs, n: int) -> NDArray[np.int64]:
    """A place for every picture: communities in the order of their middle, and within one the order of smallest bandwidth."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n)).tocsr()
    narrow = _places(reverse_cuthill_mckee((edges + edges.T).tocsr(), symmetric_mode=True))
    community = np.unique(_communities(pairs, n), return_inverse=True)[1]
    middle = np.bincount(community, narrow) / np.bincount(community)
    return _places(np.lexsort((narrow, community, middle[community])))


def _places(order: NDArray) -> NDArray[np.int64]:
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _communities(pairs: Pairs, n: int) -> NDArray[np.int64]:
    """A label a picture: a few rounds in which each takes the label that most of its neighbours and itself have."""
    everybody = np.arange(n)
    label = everybody
    one = np.concatenate([pairs[:, 0], pairs[:, 1], everybody]).astype(np.uint64) << np.uint64(32)
    other = np.concatenate([pairs[:, 1], pairs[:, 0], everybody])
    for _ in range(_ROUNDS):
        votes = one | label[other].astype(np.uint64)
        votes.sort()
        first = np.flatnonzero(np.r_[True, votes[1:] != votes[:-1]])
        count, votes = np.diff(np.append(first, len(votes))), votes[first]
        voter, said = (votes >> np.uint64(32)).astype(np.int64), (votes & np.uint64(0xFFFF_FFFF)).astype(np.int64)
        order = np.lexsort((said, -count, voter))
        label = said[order[np.r_[True, voter[order][1:] != voter[order][:-1]]]]
    return label
