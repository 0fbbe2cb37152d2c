"""Which pairs of pictures share corners: signatures cut into words, and pictures that share several.

What belongs here: the search by words, in sorted numbers, a bucket of words at a time. Not here: the signatures
(``charassets.images.local_features``).

A word of a picture is one number: the word with its place in the signature (34 bits), whether it is the mirror image's (1),
whose it is (29). Sorted, pictures that share a word lie side by side. For n pictures with 128 signatures there are 768 n
numbers, 6 kB a picture; they pass through ``TMPDIR``, where a million pictures need 6 GB.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES
from charassets.similarity.buckets import Buckets
from charassets.similarity.candidates import Pairs, distinct, unkeyed

WIDE_FROM = 100_000
"""Pictures from which words are 32 bits long: 24 bits would meet by chance too often."""

VOTES = 3
"""Words two pictures must share. Two let in six times as many strangers for a few re-cropped copies more."""

SIGNED = ("signatures", "signatures_mirrored")
"""Columns of the signatures of pictures and of their mirror images."""

_COMMON = 64  # pictures that share a word from which on it says nothing
_WORDS_A_BUCKET = 6_000_000
_WORDS_A_PICTURE = 1_024  # at most
_MOST_BUCKETS = 256  # each may be a file

_OWNER_BITS = np.uint64(29)
_OWNER = np.uint64((1 << 29) - 1)
_ONE = np.uint64(1)
_WORD = _OWNER_BITS + _ONE


def by_words(signed: Iterable[pa.Table], places: NDArray[np.int64], *, votes: int = VOTES) -> Pairs:
    """Pairs that share words of their signatures, straight or in the mirror.

    Args:
        signed: the pictures' signatures, columns ``SIGNED``, in their order.
        places: for every picture its place among those that are compared, which belongs to the pictures and not to their
            order; -1 for one that is left out.
        votes: words they must share.

    Returns:
        Pairs of places.
    """
    n = int((places >= 0).sum())
    words = Buckets(min(_MOST_BUCKETS, -(-n * _WORDS_A_PICTURE // _WORDS_A_BUCKET)))
    for numbers in _numbers(signed, places, wide=n >= WIDE_FROM):
        words.add(numbers, numbers >> _WORD)
    shared = Buckets(len(words))
    for bucket in range(len(words)):
        for keys in _shared(words.take(bucket)):
            shared.add(keys, keys)
    return unkeyed(distinct(np.concatenate([_voted(shared.take(b), votes) for b in range(len(shared))])))


def _numbers(signed: Iterable[pa.Table], places: NDArray[np.int64], *, wide: bool) -> Iterator[NDArray[np.uint64]]:
    first = 0
    for batch in signed:
        owners = places[first : first + len(batch)]
        first += len(batch)
        for flipped, name in enumerate(SIGNED):
            for chunk, start in _chunks(batch[name]):
                yield _of(chunk, owners[start : start + len(chunk)], flipped, wide=wide)


def _chunks(column: pa.ChunkedArray) -> Iterator[tuple[pa.Array, int]]:
    start = 0
    for chunk in column.chunks:
        yield chunk, start
        start += len(chunk)


def _of(signatures: pa.Array, owners: NDArray[np.int64], flipped: int, *, wide: bool) -> NDArray[np.uint64]:
    """The numbers of the words of some pictures, those with place -1 left out."""
    _, ends, data = signatures.buffers()
    ends = np.frombuffer(ends, np.int32)[signatures.offset : signatures.offset + len(signatures) + 1]
    held = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]].reshape(-1, SIGNATURE_BYTES)
    owner = np.repeat(owners, np.diff(ends) // SIGNATURE_BYTES)
    mine = owner >= 0
    bits, owner = held[mine], owner[mine].astype(np.uint64) | np.uint64(flipped) << _OWNER_BITS
    if wide:
        values = bits.view("<u4").astype(np.uint64)
    else:
        three = bits.reshape(len(bits), SIGNATURE_BYTES // 3, 3).astype(np.uint64)
        values = three[..., 0] | three[..., 1] << np.uint64(8) | three[..., 2] << np.uint64(16)
    count = values.shape[1]
    values |= np.arange(count, dtype=np.uint64)[None] << np.uint64(32 if wide else 24)
    return (values << _WORD | owner[:, None]).ravel()


def _shared(numbers: NDArray[np.uint64]) -> Iterator[NDArray[np.uint64]]:
    """A key for every word that two pictures share: their places and whether one is in the mirror."""
    numbers = _of_several(distinct(numbers))
    if not len(numbers):
        return
    word, flipped = numbers >> _WORD, (numbers >> _OWNER_BITS & _ONE).astype(bool)
    owner = numbers & _OWNER
    first = np.flatnonzero(np.r_[True, word[1:] != word[:-1]])
    straight = np.add.reduceat((~flipped).astype(np.int64), first)
    said = np.repeat(straight <= _COMMON, np.diff(np.append(first, len(word))))
    word, owner, flipped = word[said], owner[said], flipped[said]
    for step in range(1, 2 * _COMMON):
        if step >= len(word):
            return
        near = np.flatnonzero((word[step:] == word[:-step]) & ~flipped[:-step])
        if not len(near):
            return
        a, b = owner[near], owner[near + step]
        low, high = np.minimum(a, b), np.maximum(a, b)
        yield (low << np.uint64(32) | high << _ONE | flipped[near + step].astype(np.uint64))[a != b]


def _of_several(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Those of sorted numbers whose word another picture, or the mirror image, has too."""
    if len(numbers) < 2:  # noqa: PLR2004
        return numbers[:0]
    same = numbers[1:] >> _WORD == numbers[:-1] >> _WORD
    return numbers[np.r_[same, False] | np.r_[False, same]]


def _voted(keys: NDArray[np.uint64], votes: int) -> NDArray[np.uint64]:
    """Of keys that are there as often as words are shared: the pairs (``candidates.keyed``) with votes enough."""
    keys.sort()
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
    counts, keys = np.diff(np.append(first, len(keys))), keys[first]
    mirrored = (keys & _ONE).astype(bool)
    keys = keys[counts >= np.where(mirrored, 2 * votes - 1, votes)]  # a mirrored pair is met from both of its sides
    return keys >> np.uint64(32) << np.uint64(32) | (keys & np.uint64(0xFFFF_FFFF)) >> _ONE
