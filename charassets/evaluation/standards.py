"""What attributes have to keep: as often right as their threshold promises, and confidence that means what it says.

What belongs here: the two standards, and when a breach is more than chance. Not here: measuring, telling Dagster.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from charassets.attributes.calibration import error_by_chance, error_of
from charassets.evaluation.measures import FUSED, Measured
from charassets.settings import AttributeSettings

MOST_OFF = 0.03
"""Expected calibration error of the answers told at most."""

FEWEST = 100
"""Answers told of an attribute below which no verdict is given."""

_CHANCE = 0.01  # a promise counts as broken where so few wrong answers would be less likely than this if it were kept


@dataclass(frozen=True)
class Breach:
    """An attribute that falls short: what was measured, what it has to keep, on how many answers, and in words."""

    attribute: str
    measured: float
    bound: float
    told: int
    words: str


def promised(settings: AttributeSettings) -> float:
    """The share of right answers that the thresholds promise."""
    return settings.min_confidence if settings.promise is None else 1.0 - settings.promise


def broken_promises(measured: Iterable[Measured], settings: AttributeSettings) -> Iterator[Breach]:
    """Attributes that are right less often than promised, by a one-sided binomial test."""
    from scipy.stats import binom

    least = promised(settings)
    for m in _rated(measured):
        if m.precision < least and binom.cdf(m.right, m.told, least) < _CHANCE:
            yield Breach(m.attribute, m.precision, least, m.told, f"right {m.precision:.1%}, promised {least:.1%}")


def miscalibrated(measured: Iterable[Measured]) -> Iterator[Breach]:
    """Attributes whose told confidence is off by more than ``MOST_OFF``, and by more than so few answers are off by chance."""
    for m in _rated(measured):
        error, bound = error_of(m.told_bins), max(MOST_OFF, error_by_chance(m.told_bins))
        if error > bound:
            said = sum(b.n * b.confidence for b in m.told_bins) / m.told
            how = "too sure" if said > m.precision else "too cautious"
            words = f"off by {error:.3f}: {how}, says {said:.1%} and is right {m.precision:.1%}"
            yield Breach(m.attribute, error, bound, m.told, words)


def _rated(measured: Iterable[Measured]) -> Iterator[Measured]:
    return (m for m in measured if m.source == FUSED and m.told >= FEWEST)
