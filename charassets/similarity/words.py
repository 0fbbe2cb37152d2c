"""Words of pictures, by which those are found that share corners: signatures cut into pieces, as numbers.

What belongs here: the numbers. Not here: the signatures (``charassets.images.local_features``), which pictures share several
words (``shared_words``).

A word of a picture is one number: the word with its place in the signature (34 bits), whether it is the mirror image's (1),
whose it is (29). Sorted, pictures that share a word lie side by side. For n pictures with 128 signatures there are 768 n
numbers, 6 kB a picture; they pass through ``TMPDIR``, where a million pictures need 6 GB.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES

WIDE_FROM = 100_000
"""Pictures from which words are 32 bits long: 24 bits would meet by chance too often."""

SIGNED = ("signatures", "signatures_mirrored")
"""Columns of the signatures of pictures and of their mirror images."""

Owned = Iterable[tuple[NDArray[np.int64], pa.Table]]
"""Signatures of pictures, columns ``SIGNED``, with the place of each picture: below 2 ** 29, -1 for one that is left out."""

OWNER_BITS = np.uint64(29)
OWNER = np.uint64((1 << 29) - 1)
WORD_BITS = OWNER_BITS + np.uint64(1)
"""Of a number the lowest bits are the picture's place, the next is whether it is the mirror image, the rest the word."""

_SALT = np.array([0, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F], np.uint32)  # of the places in a signature
_QUICK, _SLOW = np.uint32(0x9E3779B1), np.uint32(0xCC9E2D51)  # factors of the slots in the two tables
_QUICK_BITS, _SLOW_BITS = 25, 27  # 4 MB at most, which a processor holds at hand, and 16, which take four times as long
_AT_ONCE = 8_192  # signatures, whose words stay in the cache


def is_wide(n: int) -> bool:
    """Whether the words of n pictures are long ones."""
    return n >= WIDE_FROM


class Marked:
    """Some words, marked for a quick look: few others are taken for one of them, one in a thousand while the tables have room.

    There are two tables: the smaller is asked about all words, the larger about those that are left.

    Args:
        words: uint64, any shape and order: words with their places in the signature above.
        wide: whether they are long ones.
    """

    def __init__(self, words: NDArray[np.uint64], *, wide: bool) -> None:
        salted = words.astype(np.uint32) & _lowest(wide)
        salted ^= _SALT[(words >> _length(wide)).astype(np.int64)]
        self._quick, self._slow = _Table.of(salted, _QUICK, _QUICK_BITS), _Table.of(salted, _SLOW, _SLOW_BITS)

    def among(self, words: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Which are among them, or taken for one, of n signatures with k words each: places in the flat array, ascending.

        Args:
            words: shape (n, k).
        """
        found = [np.empty(0, np.int64)]
        flat, salt = words.ravel(), np.tile(_SALT[: words.shape[1]], min(_AT_ONCE, len(words)))
        for start in range(0, len(flat), max(1, len(salt))):
            some = flat[start : start + len(salt)]
            salted = some ^ salt[: len(some)]
            likely = self._quick.holding(salted)
            found.append(likely[self._slow.holding(salted[likely])] + start)
        return np.concatenate(found)


@dataclass(frozen=True)
class _Table:
    """Bits at the slots of some numbers; a slot is the highest bits of a product."""

    bits: NDArray[np.uint8]
    factor: np.uint32
    shift: np.uint32

    @classmethod
    def of(cls, numbers: NDArray[np.uint32], factor: np.uint32, most_bits: int) -> "_Table":
        """A table of which a thirty-second or less is taken, if ``most_bits`` allow."""
        bits = min(most_bits, max(10, numbers.size.bit_length() + 5))
        shift = np.uint32(32 - bits)
        marks = np.zeros(1 << bits, bool)
        marks[_slots(numbers, factor, shift)] = True
        return cls(np.packbits(marks, bitorder="little"), factor, shift)

    def holding(self, numbers: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The places of the numbers whose slots are taken, ascending."""
        slot = _slots(numbers, self.factor, self.shift)
        marks = self.bits.take(slot >> np.uint32(3))
        marks >>= (slot & np.uint32(7)).astype(np.uint8)
        marks &= 1
        return np.flatnonzero(marks.view(bool))


def _slots(numbers: NDArray[np.uint32], factor: np.uint32, shift: np.uint32) -> NDArray[np.uint32]:
    slot = numbers * factor
    slot >>= shift
    return slot


def numbers_of(signed: Owned, n: int, marked: Marked | None = None) -> Iterator[NDArray[np.uint64]]:
    """The numbers of the words of pictures, in no order.

    Args:
        signed: the pictures' signatures.
        n: how many pictures there are in all, which decides the length of words.
        marked: the words that are wanted; all, without.
    """
    for owners, batch in signed:
        for flipped, name in enumerate(SIGNED):
            for chunk, start in _chunks(batch[name]):
                yield _of(chunk, owners[start : start + len(chunk)], flipped, is_wide(n), marked)


def _chunks(column: pa.ChunkedArray) -> Iterator[tuple[pa.Array, int]]:
    start = 0
    for chunk in column.chunks:
        yield chunk, start
        start += len(chunk)


def _of(
    signatures: pa.Array, owners: NDArray[np.int64], flipped: int, wide: bool, marked: Marked | None
) -> NDArray[np.uint64]:
    """The numbers of the words of some pictures, those with place -1 left out."""
    _, ends, data = signatures.buffers()
    ends = np.frombuffer(ends, np.int32)[signatures.offset : signatures.offset + len(signatures) + 1]
    held = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]].reshape(-1, SIGNATURE_BYTES)
    words = _cut(held, wide)
    places = words.shape[1]
    last = (ends[1:] - ends[0]) // SIGNATURE_BYTES * places  # of a picture's words, which come before it
    if marked is None:
        place = np.arange(places, dtype=np.uint64) << _length(wide)
        numbers, owner = (words | place).ravel(), np.repeat(owners, np.diff(last, prepend=0))
    else:
        found = marked.among(words)
        owner = owners[np.searchsorted(last, found, side="right")]
        numbers = words.ravel()[found] | (found % places).astype(np.uint64) << _length(wide)
    if (owner < 0).any():
        mine = owner >= 0
        numbers, owner = numbers[mine], owner[mine]
    return numbers << WORD_BITS | np.uint64(flipped) << OWNER_BITS | owner.astype(np.uint64)


def _cut(signatures: NDArray[np.uint8], wide: bool) -> NDArray[np.uint32]:
    """The words of n signatures, shape (n, words of each)."""
    if wide:
        return signatures.view("<u4")
    three = signatures.reshape(len(signatures), SIGNATURE_BYTES // 3, 3).astype(np.uint32)
    return three[..., 0] | three[..., 1] << np.uint32(8) | three[..., 2] << np.uint32(16)


def _length(wide: bool) -> np.uint64:
    """Bits of a word."""
    return np.uint64(32 if wide else 24)


def _lowest(wide: bool) -> np.uint32:
    return np.uint32((1 << int(_length(wide))) - 1)
