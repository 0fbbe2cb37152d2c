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

NEVER = 2.0
"""A threshold that no confidence reaches."""

DECIMALS = 4
"""Decimals of a confidence."""

BINS = 10
"""Bins of the reliability diagram, as in Guo et al. (2017)."""

_KNOTS = 24  # of a stored curve: as many as 2,000 held-back answers can tell apart
_ENOUGH = 60  # answers below which a curve says no more than their share right does
_TRUST = 5.0  # answers that the raw confidence counts for there
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
    """Where a promise is kept: answers from ``confidence`` on; so many of the held-back ones were told, and wrong."""

    confidence: float
    told: int
    wrong: int


@dataclass(frozen=True)
class Cost:
    """What a promise costs an attribute: thresholds with and without words, and the shares answered and wrong."""

    worded: Threshold | None
    silent: Threshold | None
    coverage: float
    wrong: float


@dataclass(frozen=True)
class Side:
    """Answers of one kind: those that words speak to, or those where only the picture speaks.

    Attributes:
        curve: from raw to calibrated confidence.
        levels: held-back answers by falling confidence, none of which the curve was fitted on.
        judged: held-back records of this kind that have an answer to give.
    """

    curve: Curve = Curve()
    levels: tuple[Level, ...] = ()
    judged: int = 0

    def promised(self, most_wrong: float) -> Threshold | None:
        """The lowest threshold that keeps a promise on unseen answers of the same kind; None if no threshold does.

        Of the answers told at most ``most_wrong`` may be wrong. A level with ``told`` answers keeps it if
        ``(wrong + 1) / (told + 1) <= most_wrong``: conformal risk control (Angelopoulos et al., 2024) of the loss
        ``told * (wrong - most_wrong)``, whose bound counts one answer more, a wrong one. It holds as far as the share of wrong
        answers falls with confidence, which the isotonic curve sees to.
        """
        kept = [level for level in self.levels if (level.wrong + 1) / (level.told + 1) <= most_wrong]
        if not kept:
            return None
        widest = max(kept, key=lambda level: level.told)
        return Threshold(widest.confidence, widest.told, widest.wrong)


@dataclass(frozen=True)
class Calibrated:
    """What is known of one attribute.

    Attributes:
        worded: where words say anything of the attribute.
        silent: where only the picture speaks: taggers leave out what cannot be seen, so their silence is news.
    """

    worded: Side = Side()
    silent: Side = Side()

    def confidences(self, raw: Floats, spoken: Flags) -> Floats:
        """Calibrated confidences of raw ones; ``spoken`` tells where words speak."""
        return np.where(spoken, self.worded.curve(raw), self.silent.curve(raw))

    def cost(self, most_wrong: float) -> Cost:
        """What a promise costs on the held-back records of both kinds."""
        sides = (self.worded, self.silent)
        kept = [side.promised(most_wrong) for side in sides]
        told, wrong = sum(k.told for k in kept if k), sum(k.wrong for k in kept if k)
        judged = sum(side.judged for side in sides)
        return Cost(kept[0], kept[1], told / judged if judged else 0.0, wrong / told if told else 0.0)


