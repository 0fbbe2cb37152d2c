"""Stacking: all sources' weights added with jointly learned gains, the rival that a learned choice of strategies has to beat.

What belongs here: applying it and fitting it. Not here: whether it is used (``charassets.training.fusion_contest``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.ballots import Flags
from charassets.attributes.strategies import Chances, shares, speak
from charassets.attributes.witnesses import Weighed

_PULL = 2.0  # strength of the pull towards independent witnesses, in observations
_LEAST = 1e-9


@dataclass(frozen=True)
class Stack:
    """Gains of one attribute.

    Attributes:
        gains: source to what its weight is multiplied by and what is added for speaking at all; 1 and 0 where it is not named.
        unknown: weight of the option ``Unknown``, and what is added where words are silent; of a multi-valued attribute, of a
            value's absence.
        words: it also counts where words speak; learnt from tags that were held back, it knows nothing of that and does not.
    """

    gains: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unknown: tuple[float, float] = (0.0, 0.0)
    words: bool = True

    def chances(self, weighed: Weighed) -> Chances:
        """(n, options) chances of a conditional logit (McFadden, 1974) over the open options."""
        pairs = np.array([self.gains.get(source, (1.0, 0.0)) for source in weighed.ballot.sources]).reshape(-1, 2)
        return _chances(weighed, pairs, self.unknown)


def fit(weighed: Weighed, accepted: Flags) -> Stack:
    """The gains under which the right options are likeliest, pulled a little towards independent witnesses.

    Args:
        weighed: evidence of n records.
        accepted: (n, options) bool, the right answers.
    """
    from scipy.optimize import minimize

    sources = weighed.ballot.sources

    def loss(theta: NDArray[np.float64]) -> float:
        pairs = theta[:-2].reshape(-1, 2)
        found = _chances(weighed, pairs, (float(theta[-2]), float(theta[-1])))
        pull = _PULL * (((pairs - (1.0, 0.0)) ** 2).sum() + (theta[-2:] ** 2).sum())
        return float(pull - _likelihood(found, accepted, multi=weighed.ballot.attribute.multi))

    start = np.array([*(1.0, 0.0) * len(sources), 0.0, 0.0])
    best = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 40}).x.round(5)
    gains = {source: (float(best[2 * k]), float(best[2 * k + 1])) for k, source in enumerate(sources)}
    return Stack(gains, (float(best[-2]), float(best[-1])))


def _chances(weighed: Weighed, pairs: NDArray[np.float64], unknown: tuple[float, float]) -> Chances:
    total = weighed.weights @ pairs[:, 0] + weighed.said @ pairs[:, 1]
    absent = unknown[0] + unknown[1] * ~speak(weighed, weighed.ballot.of_words)
    if weighed.ballot.attribute.multi:
        spoken = weighed.chances.max(axis=2, initial=0.0) > 0
        return np.where(spoken, 1 / (1 + np.exp(absent - total)), 0.0)
    total[:, -1] += absent[:, 0]
    return shares(total, weighed.ballot.closed)


def _likelihood(found: Chances, accepted: Flags, *, multi: bool) -> float:
    if multi:
        spoken = found > 0
        right = np.where(accepted, found, 1 - found)[spoken]
        return float(np.log(np.maximum(right, _LEAST)).sum())
    return float(np.log(np.maximum((found * accepted).sum(axis=1), _LEAST)).sum())
