"""From a score to a name or Unknown: thresholds read off the gallery's own references.

What belongs here: the leave-one-out trial and the rule it gives. Not here: scores (``matching``).

Every reference is asked about twice: as itself, left out of the prototypes and the profile of its character, and as a stranger, its
whole character left out. What strangers score at best is what the threshold has to keep out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.identity.matching import Matcher, Queries, Weights

EMBEDDING, FUSED = "embedding", "fused"
MODES = (EMBEDDING, FUSED)
"""By embeddings alone, or with the attributes that tags and picture support."""

WEIGHTS: Mapping[str, Weights] = {
    EMBEDDING: Weights(figure=10.0, head=10.0, traits=0.0),
    FUSED: Weights(figure=5.0, head=8.0, traits=1.0),
}
"""Chosen on studio characters: right names and strangers told apart are at their best near these, and the optimum is flat."""

ASKED = 4_000
"""References tried at most: more change no threshold in the second digit."""

_FEW = 20  # trials below which a quantile is a guess: the shipped slope and a cautious threshold stand
_SLOPE = 1.0  # scores are log-odds: a point more is e times the odds


@dataclass(frozen=True)
class Rule:
    """When a candidate is believed.

    Attributes:
        weights: of the evidence.
        known_from: score from which the best candidate is believed.
        sure_from: score difference to the second from which the name is not in doubt.
        slope: of the chance that the picture shows a character of the gallery, per point of score.
    """

    weights: Weights
    known_from: float
    sure_from: float
    slope: float

    def chance(self, score: NDArray[np.floating]) -> NDArray[np.float32]:
        """Chance, 0-1, that the picture shows the best candidate rather than a stranger; one half at the threshold."""
        lifted = np.clip(self.slope * (np.where(np.isfinite(score), score, -1e3) - self.known_from), -30, 30)
        return (1 / (1 + np.exp(-lifted))).astype(np.float32)

    def as_json(self) -> dict[str, Any]:
        """For the gallery's file."""
        weights = [self.weights.figure, self.weights.head, self.weights.traits]
        return {"weights": weights, "known_from": self.known_from, "sure_from": self.sure_from, "slope": self.slope}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Rule":
        """Back again."""
        return cls(Weights(*found["weights"]), found["known_from"], found["sure_from"], found["slope"])


@dataclass(frozen=True)
class Trial:
    """What the leave-one-out trial showed.

    Attributes:
        asked: references that have company, so that they could be recognised.
        right: share of them whose best candidate is their own character.
        told: share of them that are named, and rightly.
        strangers: references asked about as strangers.
        accepted: share of those that would be named.
        auc: chance that one of the gallery scores higher than a stranger; None without either.
    """

    asked: int
    right: float
    told: float
    strangers: int
    accepted: float
    auc: float | None


def tried(
    matcher: Matcher, references: Queries, weights: Weights, accepted: float, seed: int = 0
) -> tuple[Rule, Trial]:
    """Read the thresholds off the references.

    Args:
        matcher: the gallery's.
        references: all of them, with ``own`` and ``row``.
        weights: what the evidence counts.
        accepted: share of strangers that may be taken for somebody.
        seed: of the sample where there are more than ``ASKED``.
    """
    assert references.own is not None  # noqa: S101 - a programming error, not bad input
    ours = np.flatnonzero(references.own < matcher.characters)
    if len(ours) > ASKED:
        ours = np.sort(np.random.default_rng(seed).choice(ours, ASKED, replace=False))
    asked = _of(references, ours)
    themselves = matcher.match(asked, weights, 2)
    strangers = matcher.match(asked, weights, 1, strangers=True).score[:, 0]
    strangers = strangers[np.isfinite(strangers)]
    best, second = themselves.score[:, 0], themselves.score[:, -1]
    both = np.isfinite(best) & np.isfinite(second)
    margin = np.subtract(
        best, second, out=np.full_like(best, np.inf), where=both
    )  # of one character there is no second
    company = np.bincount(references.own, minlength=matcher.characters)[asked.own] > 1
    right = (themselves.character[:, 0] == asked.own) & company
    rule = _rule(weights, best[right], margin[right], margin[company & ~right], strangers, accepted)
    told = right & (best >= rule.known_from)
    n = max(1, int(company.sum()))
    refused = float((strangers >= rule.known_from).mean()) if len(strangers) else 0.0
    shares = (float(right.sum()) / n, float(told.sum()) / n)
    found = Trial(int(company.sum()), *shares, len(strangers), refused, auc(best[company], strangers))
    return rule, found


def auc(higher: NDArray[np.floating], lower: NDArray[np.floating]) -> float | None:
    """Chance that a value of ``higher`` is above one of ``lower``, ties half (Mann and Whitney 1947); None if either is empty."""
    if not len(higher) or not len(lower):
        return None
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, "left") + np.searchsorted(ordered, higher, "right")
    return float(below.mean() / 2 / len(lower))


def _rule(
    weights: Weights,
    right: NDArray[np.floating],
    sure: NDArray[np.floating],
    doubtful: NDArray[np.floating],
    strangers: NDArray[np.floating],
    accepted: float,
) -> Rule:
    if len(strangers) >= _FEW:
        known_from = float(np.quantile(strangers, 1 - accepted))
    else:  # one or two characters: whoever is much liker than everything seen so far
        known_from = float(max(strangers.max(initial=-np.inf), 0.6 * (weights.figure + weights.head)))
    finite = doubtful[np.isfinite(doubtful)]
    sure_from = float(np.quantile(finite, 0.9)) if len(finite) >= _FEW and len(sure) else 1.0
    slope = _SLOPE
    if len(right) >= _FEW and len(strangers) >= _FEW:
        spread = (np.std(right) + np.std(strangers)) / 2
        slope = float(np.clip(abs(np.median(right) - np.median(strangers)) / max(spread, 1e-3) ** 2, 0.1, 10.0))
    return Rule(weights, known_from, sure_from, slope)


def _of(queries: Queries, places: NDArray[np.integer]) -> Queries:
    own = None if queries.own is None else queries.own[places]
    row = None if queries.row is None else queries.row[places]
    return Queries(queries.figure[places], queries.head[places], queries.answers.take(places), own, row)
