"""Pairs of pictures that share words of their signatures, of all pictures or after some were added.

What belongs here: sorted numbers, a bucket of words at a time, and votes. Not here: what a word is (``words``), what is kept
from run to run (``shared_before``).

What old pictures share among themselves only ever becomes less when pictures are added: a word that too many have says nothing.
So their votes are kept, and an addition looks at the words of the new pictures alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.buckets import Buckets
from charassets.similarity.candidates import Pairs, distinct, unkeyed
from charassets.similarity.words import OWNER, OWNER_BITS, WORD_BITS, Marked, Owned, is_wide, numbers_of

VOTES = 3
"""Words two pictures must share. Two let in six times as many strangers for a few re-cropped copies more."""

_COMMON = 64  # pictures that share a word from which on it says nothing
_WORDS_A_BUCKET = 6_000_000
_WORDS_A_PICTURE = 1_024  # at most
_MOST_BUCKETS = 256  # each may be a file

_ONE = np.uint64(1)
_LOW = np.uint64(0xFFFF_FFFF)
_NOTHING = np.empty(0, np.uint64)


@dataclass(frozen=True)
class Shared:
    """Pairs of pictures that share words enough, and how many.

    Attributes:
        keys: uint64, shape (p,), rising: the smaller place (32 bits), the larger (31), whether one is seen in the mirror (1).
        votes: int32, shape (p,): words that they share.
    """

    keys: NDArray[np.uint64]
    votes: NDArray[np.int32]

    @property
    def pairs(self) -> Pairs:
        """The pairs, each once."""
        return unkeyed(distinct(self.keys >> np.uint64(32) << np.uint64(32) | (self.keys & _LOW) >> _ONE))


def shared_words(signed: Owned, n: int, votes: int = VOTES) -> Shared:
    """What pictures share, straight or in the mirror.

    Args:
        signed: their signatures, each picture once.
        n: how many pictures there are.
        votes: words they must share.
    """
    words = Buckets(min(_MOST_BUCKETS, -(-n * _WORDS_A_PICTURE // _WORDS_A_BUCKET)))
    for numbers in numbers_of(signed, n):
        words.add(numbers, numbers >> WORD_BITS)
    shared = Buckets(len(words))
    for bucket in range(len(words)):
        for keys in _keys(_Groups.of(_of_several(distinct(words.take(bucket)))).said()):
            shared.add(keys, keys)
    return _joined([_voted(shared.take(bucket), votes) for bucket in range(len(shared))])


def with_more(before: Shared, new: Owned, old: Owned, n: int, votes: int = VOTES) -> Shared:
    """What pictures share after some were added: the same as ``shared_words`` of all.

    Args:
        before: what the old ones shared by words of the same length (``is_wide``) and the same votes.
        new: signatures of the new pictures.
        old: of the old ones.
        n: how many there are now.
        votes: words they must share.
    """
    fresh = distinct(np.concatenate([_NOTHING, *numbers_of(new, n)]))
    added = np.unique(fresh & OWNER)
    wanted = Marked(fresh >> WORD_BITS, wide=is_wide(n))
    groups = _Groups.of(_of_several(distinct(np.concatenate([fresh, *numbers_of(old, n, wanted)]))))
    is_new = np.zeros(int(max((groups.owner.max(initial=0), added.max(initial=0)))) + 1, bool)
    is_new[added.astype(np.int64)] = True
    gained = [keys[_of_any(keys, is_new)] for keys in _keys(groups.said())]
    left = _less(before, _lost(groups, groups.without(is_new[groups.owner.astype(np.int64)]).said()), votes)
    return _joined([left, _voted(np.concatenate([_NOTHING, *gained]), votes)])


@dataclass(frozen=True)
class _Groups:
    """Sorted numbers as groups that share a word, its straight ones first; ``group`` numbers them."""

    group: NDArray[np.int64]
    owner: NDArray[np.uint64]
    flipped: NDArray[np.bool_]
    count: int

    @classmethod
    def of(cls, numbers: NDArray[np.uint64]) -> "_Groups":
        """From sorted numbers, each once."""
        word = numbers >> WORD_BITS
        group = np.cumsum(np.r_[True, word[1:] != word[:-1]]) - 1 if len(word) else np.empty(0, np.int64)
        flipped = (numbers >> OWNER_BITS & _ONE).astype(bool)
        return cls(group, numbers & OWNER, flipped, int(group[-1]) + 1 if len(group) else 0)

    def common(self, *, flipped: bool) -> NDArray[np.bool_]:
        """Of which groups so many pictures, or mirror images, have the word that it says nothing; shape (count,)."""
        return np.bincount(self.group[self.flipped == flipped], minlength=self.count) > _COMMON

    def without(self, rows: NDArray[np.bool_]) -> "_Groups":
        """Those of other rows, with the same numbers of groups."""
        return _Groups(self.group[~rows], self.owner[~rows], self.flipped[~rows], self.count)

    def said(self) -> "_Groups":
        """What says something: words that few have, and of words that few have in the mirror the mirror images."""
        mirrored = self.common(flipped=True)[self.group] & self.flipped
        return self.without(self.common(flipped=False)[self.group] | mirrored)


def _keys(groups: _Groups) -> Iterator[NDArray[np.uint64]]:
    """A key for every word that two pictures share: their places and whether one is in the mirror."""
    group, owner, flipped = groups.group, groups.owner, groups.flipped
    for step in range(1, 2 * _COMMON):
        if step >= len(group):
            return
        near = np.flatnonzero((group[step:] == group[:-step]) & ~flipped[:-step])
        if not len(near):
            return
        a, b = owner[near], owner[near + step]
        low, high = np.minimum(a, b), np.maximum(a, b)
        yield (low << np.uint64(32) | high << _ONE | flipped[near + step].astype(np.uint64))[a != b]


def _of_several(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Those of sorted numbers whose word another picture, or the mirror image, has too."""
    if len(numbers) < 2:  # noqa: PLR2004
        return numbers[:0]
    same = numbers[1:] >> WORD_BITS == numbers[:-1] >> WORD_BITS
    return numbers[np.r_[same, False] | np.r_[False, same]]


