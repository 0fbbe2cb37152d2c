"""Words of pictures, by which those are found that share corners: signatures cut into pieces, as numbers.

What belongs here: the numbers. Not here: the signatures (``charassets.images.local_features``), which pictures share several
words (``shared_words``).

A word of a picture is one number: the word with its place in the signature (34 bits), whether it is the mirror image's (1),
whose it is (29). Sorted, pictures that share a word lie side by side. For n pictures with 128 signatures there are 768 n
numbers, 6 kB a picture; they pass through ``TMPDIR``, where a million pictures need 6 GB.
"""

from collections.abc import Iterable, Iterator

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

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MARK_BITS = 27  # 128 MB at most


def is_wide(n: int) -> bool:
    """Whether the words of n pictures are long ones."""
    return n >= WIDE_FROM


class Marked:
    """Some words, marked for a quick look: a few others, one in thirty at most, are taken for one of them.

    Args:
        words: uint64, any shape and order.
    """

    def __init__(self, words: NDArray[np.uint64]) -> None:
        bits = min(_MARK_BITS, max(10, words.size.bit_length() + 5))
        self._shift = np.uint64(64 - bits)
        self._marks = np.zeros(1 << bits, bool)
        self._marks[self._slot(words)] = True

    def of(self, words: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which are among them, or taken for one."""
        return self._marks[self._slot(words)]

    def _slot(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        return ((words * _GOLDEN) >> self._shift).view(np.int64)


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
    owner = np.repeat(owners, np.diff(ends) // SIGNATURE_BYTES)
    if (owner < 0).any():
        mine = owner >= 0
        held, owner = held[mine], owner[mine]
    owner = owner.astype(np.uint64) | np.uint64(flipped) << OWNER_BITS
    if wide:
        words = held.view("<u4").astype(np.uint64)
    else:
        three = held.reshape(len(held), SIGNATURE_BYTES // 3, 3).astype(np.uint64)
        words = three[..., 0] | three[..., 1] << np.uint64(8) | three[..., 2] << np.uint64(16)
    words |= np.arange(words.shape[1], dtype=np.uint64)[None] << np.uint64(32 if wide else 24)
    if marked is None:
        return (words << WORD_BITS | owner[:, None]).ravel()
    found = np.flatnonzero(marked.of(words.ravel()))
    return words.ravel()[found] << WORD_BITS | owner[found // words.shape[1]]
