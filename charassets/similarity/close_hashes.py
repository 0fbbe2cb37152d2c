"""Perceptual hashes that are close to each other, of all there are or after some were added.

What belongs here: the search among values, and what is kept of it. Not here: the pictures behind a hash (``by_hash``).

Among n hashes there are n ** 2 pairs, of which bands leave one in a thousand: the one search that grows with the square. What two
values are to each other never changes, so an addition compares its own values with all, and the others' pairs are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs, distinct, unkeyed

FOUND_UP_TO = 60_000
"""Hashes up to which every close pair is found: 2 s; beyond, all within 7 bits, and most of those further apart."""

VALUES = pa.schema(
    [
        pa.field("value", pa.uint64(), False),
        pa.field("mirrored", pa.bool_(), False),
        pa.field("bits", pa.int32(), False),
    ]
)
"""The hashes that were compared, those of mirror images too, and the most differing bits that were asked for."""

CLOSE = pa.schema(
    [
        pa.field("left", pa.uint64(), False),
        pa.field("right", pa.uint64(), False),
        pa.field("mirrored", pa.bool_(), False),
    ]
)
"""A row a pair of different hashes that are close; ``mirrored``: the right one is that of a mirror image."""

_ALL, _MOST = (11, 11, 11, 11, 10, 10), (16, 16, 16, 16)
"""Bits of the bands of a hash. Of two hashes that differ in fewer bits than there are bands twice over one band differs in one bit
at most."""

_BLOCK = 1_024
_AT_ONCE = 1 << 21  # hashes compared at a time: five arrays of 16 MB
_ADDED = 4  # an addition that makes up more than one in so many is not worth two passes


@dataclass(frozen=True)
class HashesBefore:
    """What a run found: ``values`` of schema ``VALUES``, ``close`` of schema ``CLOSE``."""

    values: pa.Table
    close: pa.Table

    def side(self, *, mirrored: bool) -> NDArray[np.uint64]:
        """The hashes that were compared, or those of mirror images, rising."""
        return self.values["value"].to_numpy()[self.values["mirrored"].to_numpy() == mirrored]

    def pairs(self, left: NDArray[np.uint64], right: NDArray[np.uint64], *, mirrored: bool) -> Pairs:
        """Places of the close pairs both of whose values are still there, in two sorted lists."""
        of = self.close["mirrored"].to_numpy() == mirrored
        ends = [self.close[name].to_numpy()[of] for name in ("left", "right")]
        places = np.stack([_place(side, end) for side, end in zip((left, right), ends, strict=True)], axis=1)
        return places[(places >= 0).all(axis=1)]


@dataclass(frozen=True)
class CloseHashes:
    """Places of close values: of two perceptual hashes, the smaller first; of a hash and a mirror image's.

    Attributes:
        straight: int64, shape (p, 2).
        mirrored: int64, shape (q, 2).
        kept: what the next run goes on from; None where few are compared each with each.
    """

    straight: Pairs
    mirrored: Pairs
    kept: HashesBefore | None


def close_hashes(
    values: NDArray[np.uint64], flipped: NDArray[np.uint64], most_bits: int, before: HashesBefore | None = None
) -> CloseHashes:
    """The values that differ in few bits; each is close to itself. What was found before changes no answer.

    Args:
        values: perceptual hashes, rising, each once.
        flipped: those of mirror images, rising, each once.
        most_bits: most differing bits.
        before: what a run found.
    """
    if max(len(values), len(flipped)) <= FOUND_UP_TO:
        few = _among_few(values, values, most_bits, twice=True)
        return CloseHashes(few, _among_few(values, flipped, most_bits), None)
    old = None if before is None else _standing(before, values, flipped, most_bits)
    if before is None or old is None:
        straight, mirrored = _banded(values, values, most_bits, twice=True), _banded(values, flipped, most_bits)
    else:
        fresh, fresh_flipped = (np.flatnonzero(~side) for side in old)
        more = _of(_banded(values[fresh], values, most_bits), fresh)
        straight = _joined(before.pairs(values, values, mirrored=False), np.sort(more, axis=1))
        across = _of(_banded(flipped[fresh_flipped], values, most_bits), fresh_flipped)
        mirrored = _joined(
            before.pairs(values, flipped, mirrored=True),
            _of(_banded(values[fresh], flipped, most_bits), fresh),
            across[:, ::-1],
        )
    apart = straight[straight[:, 0] != straight[:, 1]]
    everybody = np.repeat(np.arange(len(values))[:, None], 2, axis=1)
    return CloseHashes(
        np.concatenate([apart, everybody]), mirrored, _to_keep(values, flipped, most_bits, apart, mirrored)
    )


def _of(pairs: Pairs, rows: NDArray[np.int64]) -> Pairs:
    """Pairs whose left place is one of some rows, as places of all."""
    return np.stack([rows[pairs[:, 0]], pairs[:, 1]], axis=1)


def _joined(*pairs: Pairs) -> Pairs:
    """Pairs of places, each once; left and right are not exchanged."""
    left, right = np.concatenate(pairs).astype(np.uint64).T
    return unkeyed(distinct(left << np.uint64(32) | right))


def _standing(
    before: HashesBefore, values: NDArray[np.uint64], flipped: NDArray[np.uint64], most_bits: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which values, and which mirror images', were compared before; None where that is nothing to go on from."""
    sides = before.side(mirrored=False), before.side(mirrored=True)
    if max(map(len, sides)) <= FOUND_UP_TO or before.values["bits"][0].as_py() != most_bits:
        return None
    straight, mirrored = (_place(was, now) >= 0 for was, now in zip(sides, (values, flipped), strict=True))
    added = int((~straight).sum()) + int((~mirrored).sum())
    return None if added * _ADDED > len(values) + len(flipped) else (straight, mirrored)


def _place(values: NDArray[np.uint64], asked: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where values stand in a rising list, -1 where they are not in it."""
    if not len(values):
        return np.full(len(asked), -1)
    place = np.minimum(np.searchsorted(values, asked), len(values) - 1)
    return np.where(values[place] == asked, place, -1)


def _to_keep(
    values: NDArray[np.uint64], flipped: NDArray[np.uint64], most_bits: int, straight: Pairs, mirrored: Pairs
) -> HashesBefore:
    sides = np.repeat([False, True], [len(values), len(flipped)])
    compared = [np.concatenate([values, flipped]), sides, np.full(len(sides), most_bits, np.int32)]
    left = np.concatenate([values[straight[:, 0]], values[mirrored[:, 0]]])
    right = np.concatenate([values[straight[:, 1]], flipped[mirrored[:, 1]]])
    close = [left, right, np.repeat([False, True], [len(straight), len(mirrored)])]
    return HashesBefore(pa.table(compared, schema=VALUES), pa.table(close, schema=CLOSE))


def _among_few(left: NDArray[np.uint64], right: NDArray[np.uint64], most_bits: int, *, twice: bool = False) -> Pairs:
    """Places of all close values of two sorted lists."""
    if most_bits >= 2 * len(_ALL):
        return _compared(left, right, most_bits)
    return _banded(left, right, most_bits, _ALL, twice=twice)


def _banded(
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    most_bits: int,
    widths: Sequence[int] = _MOST,
    *,
    twice: bool = False,
) -> Pairs:
    """Places of close values of two sorted lists; of one list given ``twice`` each pair is named once."""
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