def _of_any(keys: NDArray[np.uint64], marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which keys are of pairs that one of the marked places belongs to."""
    return marked[(keys >> np.uint64(32)).astype(np.int64)] | marked[((keys & _LOW) >> _ONE).astype(np.int64)]


def _voted(keys: NDArray[np.uint64], votes: int) -> Shared:
    """Of keys that are there as often as words are shared: those with votes enough."""
    keys, counts = _counted(keys)
    enough = counts >= _needed(keys, votes)
    return Shared(keys[enough], counts[enough])


def _counted(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    keys.sort()
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
    return keys[first], np.diff(np.append(first, len(keys))).astype(np.int32)


def _needed(keys: NDArray[np.uint64], votes: int) -> NDArray[np.int64]:
    """Votes that each needs: a mirrored pair is met from both of its sides."""
    return np.where((keys & _ONE).astype(bool), 2 * votes - 1, votes)


def _lost(now: _Groups, before: _Groups) -> NDArray[np.uint64]:
    """Keys of old pairs by words that said something and that too many have now."""
    straight, mirrored = now.common(flipped=False), now.common(flipped=True)
    alone = list(_keys(before.without(~straight[before.group])))
    turned = _keys(before.without((straight | ~mirrored)[before.group]))
    return np.concatenate([_NOTHING, *alone, *(keys[(keys & _ONE).astype(bool)] for keys in turned)])


def _less(before: Shared, lost: NDArray[np.uint64], votes: int) -> Shared:
    """What is left when some keys lose a vote for every time that they are named."""
    lost, times = _counted(lost)
    if not len(lost) or not len(before.keys):
        return before
    place = np.minimum(np.searchsorted(before.keys, lost), len(before.keys) - 1)
    there = before.keys[place] == lost
    left = before.votes.copy()
    left[place[there]] -= times[there]
    enough = left >= _needed(before.keys, votes)
    return Shared(before.keys[enough], left[enough])


def _joined(parts: list[Shared]) -> Shared:
    """Parts without a key in common as one."""
    keys = np.concatenate([part.keys for part in parts])
    order = np.argsort(keys)
    return Shared(keys[order], np.concatenate([part.votes for part in parts])[order])
