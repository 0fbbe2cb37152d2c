"""Witnesses: what a source's score is worth as a chance of being right, and as weight of evidence.

What belongs here: the curve from score to chance for each source and attribute, and its defaults. Not here: how the curves are
fitted (``charassets.training``), how weights are added up (``strategies``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.ballots import Ballot, Flags

ZERO_SHOT = "clip"
"""The zero-shot source, whose unfitted scores are discounted by ``attributes.clip_weight``."""

_SURE = 0.98  # an unfitted source is never taken to be surer than this
_LEAST = 1e-3  # scores are kept so far from 0 and 1, whose logits are infinite


@dataclass(frozen=True)
class Witness:
    """A fitted curve: chance of being right = ``sigmoid(slope * logit(score) + offset)`` (Platt, 1999), within limits.

    Attributes:
        slope: 0 or more, so that a stronger statement is never worth less.
        offset: of the line.
        cap: most that it is believed below the score ``proven``.
        proven: score from which it was right often enough on art it was not fitted on; above 1: never.
        floor: least that it is believed from there on.
        ceiling: most that it is believed from there on.
        n: statements it was fitted on.
    """

    slope: float
    offset: float
    cap: float = 1.0
    proven: float = 2.0
    floor: float = 0.0
    ceiling: float = 1.0
    n: int = 0


@dataclass(frozen=True)
class Witnesses:
    """The curves of all sources, by attribute and source.

    Attributes:
        fitted: attribute to source to curve.
        discounts: what the score of an unfitted source is multiplied by; 1 where none is given.
    """

    fitted: Mapping[str, Mapping[str, Witness]] = field(default_factory=dict)
    discounts: Mapping[str, float] = field(default_factory=dict)

    def chances(self, attribute: str, source: str, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """The chance that statements of these scores are right; same shape as ``scores``."""
        curve = self.fitted.get(attribute, {}).get(source)
        ceiling = self.discounts.get(source, 1.0)
        if curve is None:
            return np.minimum(scores.astype(np.float64) * ceiling, _SURE)
        kept = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
        line = curve.slope * np.log(kept / (1 - kept)) + curve.offset
        # A source that is switched off (weight 0) stays silent however well it was fitted.
        proven = kept >= curve.proven
        most, least = np.where(proven, curve.ceiling, curve.cap), np.where(proven, curve.floor, 0.0)
        return np.clip(1 / (1 + np.exp(-line)), least, most) * (ceiling > 0)


@dataclass(frozen=True, eq=False)
class Weighed:
    """A ballot whose scores have become chances and weights.

    Attributes:
        ballot: the ballot.
        chances: (n, options, k) float64, chance that the statement is right; 0 where there is none, or the value is closed.
        weights: (n, options, k) float64, log odds against the other options being as likely as each other; 0 where nothing is
            said. Weights of independent sources add up (Good, 1950).
    """

    ballot: Ballot
    chances: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def said(self) -> Flags:
        """(n, options, k) bool: where a source says something that counts."""
        return self.chances > 0

    @property
    def silent(self) -> Flags:
        """(n,) bool: no source says anything of any value that counts."""
        return self.chances[:, :-1].max(axis=(1, 2), initial=0.0) <= 0


def weigh(ballot: Ballot, witnesses: Witnesses) -> Weighed:
    """Turn scores into chances and weights of evidence.

    A claim with chance p among m other open options weighs ``log(p / (1 - p) * m)``: alone, it gives its value exactly the chance p
    and shares the rest among the others. No claim weighs less than nothing: a doubtful word is no denial.
    """
    columns = [
        witnesses.chances(ballot.attribute.name, source, ballot.scores[:, :, k])
        for k, source in enumerate(ballot.sources)
    ]
    chances = np.stack(columns, axis=2) if columns else np.zeros(ballot.scores.shape)
    chances = np.where((ballot.scores > 0) & ~ballot.closed[:, :, None], np.clip(chances, 0.0, 1 - 1e-6), 0.0)
    others = np.maximum(1, (~ballot.closed).sum(axis=1) - 1)[:, None, None]
    with np.errstate(divide="ignore"):
        weights = np.log(chances / (1 - chances) * others)
    return Weighed(ballot, chances, np.maximum(weights, 0.0))


def discounts(clip_weight: float) -> dict[str, float]:
    """The discounts of unfitted sources as the settings give them: words and trained sources count in full."""
    return {ZERO_SHOT: clip_weight}