@dataclass(frozen=True)
class Calibration:
    """Calibration of all attributes; an attribute it does not know keeps its raw confidence."""

    attributes: Mapping[str, Calibrated] = field(default_factory=dict)

    def confidences(self, attribute: str, raw: Floats, spoken: Flags) -> Floats:
        """Calibrated confidences of raw ones; ``spoken``, of a shape that broadcasts, tells where words speak."""
        found = self.attributes.get(attribute)
        # Rounded as the levels are: a threshold is met by the very confidences it was read from.
        return np.round(raw if found is None else found.confidences(raw, spoken), DECIMALS)

    def thresholds(self, attribute: str, least: float, promise: float | None, spoken: Flags) -> Floats:
        """From which confidence on answers are told: ``least``, or what the promise asks for; ``NEVER`` where nothing keeps it."""
        if promise is None:
            return np.full(spoken.shape, least)
        found = self.attributes.get(attribute, Calibrated())
        kept = [side.promised(promise) for side in (found.worded, found.silent)]
        worded, silent = (NEVER if k is None else k.confidence for k in kept)
        return np.where(spoken, worded, silent)


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram: answers of about one confidence, and the share that is right."""

    confidence: float
    right: float
    n: int


def fit(raw: Floats, right: Flags) -> Curve:
    """Isotonic regression (Zadrozny and Elkan, 2002) over blocks of answers; of too few only their share right.

    Args:
        raw: (n,) raw confidences of answers.
        right: (n,) whether they were right.
    """
    if len(raw) < _ENOUGH:
        level = round(float((right.sum() + _TRUST * raw.sum() / max(1, len(raw))) / (len(raw) + _TRUST)), 5)
        return Curve((0.0, 1.0), (level, level)) if len(raw) else Curve()
    from sklearn.isotonic import IsotonicRegression

    block = _blocks(raw)
    sizes = np.bincount(block)
    middle, share = np.bincount(block, raw) / sizes, np.bincount(block, right) / sizes
    # One answer more of each kind: no confidence is ever 0 or 1 (Laplace's rule).
    margin = 1.0 / (len(raw) + 2)
    rising = IsotonicRegression(y_min=margin, y_max=1 - margin).fit_transform(middle, share, sample_weight=sizes)
    return Curve(tuple(round(float(x), 5) for x in middle), tuple(round(float(y), 5) for y in rising))


def _blocks(raw: Floats) -> NDArray[np.int64]:
    """(n,) neighbouring answers in at most ``_KNOTS`` blocks of about equal numbers; equal ones are never parted.

    A tag's answers all have one raw confidence: parted, they would give several levels at one place, of which interpolation
    takes any.
    """
    _, value, counts = np.unique(raw.round(5), return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    quantile = np.floor(middle / len(raw) * _KNOTS).astype(np.int64)
    return np.unique(quantile, return_inverse=True)[1][value]


def levels(confidence: Floats, right: Flags) -> tuple[Level, ...]:
    """How many answers are told and wrong from each confidence on, at most 200 of them."""
    order = np.argsort(-confidence, kind="stable")
    ranked, wrong = confidence[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.empty(0, np.int64)
    chosen = last if len(last) <= _LEVELS else last[np.linspace(0, len(last) - 1, _LEVELS).round().astype(np.int64)]
    return tuple(Level(float(ranked[k]), int(k) + 1, int(wrong[k])) for k in chosen)


def reliability(confidence: Floats, right: Flags, bins: int = BINS) -> list[Bin]:
    """The reliability diagram: bins of about equal numbers of answers; equally sure answers share a bin."""
    if not len(confidence):
        return []
    edges = np.unique(np.quantile(confidence, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
    place = np.searchsorted(edges, confidence, side="left")
    parts = [np.flatnonzero(place == k) for k in range(len(edges) + 1)]
    return [Bin(float(confidence[p].mean()), float(right[p].mean()), len(p)) for p in parts if len(p)]


def expected_error(confidence: Floats, right: Flags, bins: int = BINS) -> float:
    """Expected calibration error: the mean gap between confidence and share right, over bins of equal numbers."""
    return error_of(reliability(confidence, right, bins))


def error_of(bins: Sequence[Bin]) -> float:
    """The expected calibration error of a reliability diagram; 0 of an empty one."""
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.confidence - b.right) for b in bins) / total if total else 0.0


def error_by_chance(bins: Sequence[Bin], quantiles: float = 2.33) -> float:
    """The error that a perfectly calibrated model stays below 99 times in 100 on so many answers.

    Each bin's gap is then about normal around 0, its size half-normal, and bins are independent.

    Args:
        bins: a reliability diagram.
        quantiles: standard deviations above the mean; 2.33 is one-sided 99 %.
    """
    total = sum(b.n for b in bins)
    spreads = [b.n / total * np.sqrt(b.confidence * (1 - b.confidence) / b.n) for b in bins]
    mean, variance = np.sqrt(2 / np.pi) * sum(spreads), (1 - 2 / np.pi) * sum(s * s for s in spreads)
    return float(mean + quantiles * np.sqrt(variance))
