"""From answers about pairs to stars: groups in which every member was compared with its keeper.

What belongs here: asking about rows, the stars, the drawings that keepers of different stars share. Not here: which pairs are
worth asking about (``duplicates``) and how a group is told (``account``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.answers import DUPLICATE, VARIANT, Answers, by_two_keys
from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.people import Said
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

    def name(self, a: int, b: int) -> tuple[str, str] | None:
        """The pair's contents, the smaller first; None where one has no content id."""
        left, right = self.measured.image_ids[a], self.measured.image_ids[b]
        return None if left is None or right is None else (left, right) if left < right else (right, left)

    def answer(self, pairs: Pairs) -> list[str]:
        """The answers; pairs that nobody looked at before are looked at."""
        names = [self.name(a, b) for a, b in pairs.tolist()]
        bits, mirrored = self.measured.bits(pairs), self.measured.bits(pairs, mirrored=True)
        there = [i for i, name in enumerate(names) if name is not None]
        self.answers.ask([names[i] for i in there if names[i] is not None], bits[there], mirrored[there])  # type: ignore[misc]
        cosines = self.measured.cosines(pairs)
        found = []
        for i, (a, b) in enumerate(pairs.tolist()):
            said = self.people.same(a, b)
            name = names[i]
            row = None if name is None else self.answers.of(name)
            if said is not None:
                found.append(DUPLICATE if said else VARIANT)
            elif row is not None:
                found.append(row[2])
            else:
                found.append(by_two_keys(float(cosines[i]), int(bits[i]), self.rule.cosine, self.rule.phash_bits))
        return found


def stars(asking: Asking, people: Said, pairs: Pairs) -> NDArray[np.int64]:
    """For every picture its keeper; those without a confirmed pair keep themselves."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(people.rank)
    keeper = np.arange(n)
    pairs = tidy(pairs)
    pairs = pairs[[answer == DUPLICATE for answer in asking.answer(pairs)]]
    if not len(pairs):
        return keeper
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(edges, directed=False)
    touched = np.unique(pairs)
    order = touched[np.lexsort((people.rank[touched], component[touched]))]
    left = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    while left:  # one keeper of each component a round, so that their pairs are asked together
        asked = [np.stack([np.full(len(rest) - 1, rest[0]), rest[1:]], axis=1) for rest in left]
        copies = np.array([a == DUPLICATE for a in asking.answer(np.concatenate(asked))], bool)
        split = np.split(copies, np.cumsum([len(part) for part in asked])[:-1])
        following = []
        for rest, joined in zip(left, split, strict=True):
            keeper[rest[1:][joined]] = rest[0]
            if not joined.all():
                following.append(rest[1:][~joined])
        left = following
    return keeper


def variants(asking: Asking, pairs: Pairs, keeper: NDArray[np.int64], rank: NDArray[np.int64]) -> dict[int, int]:
    """Keeper to the best-ranked keeper of another group whose drawing it shares."""
    best: dict[int, int] = {}
    for (a, b), answer in zip(pairs.tolist(), asking.answer(pairs), strict=True):
        if answer == VARIANT and asking.people.same(a, b) is None and keeper[a] != keeper[b]:
            low, high = sorted((int(keeper[a]), int(keeper[b])), key=lambda i: rank[i])
            if high not in best or rank[low] < rank[best[high]]:
                best[high] = low
    return best
