"""Which pairs of pictures are worth a close look: close hashes, shared corners, near embeddings.

What belongs here: the search. Every candidate is a function of the two pictures and of the set, never of the order in which
they came. Not here: what a close look says (``judgement``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES

COMPARED_UP_TO = 20_000
"""Hashes up to which all pairs are compared: 2 s; beyond, those that share a band but for one bit (all within 7 bits)."""

_BANDS, _BAND_BITS, _FLIPS = 4, 16, 1
_BLOCK = 1_024
_CROWD = 16  # pictures of one hash that are paired each with each; of more, each is paired with the first of them
_FIRST = 4

WIDE_FROM = 100_000
"""Pictures from which words are 32 bits long: 24 bits would meet by chance too often."""

VOTES = 3
"""Words two pictures must share. Two let in six times as many strangers for a few re-cropped copies more."""

_COMMON = 64  # pictures that share a word from which on it says nothing
_VOTED_WORDS = 40_000_000  # words held at a time

Pairs = NDArray[np.int64]
"""Shape (p, 2): places of two pictures, the smaller first, each pair once, sorted."""


def by_hash(straight: NDArray[np.uint64], mirrored: NDArray[np.uint64], most_bits: int) -> Pairs:
    """Pairs whose hashes, or one's and the mirror image of the other's, differ in few bits.

    Args:
        straight: (n,) perceptual hashes, in an order that belongs to the pictures.
        mirrored: (n,) those of the mirror images.
        most_bits: most differing bits.
    """
    values, place = np.unique(straight, return_inverse=True)
    flipped, flipped_place = np.unique(mirrored, return_inverse=True)
    own, across = _Behind.of(place, len(values)), _Behind.of(flipped_place, len(flipped))
    found = [
        _paired(own, own, _close(values, values, most_bits)),
        _paired(own, across, _close(values, flipped, most_bits)),
    ]
    return tidy(np.concatenate(found))


def by_words(straight: Sequence[bytes], mirrored: Sequence[bytes], *, votes: int = VOTES) -> Pairs:
    """Pairs that share words of their signatures, straight or in the mirror.

    Args:
        straight: the n pictures' signatures.
        mirrored: those of their mirror images.
        votes: words they must share.
    """
    n = len(straight)
    if n < 2:
        return np.empty((0, 2), np.int64)
    wide = n >= WIDE_FROM
    parts = max(1, -(-2 * sum(map(len, straight)) // SIGNATURE_BYTES * (3 if wide else 4) // _VOTED_WORDS))
    keys, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
    for part in range(parts):
        shared = np.concatenate(list(_shared(straight, mirrored, wide, part, parts)) or [np.empty(0, np.uint64)])
        keys, counts = _summed(np.concatenate([keys, shared]), np.concatenate([counts, np.ones(len(shared), np.int64)]))
    is_mirrored = (keys & np.uint64(1)).astype(bool)
    enough = counts >= np.where(is_mirrored, 2 * votes - 1, votes)  # a mirrored pair is met from both of its sides
    chosen = (keys[enough] >> np.uint64(1)).astype(np.int64)
    return tidy(np.stack([chosen // n, chosen % n], axis=1))


def tidy(pairs: Pairs) -> Pairs:
    """The smaller place first, each pair once, sorted, none with itself."""
    ends = np.sort(pairs.astype(np.int64), axis=1)
    return np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)


def _close(left: NDArray[np.uint64], right: NDArray[np.uint64], most_bits: int) -> Pairs:
    """Places of close values of two sorted lists."""
    if max(len(left), len(right)) <= COMPARED_UP_TO:
        found = [np.empty((0, 2), np.int64)]
        for start in range(0, len(left), _BLOCK):
            apart = np.bitwise_count(left[start : start + _BLOCK, None] ^ right[None])
            near, far = np.nonzero(apart <= most_bits)
            found.append(np.stack([near + start, far], axis=1))
        return np.concatenate(found)
    import faiss

    index = faiss.IndexBinaryMultiHash(64, _BANDS, _BAND_BITS)
    index.nflip = _FLIPS
    index.add(right.view(np.uint8).reshape(-1, 8))
    limits, _, far = index.range_search(left.view(np.uint8).reshape(-1, 8), most_bits + 1)
    near = np.repeat(np.arange(len(left)), np.diff(limits).astype(np.int64))
    return np.stack([near, far.astype(np.int64)], axis=1)


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


def _words(signatures: Sequence[bytes], wide: bool) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Words, each once a picture, and whose they are. The word's number within a signature is part of it."""
    bits = np.frombuffer(b"".join(signatures), np.uint8).reshape(-1, SIGNATURE_BYTES)
    size = 4 if wide else 3
    count = SIGNATURE_BYTES // size
    weights = np.uint64(1) << (np.uint64(8) * np.arange(size, dtype=np.uint64))
    values = bits.reshape(-1, count, size).astype(np.uint64) @ weights
    values |= np.arange(count, dtype=np.uint64)[None] << np.uint64(8 * size)
    owner = np.repeat(np.arange(len(signatures)), [len(s) // SIGNATURE_BYTES for s in signatures])
    both = np.unique(np.stack([values.ravel(), np.repeat(owner, count).astype(np.uint64)], axis=1), axis=0)
    return both[:, 0], both[:, 1].astype(np.int64)


def _shared(
    straight: Sequence[bytes], mirrored: Sequence[bytes], wide: bool, part: int, parts: int
) -> Iterator[NDArray[np.uint64]]:
    """A key for every word that two pictures share: their places and whether one is in the mirror."""
    n = np.uint64(len(straight))
    sides = []
    for side in (straight, mirrored):
        words, owner = _words(side, wide)
        mine = words % np.uint64(parts) == part
        sides.append((words[mine], owner[mine]))
    words = np.concatenate([side[0] for side in sides])
    owner = np.concatenate([sides[0][1], sides[1][1]])
    flipped = np.repeat([False, True], [len(side[0]) for side in sides])
    order = np.lexsort((owner, flipped, words))
    words, owner, flipped = words[order], owner[order], flipped[order]
    _, run, size = np.unique(words, return_inverse=True, return_counts=True)
    said = (size[run] > 1) & (np.bincount(run, ~flipped)[run] <= _COMMON)
    words, owner, flipped = words[said], owner[said], flipped[said]
    for step in range(1, 2 * _COMMON):
        if step >= len(words):
            return
        near = np.flatnonzero((words[step:] == words[:-step]) & ~flipped[:-step])
        if not len(near):
            return
        a, b = owner[near], owner[near + step]
        low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
        yield ((low * n + high) << np.uint64(1) | flipped[near + step].astype(np.uint64))[a != b]


def _summed(keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    found, place = np.unique(keys, return_inverse=True)
    return found, np.bincount(place, counts, len(found)).astype(np.int64)
