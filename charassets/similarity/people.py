"""What people said of copies, by row: these are one picture, those are not, this one is to be kept.

What belongs here: the edit log's decisions turned to rows. Not here: the log (``charassets.curation``),
and what the machine says (``answers``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.curation.decisions import Decisions
from charassets.similarity.candidates import Pairs, keyed, tidy
from charassets.similarity.pictures import Measured
from charassets.similarity.places import Places

NOTHING_SAID = -1
"""Of a pair that people said nothing about; 1 where they called it copies, 0 where they called it none."""


@dataclass(frozen=True)
class Said:
    """What people said, by row.

    ``tied`` is the number of the group of copies they made (-1: none), ``cut`` the pairs apart, ``chosen`` the pictures that are to
    be kept in place of others, ``spared`` those that are to be kept beside others: they stand for themselves, in nobody's place.
    """

    original: NDArray[np.int64]
    rank: NDArray[np.int64]
    tied: NDArray[np.int64]
    cut: frozenset[tuple[int, int]]
    chosen: NDArray[np.bool_]
    spared: NDArray[np.bool_]

    @classmethod
    def of(cls, decisions: Decisions, records: pa.Array, measured: Measured) -> "Said":
        """What the decisions say of these records; the rank of a copy that people chose comes first."""
        place = _places(decisions, records)
        original = _exact_originals(measured.content, measured.rank)
        tied = np.full(len(records), -1)
        for number, group in enumerate(decisions.copies.same):
            tied[[original[place[r]] for r in group if r in place]] = number
        sides = [
            *decisions.copies.different,
            *((frozenset([k]), keep.kept - {k}) for keep in decisions.keeps for k in keep.kept),
        ]
        ends = (
            (original[place[a]], original[place[b]])
            for one, two in sides
            for a in one
            for b in two
            if {a, b} <= place.keys()
        )
        cut = frozenset((min(a, b), max(a, b)) for a, b in ends)
        chosen, spared = np.zeros(len(records), bool), np.zeros(len(records), bool)
        for keep in decisions.keeps:
            rows = [original[place[k]] for k in keep.kept if k in place]
            (chosen if keep.kept < keep.group else spared)[rows] = True
        rank = np.empty(len(records), np.int64)
        rank[np.lexsort((measured.rank, ~chosen))] = np.arange(len(records))
        return cls(original, rank, tied, cut, chosen, spared & ~chosen)

    def same(self, pairs: Pairs) -> NDArray[np.int8]:
        """Whether people called the two of each pair copies (1) or no copies (0); ``NOTHING_SAID`` where they said nothing."""
        tied = self.tied[pairs[:, 0]]
        found = np.where((tied >= 0) & (tied == self.tied[pairs[:, 1]]), 1, NOTHING_SAID).astype(np.int8)
        if self.cut:
            found[np.isin(keyed(pairs), keyed(np.array(sorted(self.cut), np.int64)))] = 0
        return found

    def tied_pairs(self, among: NDArray[np.int64]) -> Pairs:
        """One pair for every picture but the first of each group that people made."""
        found = among[self.tied[among] >= 0]
        order = found[np.argsort(self.tied[found], kind="stable")]
        chained = np.stack([order[:-1], order[1:]], axis=1) if len(order) > 1 else np.empty((0, 2), np.int64)
        return tidy(chained[self.tied[chained[:, 0]] == self.tied[chained[:, 1]]])


def _places(decisions: Decisions, records: pa.Array) -> dict[str, int]:
    """Where the records stand that the decisions speak of."""
    groups = [*decisions.copies.same, *(side for cut in decisions.copies.different for side in cut)]
    named = sorted({record for group in (*groups, *(keep.kept for keep in decisions.keeps)) for record in group})
    found = Places(records).of(pa.array(named, pa.string())).tolist() if named else []
    return {record: place for record, place in zip(named, found, strict=True) if place >= 0}


def _exact_originals(content: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every picture the best-ranked one with the same bytes (itself, where there is no other)."""
    original = np.arange(len(rank))
    order = np.lexsort((rank, content))
    sorted_content = content[order]
    first = np.r_[True, sorted_content[1:] != sorted_content[:-1]] if len(order) else np.empty(0, bool)
    leader = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    known = sorted_content >= 0
    original[order[known]] = leader[known]
    return original
