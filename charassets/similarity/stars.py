"""From answers about pairs to stars: groups in which every member was compared with its keeper.

What belongs here: asking about rows, the stars, the drawings that keepers of different stars share. Not here: which pairs are
worth asking about (``duplicates``) and how a group is told (``account``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.answers import IS_DUPLICATE, IS_VARIANT, NOT_SEEN, Answers, by_two_keys
from charassets.similarity.candidates import Pairs, keyed
from charassets.similarity.people import NOTHING_SAID, Said
from charassets.similarity.pictures import Measured


@dataclass(frozen=True)
class DuplicateRule:
    """Which pairs are looked at, and when two pictures are the same where nobody can look.

    Attributes:
        cosine: least similarity of the embeddings of two copies without previews.
        phash_bits: most differing bits of the hashes of two copies without previews; hashes this close are looked at. Ten bits
            alone would join 125,000 strangers among five million pictures, a similarity alone every costume of a character.
        neighbours: nearest neighbours of each picture that are looked at, however far they are.
    """

    cosine: float
    phash_bits: int
    neighbours: int


@dataclass(frozen=True)
class Asking:
    """Answers about pairs of rows."""

    measured: Measured
    people: Said
    rule: DuplicateRule
    answers: Answers

    def answer(self, pairs: Pairs) -> NDArray[np.int8]:
        """The answers as codes; pairs that nobody looked at before are looked at."""
        bits, mirrored = self.measured.bits(pairs), self.measured.bits(pairs, mirrored=True)
        found = np.full(len(pairs), NOT_SEEN, np.int8)
        keys, there = self._keys(pairs)
        found[there] = self.answers.ask(keys, bits[there], mirrored[there])
        unseen = np.flatnonzero(found == NOT_SEEN)
        cosines = self.measured.cosines(pairs[unseen])
        found[unseen] = by_two_keys(cosines, bits[unseen], self.rule.cosine, self.rule.phash_bits)
        said = self.people.same(pairs)
        return np.where(said == NOTHING_SAID, found, np.where(said == 1, IS_DUPLICATE, IS_VARIANT)).astype(np.int8)

    def details(self, pairs: Pairs) -> pa.Table:
        """What close looks measured of pairs of rows, schema ``looked.DETAILS``, and in ``left`` whether the first is its left."""
        keys, there = self._keys(pairs)
        place = np.cumsum(there) - 1
        found = self.answers.details(keys).take(pa.array(place, mask=~there))
        content = self.measured.content[pairs]
        return found.append_column("left", pa.array(content[:, 0] < content[:, 1]))

    def _keys(self, pairs: Pairs) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Keys of the pairs' contents, of those pairs both of which have one; and which have."""
        content = self.measured.content[pairs]
        there = np.logical_and(content[:, 0] >= 0, content[:, 1] >= 0)
        return keyed(content[there]), there


def stars(asking: Asking, people: Said, pairs: Pairs, answers: NDArray[np.int8]) -> NDArray[np.int64]:
    """For every picture its keeper; those without a confirmed pair keep themselves.

    Args:
        asking: answers further pairs.
        people: what people said.
        pairs: pairs of rows, tidy.
        answers: int8, shape (p,): those about the pairs.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(people.rank)
    keeper = np.arange(n)
    pairs = pairs[answers == IS_DUPLICATE]
    if not len(pairs):
        return keeper
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(edges, directed=False)
    left = np.unique(pairs)
    left = left[np.lexsort((people.rank[left], component[left]))]
    while len(left):  # one keeper of each component a round, so that their pairs are asked together
        first = np.r_[True, component[left][1:] != component[left][:-1]]
        best = left[np.maximum.accumulate(np.where(first, np.arange(len(left)), 0))]
        rest, best = left[~first], best[~first]
        joined = (asking.answer(np.stack([best, rest], axis=1)) == IS_DUPLICATE) & ~people.spared[rest]
        keeper[rest[joined]] = best[joined]
        left = rest[~joined]
    return keeper


def variants(people: Said, pairs: Pairs, answers: NDArray[np.int8], keeper: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every keeper the best-ranked keeper of another group whose drawing it shares; -1 where there is none."""
    shared, rank = pairs[answers == IS_VARIANT], people.rank
    shared = shared[people.same(shared) == NOTHING_SAID]
    ends = keeper[shared]
    ends = ends[ends[:, 0] != ends[:, 1]]
    lower = rank[ends[:, 0]] < rank[ends[:, 1]]
    best, other = np.where(lower[:, None], ends, ends[:, ::-1]).T
    order = np.argsort(-rank[best], kind="stable")  # of several the best is written last
    found = np.full(len(keeper), -1)
    found[other[order]] = best[order]
    return found
