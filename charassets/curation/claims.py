"""What an operation says, in a form in which two of them can be compared.

What belongs here: claims, and when two of them cannot both be so. Not here: the operations that make them (``operations``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Relation = Literal["character", "copy"]
"""What two records may share: the character they show, or the picture they are copies of."""


@dataclass(frozen=True)
class Tie:
    """All these records belong together."""

    relation: Relation
    records: frozenset[str]


@dataclass(frozen=True)
class Cut:
    """No record on the left belongs together with one on the right."""

    relation: Relation
    left: frozenset[str]
    right: frozenset[str]


@dataclass(frozen=True)
class Claims:
    """What an operation says, in a form in which two operations can be compared.

    Attributes:
        values: (aspect, record) to the value given to it; an aspect is an attribute, a name, a choice.
        ties: records said to belong together.
        cuts: records said not to.
    """

    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    cuts: tuple[Cut, ...] = ()

    @property
    def touched(self) -> frozenset[tuple[str, str]]:
        """Every (aspect, record) that something is said about."""
        tied = {(tie.relation, record) for tie in self.ties for record in tie.records}
        cut = {(cut.relation, record) for cut in self.cuts for record in cut.left | cut.right}
        return frozenset(self.values) | tied | cut


def disputed(mine: Claims, theirs: Claims) -> frozenset[str]:
    """Records about which two operations say what cannot both be so."""
    few, many = sorted((mine.values, theirs.values), key=len)
    records = {key[1] for key, value in few.items() if many.get(key, value) != value}
    for ties, cuts in ((mine.ties, theirs.cuts), (theirs.ties, mine.cuts)):
        for tie in ties:
            for cut in cuts:
                left, right = tie.records & cut.left, tie.records & cut.right
                if tie.relation == cut.relation and left and right:
                    records |= left | right
    return frozenset(records)
