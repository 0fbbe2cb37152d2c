"""Calibration: from a raw chance to the share of such answers that are right, and from a promise to a threshold.

What belongs here: applying what was fitted, fitting it, and measuring how far off it is. Plain functions over arrays. Not here:
where the held-back truth comes from (``charassets.training``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 10
"""Bins of the reliability diagram, as in Guo et al. (2017)."""

_KNOTS = 24  # of a stored curve: as many as 2,000 held-back answers can tell apart
_ENOUGH = 40  # answers below which an attribute's own curve says less than the curve of all
_LEVELS = 200  # thresholds kept for promises


@dataclass(frozen=True)
class Curve:
    """A rising curve from raw to calibrated confidence, straight between its knots."""

    raw: tuple[float, ...] = (0.0, 1.0)
    right: tuple[float, ...] = (0.0, 1.0)

    def __call__(self, raw: Floats) -> Floats:
        """Calibrated confidences."""
        return np.interp(raw, self.raw, self.right)


@dataclass(frozen=True)
class Level:
    """What was seen of the answers at least this sure, among held-back truth."""

    confidence: float
    told: int
    wrong: int


@dataclass(frozen=True)
class Threshold:
    """What a promise costs: answers from ``confidence`` on are told; of the judged ones that is the share ``coverage``."""

    confidence: float
    coverage: float
    wrong: float


@dataclass(frozen=True)
class Calibrated:
    """What is known of one attribute.

    Attributes:
        curve: from raw to calibrated confidence.
        levels: held-back answers by falling confidence, none of which the curve was fitted on.
        judged: held-back records that have an answer to give.
    """

    curve: Curve
    levels: tuple[Level, ...] = ()
    judged: int = 0

    def promised(self, most_wrong: float) -> Threshold | None:
        """The lowest threshold that keeps a promise on unseen answers of the same kind; None if no threshold does.

        Of the answers told at most ``most_wrong`` may be wrong. A level with ``told`` answers keeps it if
        ``(wrong + 1) / (told + 1) <= most_wrong``: conformal risk control (Angelopoulos et al., 2024, theorem 1) for the
        loss ``told * (wrong - most_wrong)``, whose bound gives the one answer more that counts as wrong.
        """
        kept = [level for level in self.levels if (level.wrong + 1) / (level.told + 1) <= most_wrong]
        if not kept:
            return None
        widest = max(kept, key=lambda level: level.told)
        return Threshold(widest.confidence, widest.told / max(1, self.judged), widest.wrong / max(1, widest.told))


@dataclass(frozen=True)
class Calibration:
    """Calibration of all attributes; an attribute it does not know keeps its raw confidence."""

    attributes: Mapping[str, Calibrated] = field(default_factory=dict)

    def confidences(self, attribute: str, raw: Floats) -> Floats:
        """Calibrated confidences of raw ones."""
        found = self.attributes.get(attribute)
        return raw if found is None else found.curve(raw)

    def threshold(self, attribute: str, least: float, promise: float | None) -> float:
        """From which confidence on an attribute is told: ``least``, or what the promise asks for; above 1 is never."""
        if promise is None:
            return least
        found = self.attributes.get(attribute)
        kept = found.promised(promise) if found else None
        return kept.confidence if kept else 1.0 + least


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram: answers of about one confidence, and the share that is right."""

    confidence: float
    right: float
    n: int


def fit(raw: Floats, right: Flags) -> Curve:
    """Isotonic regression (Zadrozny and Elkan, 2002), thinned to a few knots; too few answers leave the raw confidence.

    Args:
        raw: (n,) raw confidences of answers.
        right: (n,) whether they were right.
    """
    if len(raw) < _ENOUGH:
        return Curve()
    from sklearn.isotonic import IsotonicRegression

    ranked = np.sort(raw)
    blocks = np.unique(np.quantile(ranked, np.linspace(0, 1, _KNOTS)))
    smooth = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, right.astype(np.float64))
    middle = np.array([raw[nearest].mean() for nearest in _around(raw, blocks)])
    level = np.array([smooth.predict(raw[nearest]).mean() for nearest in _around(raw, blocks)])
    knots = [round(float(x), 5) for x in middle]
    # One answer more of each kind: no confidence is ever 0 or 1 (Laplace's rule).
    margin = 1.0 / (len(raw) + 2)
    values = [round(float(y), 5) for y in np.clip(np.maximum.accumulate(level), margin, 1 - margin)]
    return Curve(tuple(knots), tuple(values))


def levels(confidence: Floats, right: Flags) -> tuple[Level, ...]:
    """How many answers are told and wrong from each confidence on, at most 200 of them."""
    order = np.argsort(-confidence, kind="stable")
    ranked, wrong = confidence[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.empty(0, np.int64)
    chosen = last if len(last) <= _LEVELS else last[np.linspace(0, len(last) - 1, _LEVELS).round().astype(np.int64)]
    return tuple(Level(float(ranked[k]), int(k) + 1, int(wrong[k])) for k in chosen)


def reliability(confidence: Floats, right: Flags, bins: int = BINS) -> list[Bin]:
    """The reliability diagram: bins of equal numbers of answers, so that none is empty."""
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [Bin(float(confidence[p].mean()), float(right[p].mean()), len(p)) for p in parts]


def expected_error(confidence: Floats, right: Flags, bins: int = BINS) -> float:
    """Expected calibration error: the mean gap between confidence and share right, over bins of equal numbers."""
    found = reliability(confidence, right, bins)
    total = sum(b.n for b in found)
    return sum(b.n * abs(b.confidence - b.right) for b in found) / total if total else 0.0


def _around(raw: Floats, knots: Floats) -> Sequence[NDArray[np.int64]]:
    """For each pair of neighbouring knots the answers between them."""
    if len(knots) < 2:
        return [np.arange(len(raw))]
    place = np.clip(np.searchsorted(knots, raw, side="right") - 1, 0, len(knots) - 2)
    return [np.flatnonzero(place == k) for k in range(len(knots) - 1) if (place == k).any()]
