"""Who decides best: one fixed strategy, the learned choice of strategies, or stacking; on identities none of them has seen.

What belongs here: the contest and its verdict. Not here: fitting the contestants (``fusion_fits``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.choice import Choice
from charassets.attributes.fusion import FusionModel
from charassets.attributes.witnesses import Witnesses
from charassets.training import fusion_fits as fits
from charassets.training.fusion_fits import Lessons
from charassets.training.fusion_lessons import Lesson, split

FIXED, LEARNT, STACKED = "best fixed strategy", "learned choice", "stacking"
CONTESTANTS = (FIXED, LEARNT, STACKED)

_DRAWS = 1000  # of the bootstrap


@dataclass(frozen=True)
class Standing:
    """What a contestant earned on unseen identities.

    Attributes:
        name: one of ``CONTESTANTS``.
        model: what was fitted.
        rewards: attribute to (n,) rewards of the unseen records.
    """

    name: str
    model: FusionModel
    rewards: Mapping[str, NDArray[np.float64]]

    @property
    def mean(self) -> float:
        """Mean over attributes of the mean reward: every attribute counts the same."""
        return float(np.mean([r.mean() for r in self.rewards.values()]))


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def parts(lessons: Lessons, seed: int) -> tuple[dict[str, Lesson], dict[str, Lesson]]:
    """Lessons of two disjoint sets of identities: to fit on, and to measure on."""
    fitting = {name: split(lesson.groups, seed) for name, lesson in lessons.items()}
    seen = {name: lesson.take(np.flatnonzero(fitting[name])) for name, lesson in lessons.items()}
    unseen = {name: lesson.take(np.flatnonzero(~fitting[name])) for name, lesson in lessons.items()}
    return seen, unseen


def folds(lessons: Lessons, seed: int, number: int) -> list[dict[str, NDArray[np.bool_]]]:
    """For every fold the records of each attribute that are unseen in it; every identity is unseen once."""
    most = max((int(lesson.groups.max(initial=0)) for lesson in lessons.values()), default=0)
    fold = np.random.default_rng([seed, 0xF01D]).permutation(most + 1) % number
    return [{name: fold[lesson.groups] == k for name, lesson in lessons.items()} for k in range(number)]


def fitted(names: Sequence[str], seen: Lessons, seed: int) -> dict[str, FusionModel]:
    """Some of the contestants, fitted on the same lessons with the same witnesses, each calibrated by itself."""
    trusted = fits.witnesses(seen)
    earned_by = fits.rewarded(seen, trusted) if {FIXED, LEARNT} & set(names) else {}
    answer = {}
    for name in names:
        choice = _choice(name, seen, trusted, earned_by)
        answer[name] = FusionModel(trusted, choice, fits.calibrated(seen, trusted, choice, seed))
    return answer


def _choice(name: str, seen: Lessons, trusted: Witnesses, earned_by: fits.Rewards) -> Choice:
    if name == FIXED:
        return Choice(fits.best_fixed(earned_by))
    if name == LEARNT:
        return Choice(learnt={a: bandit.coefficients for a, bandit in fits.bandits(seen, trusted, earned_by).items()})
    return Choice(stacked=fits.stacks(seen, trusted))


def hold(seen: Lessons, unseen: Lessons, seed: int) -> dict[str, Standing]:
    """Fit all three on what was seen, and reward them on what was not."""
    return {
        name: Standing(name, model, {a: fits.earned(lesson, model) for a, lesson in unseen.items()})
        for name, model in fitted(CONTESTANTS, seen, seed).items()
    }


def interval(values: Sequence[float]) -> Interval:
    """Mean and 95 % interval of a difference measured under several seeds (Student's t)."""
    from scipy.stats import t

    spread = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("inf")
    reach = float(t.ppf(0.975, max(1, len(values) - 1))) * spread
    middle = float(np.mean(values))
    return Interval(middle, middle - reach, middle + reach)


def gain(
    better: NDArray[np.float64],
    worse: NDArray[np.float64],
    groups: NDArray[np.int64],
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean gain of one over the other on the same records, with an interval from a bootstrap over identities (Efron, 1979)."""
    difference = better - worse
    _, inverse = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(inverse, difference), np.bincount(inverse)
    drawn = np.random.default_rng([seed, 0xB0]).integers(len(sums), size=(_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(difference.mean()), float(low), float(high))
