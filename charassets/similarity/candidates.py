"""Pairs of pictures as arrays, and those worth a close look because their hashes are close.

What belongs here: the search by perceptual hash. Every candidate is a function of the two pictures and of the set, never of
the order in which they came. Not here: the search by shared corners (``words``), what a close look says (``judgement``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOUND_UP_TO = 60_000
"""Hashes up to which every close pair is found: 2 s; beyond, all within 7 bits, and most of those further apart."""

_ALL, _MOST = (11, 11, 11, 11, 10, 10), (16, 16, 16, 16)
"""Bits of the bands of a hash. Of two hashes that differ in fewer bits than there are bands twice over one band differs in one bit
at most."""

_BLOCK = 1_024
_AT_ONCE = 1 << 21  # hashes compared at a time: five arrays of 16 MB
_CROWD = 16  # pictures of one hash that are paired each with each; of more, each is paired with the first of them
_FIRST = 4

Pairs = NDArray[np.int64]
"""Shape (p, 2): places of two pictures, the smaller first, each pair once, sorted."""

_LOW = np.uint64(0xFFFF_FFFF)


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
        _paired(own, own, _close(values, values, most_bits, twice=True)),
        _paired(own, across, _close(values, flipped, most_bits)),
    ]
    return tidy(np.concatenate(found))


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


def _close(left: NDArray[np.uint64], right: NDArray[np.uint64], most_bits: int, *, twice: bool = False) -> Pairs:
    """Places of close values of two sorted lists; of one list given ``twice`` each pair is named once."""
    few = max(len(left), len(right)) <= FOUND_UP_TO
    if few and most_bits >= 2 * len(_ALL):
        return _compared(left, right, most_bits)
    widths = _ALL if few else _MOST
    bands = zip(np.cumsum((0, *widths)).tolist(), widths, strict=False)
    found = [keys for band in bands for keys in _in_band(left, right, band, most_bits, twice=twice)]
    if twice:
        everybody = np.arange(len(left), dtype=np.uint64)
        found.append((everybody << np.uint64(32)) | everybody)
    return unkeyed(distinct(np.concatenate([*found, np.empty(0, np.uint64)])))


def _compared(left: NDArray[np.uint64], right: NDArray[np.uint64], most_bits: int) -> Pairs:
    """Each with each."""
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(left), _BLOCK):
        apart = np.bitwise_count(left[start : start + _BLOCK, None] ^ right[None])
        near, far = np.nonzero(apart <= most_bits)
        found.append(np.stack([near + start, far], axis=1))
    return np.concatenate(found)


def _in_band(
    left: NDArray[np.uint64], right: NDArray[np.uint64], band: tuple[int, int], most_bits: int, *, twice: bool
) -> Iterator[NDArray[np.uint64]]:
    """Keys of close values whose bits of one band (where it begins, how many) differ in one bit at most, blocks of them."""
    begin, width = band
    mask = np.uint64((1 << width) - 1)
    own, theirs = ((side >> np.uint64(begin) & mask).astype(np.uint16) for side in (left, right))
    order, there = np.argsort(own, kind="stable"), np.argsort(theirs, kind="stable")
    own, asked, offered = own[order].astype(np.int64), left[order], right[there]
    start = np.concatenate([[0], np.cumsum(np.bincount(theirs, minlength=1 << width))])
    for flip in (0, *(1 << bit for bit in range(width))):
        some = (
            np.flatnonzero((own & flip) == 0) if twice and flip else np.arange(len(own))
        )  # the other half is its mirror
        first, count = start[own[some] ^ flip], np.diff(start)[own[some] ^ flip]
        ends = np.cumsum(count)
        for block in _blocks(ends):
            times = count[block]
            total = int(times.sum())
            begun = np.cumsum(times) - times
            at = np.arange(total) + np.repeat(first[block] - begun, times)
            apart = np.bitwise_count(np.repeat(asked[some[block]], times) ^ offered[at])
            hit = np.flatnonzero(apart <= most_bits)
            near = order[some[block][np.searchsorted(begun + times, hit, side="right")]]
            far = there[at[hit]]
            wanted = near < far if twice and not flip else np.ones(len(hit), bool)
            low, high = (np.minimum(near, far), np.maximum(near, far)) if twice else (near, far)
            yield ((low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64))[wanted]


def _blocks(ends: NDArray[np.int64]) -> Iterator[slice]:
    """Slices of consecutive entries that come to about ``_AT_ONCE``, from their cumulated sizes; always one entry at least."""
    done = 0
    while done < len(ends):
        before = ends[done - 1] if done else 0
        stop = max(done + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        yield slice(done, stop)
        done = stop


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
