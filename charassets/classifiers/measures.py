"""Scores of a classifier on pictures it has not seen, each with a 95 % interval from a bootstrap over groups.

What belongs here: numbers from truth and probabilities. Not here: how they are shown (``report``). Groups, not pictures, are drawn:
two pictures of one character are no two witnesses (Efron and Tibshirani, 1993, ch. 8).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
"""Of the bootstrap."""

Labels = NDArray[np.int64]
Chances = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassScores:
    """One class: how many pictures, precision, recall, F1, and the area under the ROC curve of its probability."""

    value: str
    n: int
    precision: float
    recall: float
    f1: float
    auc: float


@dataclass(frozen=True)
class Measured:
    """What was measured on n pictures of k classes.

    Attributes:
        n: pictures. groups: groups they form.
        scores: accuracy, precision, recall, f1 (means over classes) and auc (mean of one against the others).
        classes: every class by itself.
        confusion: (k, k) int, truth by row and answer by column.
        majority: accuracy of always answering the commonest class. chance: mean recall of any constant answer.
        error: expected calibration error of the answer's probability.
        roc: class to points (share of others let in, share of its own found).
    """

    n: int
    groups: int
    scores: dict[str, Score]
    classes: tuple[ClassScores, ...]
    confusion: NDArray[np.int64]
    majority: float
    chance: float
    error: float
    roc: dict[str, list[tuple[float, float]]]


def measure(
    truth: Labels, chances: Chances, groups: NDArray[np.int64], values: tuple[str, ...], seed: int = 0
) -> Measured:
    """Measure probabilities against the truth.

    Args:
        truth: (n,) classes.
        chances: (n, k) probabilities.
        groups: (n,) what belongs together.
        values: names of the k classes.
        seed: of the bootstrap.
    """
    k = len(values)
    answers = chances.argmax(axis=1)
    ones = np.ones(len(truth))
    confusion = confused(truth, answers, k, ones)
    ranked = [_Ranked.of(chances[:, c], truth == c) for c in range(k)]
    drawn = _weights(groups, seed)
    scores = {name: _scored(of, truth, answers, k, drawn) for name, of in _FROM_CONFUSION.items()}
    scores["auc"] = _interval(_mean_auc(ranked, ones), [_mean_auc(ranked, weights) for weights in drawn])
    precision, recall, f1 = _by_class(confusion)
    each = tuple(
        ClassScores(values[c], int((truth == c).sum()), precision[c], recall[c], f1[c], ranked[c].auc(ones))
        for c in range(k)
    )
    return Measured(
        n=len(truth),
        groups=len(np.unique(groups)),
        scores=scores,
        classes=each,
        confusion=confusion.astype(np.int64),
        majority=float(np.bincount(truth, minlength=k).max() / max(1, len(truth))),
        chance=1 / k,
        error=calibration_error(truth, chances),
        roc={values[c]: ranked[c].curve() for c in range(k)},
    )


def confused(truth: Labels, answers: Labels, k: int, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, k) weighted counts, truth by row and answer by column."""
    return np.bincount(truth * k + answers, weights, minlength=k * k).reshape(k, k).astype(np.float64)


def calibration_error(truth: Labels, chances: Chances, bins: int = 10) -> float:
    """Expected calibration error of the answers (Naeini et al., 2015), in bins of equal width."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    of = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = [
        abs(sure[of == b].mean() - right[of == b].mean()) * (of == b).mean() for b in range(bins) if (of == b).any()
    ]
    return float(sum(gaps))


def _by_class(confusion: NDArray[np.float64]) -> tuple[list[float], list[float], list[float]]:
    hits = np.diag(confusion)
    precision = np.divide(hits, confusion.sum(axis=0), out=np.zeros_like(hits), where=confusion.sum(axis=0) > 0)
    recall = np.divide(hits, confusion.sum(axis=1), out=np.zeros_like(hits), where=confusion.sum(axis=1) > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(hits), where=both > 0)
    return precision.tolist(), recall.tolist(), f1.tolist()


def _there(confusion: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Classes that a draw holds: a mean over absent ones would say nothing."""
    return confusion.sum(axis=1) > 0


_FROM_CONFUSION: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "accuracy": lambda c: float(np.trace(c) / max(1e-9, c.sum())),
    "precision": lambda c: float(np.array(_by_class(c)[0])[_there(c)].mean()),
    "recall": lambda c: float(np.array(_by_class(c)[1])[_there(c)].mean()),
    "f1": lambda c: float(np.array(_by_class(c)[2])[_there(c)].mean()),
}


def _scored(
    of: Callable[[NDArray[np.float64]], float], truth: Labels, answers: Labels, k: int, drawn: NDArray[np.float64]
) -> Score:
    value = of(confused(truth, answers, k, np.ones(len(truth))))
    return _interval(value, [of(confused(truth, answers, k, weights)) for weights in drawn])


def _interval(value: float, draws: list[float]) -> Score:
    low, high = np.quantile(draws, (0.025, 0.975)) if draws else (value, value)
    return Score(float(value), float(low), float(high))


def _weights(groups: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """(draws, n) how often each picture is in a draw of groups with replacement."""
    _, of = np.unique(groups, return_inverse=True)
    count = int(of.max()) + 1 if len(of) else 0
    rng = np.random.default_rng([seed, 0xB007])
    draws = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS) if count else np.zeros((0, 0))
    return draws[:, of].astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Ranked:
    """One class's probabilities in descending order, tied ones in one step."""

    order: NDArray[np.int64]
    step: NDArray[np.int64]
    positive: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> "_Ranked":
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        step = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])]) if len(ranked) else np.zeros(0, np.int64)
        return cls(order, step.astype(np.int64), positive[order])

    def _cumulated(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        w = weights[self.order]
        steps = int(self.step[-1]) + 1
        found = np.concatenate([[0.0], np.cumsum(np.bincount(self.step, w * self.positive, steps))])
        let_in = np.concatenate([[0.0], np.cumsum(np.bincount(self.step, w * ~self.positive, steps))])
        return found, let_in

    def auc(self, weights: NDArray[np.float64]) -> float:
        """Area under the curve; 0.5 where one side is empty."""
        found, let_in = self._cumulated(weights)
        if found[-1] <= 0 or let_in[-1] <= 0:
            return 0.5
        area = np.sum(np.diff(let_in) * (found[1:] + found[:-1]) / 2)
        return float(area / (found[-1] * let_in[-1]))

    def curve(self, most: int = 200) -> list[tuple[float, float]]:
        """At most ``most`` points of the curve."""
        found, let_in = self._cumulated(np.ones(len(self.order)))
        x, y = let_in / max(1e-9, let_in[-1]), found / max(1e-9, found[-1])
        keep = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(np.int64))
        return [(round(float(x[i]), 4), round(float(y[i]), 4)) for i in keep]


def _mean_auc(ranked: list[_Ranked], weights: NDArray[np.float64]) -> float:
    """One against the others; of two classes both curves are the same."""
    return float(np.mean([one.auc(weights) for one in (ranked[1:] if len(ranked) == 2 else ranked)]))  # noqa: PLR2004
