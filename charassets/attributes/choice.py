"""Which strategy is used for which picture and attribute: a fixed one, or a learned choice.

What belongs here: what the choice looks at, and applying what was learnt. Not here: learning it (``charassets.training``), the
strategies themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.stacking import Stack
from charassets.attributes.strategies import STRATEGIES, Chances, certainty, ensemble_weighted, pooled, speak
from charassets.attributes.witnesses import Weighed

STACKING = "Stacking"
NAMES = (*STRATEGIES, STACKING)
"""What an answer's ``strategy`` may be."""

DEFAULT = "Ensemble Weighted"
"""The strategy of an attribute about which nothing was learnt."""

FEATURES = (
    "always", "words speak", "surest word", "picture speaks", "surest picture", "picture's lead", "they agree",
    "agree, surest picture", "differ, surest picture", "differ, surest word", "picture alone", "sources for the picture's answer",
    "words contradict", "certainty of all",
)  # fmt: skip
"""What the choice looks at; every feature lies between 0 and 1."""


@dataclass(frozen=True)
class Choice:
    """Which strategy to use.

    Attributes:
        fixed: attribute to its one strategy; ``DEFAULT`` where it is not named.
        learnt: attribute to (strategies, features) coefficients of the expected reward; the strategy with the largest
            expectation is used, on a tie the first.
        stacked: attribute to the gains that are used instead of any strategy, everywhere or where words are silent.
    """

    fixed: Mapping[str, str] = field(default_factory=dict)
    learnt: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    stacked: Mapping[str, Stack] = field(default_factory=dict)

    def strategies(self, weighed: Weighed) -> NDArray[np.int64]:
        """(n,) positions in ``NAMES``."""
        attribute, everyone = weighed.ballot.attribute.name, len(weighed.weights)
        stack, coefficients = self.stacked.get(attribute), self.learnt.get(attribute)
        if coefficients is None:
            chosen = np.full(everyone, NAMES.index(self.fixed.get(attribute, DEFAULT)), np.int64)
        else:
            chosen = np.round(features(weighed) @ coefficients.T, 9).argmax(axis=1)
        if stack is not None:
            spoken = speak(weighed, weighed.ballot.of_words).any(axis=1)
            chosen = np.where(spoken & (not stack.words), chosen, NAMES.index(STACKING))
        return chosen

    def chances(self, weighed: Weighed) -> tuple[Chances, NDArray[np.int64]]:
        """(n, options) the chances that the chosen strategies give, and (n,) which they are."""
        chosen = self.strategies(weighed)
        stack = self.stacked.get(weighed.ballot.attribute.name, Stack())
        found = np.zeros(weighed.weights.shape[:2])
        for number in np.unique(chosen):
            rows, name = chosen == number, NAMES[number]
            found[rows] = (stack.chances(weighed) if name == STACKING else STRATEGIES[name](weighed))[rows]
        return found, chosen


def features(weighed: Weighed) -> NDArray[np.float64]:
    """(n, features) what the choice looks at; see ``FEATURES``."""
    words = weighed.ballot.of_words
    spoken, shown = (weighed.said[:, :, group].any(axis=(1, 2)) for group in (words, ~words))
    told, seen = pooled(weighed, words), pooled(weighed, ~words)
    surest_word = np.where(spoken, told.max(axis=1), 0.0)
    surest = np.where(shown, seen.max(axis=1), 0.0)
    ranked = np.sort(seen, axis=1)
    lead = np.where(shown, ranked[:, -1] - ranked[:, -2], 0.0)
    best = seen.argmax(axis=1)
    both = spoken & shown
    agree = both & (told.argmax(axis=1) == best)
    differ = both & ~agree
    for_best = weighed.said[np.arange(len(best)), best][:, ~words].sum(axis=1) / max(1, int((~words).sum()))
    together = ensemble_weighted(weighed)
    sure = together.max(axis=1) if weighed.ballot.attribute.multi else np.clip(certainty(together), 0.0, 1.0)
    columns = (
        np.ones(len(best)), spoken, surest_word, shown, surest, lead, agree, agree * surest, differ * surest,
        differ * surest_word, (shown & ~spoken) * surest, shown * for_best, weighed.ballot.plain.sum(axis=1) > 1, sure,
    )  # fmt: skip
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)
