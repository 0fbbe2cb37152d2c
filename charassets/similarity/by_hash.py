"""Pairs of pictures worth a close look because their hashes are close.

What belongs here: the pictures behind each hash. Every candidate is a function of the two pictures and of the set, never of
the order in which they came. Not here: which hashes are close (``close_hashes``), the search by shared corners (``words``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.close_hashes import HashesBefore, close_hashes

_CROWD = 16  # pictures of one hash that are paired each with each; of more, each is paired with the first of them
_FIRST = 4


@dataclass(frozen=True)
class ByHash:
    """Pairs of pictures with close hashes, and what the next run goes on from."""

    pairs: Pairs
    kept: HashesBefore | None


def by_hash(
    straight: NDArray[np.uint64], mirrored: NDArray[np.uint64], most_bits: int, before: HashesBefore | None = None
) -> ByHash:
    """Pairs whose hashes, or one's and the mirror image of the other's, differ in few bits.

    Args:
        straight: (n,) perceptual hashes, in an order that belongs to the pictures.
        mirrored: (n,) those of the mirror images.
        most_bits: most differing bits.
        before: what a run found; it changes no answer.
    """
    values, place = np.unique(straight, return_inverse=True)
    flipped, flipped_place = np.unique(mirrored, return_inverse=True)
    own, across = _Behind.of(place, len(values)), _Behind.of(flipped_place, len(flipped))
    close = close_hashes(values, flipped, most_bits, before)
    found = [_paired(own, own, close.straight), _paired(own, across, close.mirrored)]
    return ByHash(tidy(np.concatenate(found)), close.kept)


@dataclass(frozen=True)
class _Behind:
    """The pictures behind each distinct hash: ``order[start : start + size]``, first things first."""

    order: NDArray[np.int64]
    start: NDArray[np.int64]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.int64], n: int) -> "_Behind":
        """From the hash of every picture, as its place among n distinct ones."""
        size = np.bincount(place, minlength=n)
        return cls(np.argsort(place, kind="stable"), np.cumsum(size) - size, size)


def _paired(left: _Behind, right: _Behind, hits: Pairs) -> Pairs:
    """Pairs of the pictures behind close hashes; where a hash is everybody's (blank pages), with its first few only."""
    one, other = hits[:, 0], hits[:, 1]
    crowded = (left.size[one] > _CROWD) | (right.size[other] > _CROWD)
    near, far = hits[~crowded], hits[crowded]
    return np.concatenate(
        [
            _each(left, right, near, left.size[near[:, 0]], right.size[near[:, 1]]),
            _each(left, right, far, left.size[far[:, 0]], np.minimum(right.size[far[:, 1]], _FIRST)),
            _each(left, right, far, np.minimum(left.size[far[:, 0]], _FIRST), right.size[far[:, 1]]),
        ]
    )


def _each(left: _Behind, right: _Behind, hits: Pairs, some: NDArray[np.int64], others: NDArray[np.int64]) -> Pairs:
    """Every one of the first ``some`` pictures of each hit's one side with each of the first ``others`` of its other side."""
    products = some * others
    hit = np.repeat(np.arange(len(hits)), products)
    within = np.arange(len(hit)) - np.repeat(np.cumsum(products) - products, products)
    a = left.order[left.start[hits[hit, 0]] + within // others[hit]]
    b = right.order[right.start[hits[hit, 1]] + within % others[hit]]
    return np.stack([a, b], axis=1)
