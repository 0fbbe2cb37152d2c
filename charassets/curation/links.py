"""Which records people tied together and which they cut apart, once the later word has overruled the earlier.

What belongs here: settling contradictions, transitive ones too. Not here: what clustering does with the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from charassets.curation.claims import Cut, Tie


@dataclass(frozen=True)
class Links:
    """Ties and cuts that contradict each other nowhere.

    Attributes:
        same: disjoint groups of records that belong together.
        different: pairs of groups no two records of which belong together; no tie crosses one.
    """

    same: tuple[frozenset[str], ...] = ()
    different: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()


def settle(statements: Sequence[Tie | Cut]) -> Links:
    """Take statements in order of time; the latest is believed first, and an earlier one as far as it still can be.

    A tie that would join what a later cut keeps apart ties only the parts on either side; of a cut, the pairs that later
    ties join (through any number of records) are dropped and the others stay.
    """
    groups = _Groups()
    cuts: list[tuple[frozenset[str], frozenset[str]]] = []
    for statement in reversed(statements):
        if isinstance(statement, Tie):
            groups.tie(sorted(statement.records), cuts)
        else:
            cuts += groups.uncrossed(statement.left, statement.right)
    return Links(groups.together(), tuple(reversed(cuts)))


class _Groups:
    """Disjoint groups of records."""

    def __init__(self) -> None:
        self._group: dict[str, set[str]] = {}

    def of(self, record: str) -> set[str]:
        """The group a record is in, itself at least."""
        return self._group.get(record) or {record}

    def tie(self, records: Sequence[str], cuts: Sequence[tuple[frozenset[str], frozenset[str]]]) -> None:
        """Join groups of records, each to the first one that no cut keeps it from."""
        relevant = [(left, right) for left, right in cuts if self._meets(records, left) and self._meets(records, right)]
        anchors: list[str] = []
        for record in records:
            for anchor in anchors:
                if not self._apart(self.of(anchor), self.of(record), relevant):
                    self._join(anchor, record)
                    break
            else:
                anchors.append(record)

    def _meets(self, records: Sequence[str], side: frozenset[str]) -> bool:
        return any(not self.of(record).isdisjoint(side) for record in records)

    @staticmethod
    def _apart(a: set[str], b: set[str], cuts: Sequence[tuple[frozenset[str], frozenset[str]]]) -> bool:
        return any(
            (not a.isdisjoint(left) and not b.isdisjoint(right)) or (not a.isdisjoint(right) and not b.isdisjoint(left))
            for left, right in cuts
        )

    def _join(self, a: str, b: str) -> None:
        small, large = sorted((self.of(a), self.of(b)), key=len)
        if small is not large:
            large |= small
        for record in (*small, a, b):
            self._group[record] = large

    def uncrossed(self, left: frozenset[str], right: frozenset[str]) -> list[tuple[frozenset[str], frozenset[str]]]:
        """The pairs of a cut that no group joins, as pieces of it."""
        pieces, rest = [], left
        for record in sorted(left):
            crossing = self.of(record)
            if record in rest and not crossing.isdisjoint(right):
                inside = rest & crossing
                pieces.append((inside, right - crossing))
                rest -= inside
        return [piece for piece in (*pieces, (rest, right)) if all(piece)]

    def together(self) -> tuple[frozenset[str], ...]:
        """All groups of more than one record, in order of their first."""
        distinct = {id(group): frozenset(group) for group in self._group.values()}
        return tuple(sorted((group for group in distinct.values() if len(group) > 1), key=min))
