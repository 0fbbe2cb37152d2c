"""Measures of answers against labels: precision, recall, coverage, calibration, confusion.

What belongs here: numbers from lessons. Not here: how they are told (``report``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import calibration
from charassets.attributes.calibration import Bin, Cost
from charassets.attributes.choice import Choice
from charassets.attributes.fusion import DECIDED, FusionModel, count, decide
from charassets.attributes.vocabulary import UNKNOWN
from charassets.settings import AttributeSettings
from charassets.training import fusion_fits as fits
from charassets.training.fusion_lessons import Lesson, rewards

FUSED = "fused"
_CONFUSIONS = 5


@dataclass(frozen=True)
class Measured:
    """What was measured of one attribute and one source, or of all sources fused.

    Attributes:
        attribute: attribute of the vocabulary. source: ``fused`` or a source.
        judged: records somebody judged. to_tell: answers there were to give (of a multi-valued attribute: values).
        told: answers given. right: right ones among them.
        error: expected calibration error of the confidences of all candidate answers.
        candidates: how many these are.
        reward: mean reward: 1 right, 0 wrong, 0.5 for none where there was one to give.
        bins: reliability diagram of all candidate answers.
        told_bins: the same of the answers given: what people see.
        confusion: (right value, answer) to count; a record with several right values counts under the first.
    """

    attribute: str
    source: str
    judged: int
    to_tell: int
    told: int
    right: int
    error: float
    candidates: int
    reward: float
    bins: tuple[Bin, ...] = ()
    told_bins: tuple[Bin, ...] = ()
    confusion: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Right answers among those told; 1 where none was told."""
        return self.right / self.told if self.told else 1.0

    @property
    def recall(self) -> float:
        """Right answers among those there were to give."""
        return self.right / self.to_tell if self.to_tell else 1.0

    @property
    def coverage(self) -> float:
        """Answers told, against those there were to give; above 1 where things are told that cannot be seen."""
        return self.told / self.to_tell if self.to_tell else 0.0

    def confusions(self) -> list[tuple[str, str, int]]:
        """The commonest wrong answers: right value, answer, how often."""
        wrong = Counter({pair: n for pair, n in self.confusion.items() if pair[0] != pair[1]})
        return [(right, said, n) for (right, said), n in wrong.most_common(_CONFUSIONS)]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model makes of a lesson.

    Attributes:
        lesson: the lesson.
        said: (n, options) bool, answers told.
        confidence: (m,) of the candidate answers. right: (m,) bool. given: (m,) bool, told.
        rewards: (n,) 1 right, 0 wrong, 0.5 for none where there was one to give.
    """

    lesson: Lesson
    said: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    given: NDArray[np.bool_]
    rewards: NDArray[np.float64]


def measure(lesson: Lesson, model: FusionModel, settings: AttributeSettings, source: str = FUSED) -> Measured:
    """Measure what a model makes of a lesson, or of one source of it alone."""
    return pooled([outcome(lesson, model, settings, source)], source)


def outcome(lesson: Lesson, model: FusionModel, settings: AttributeSettings, source: str = FUSED) -> Outcome:
    """What a model tells, or what it would tell of one source alone."""
    name, multi = lesson.ballot.attribute.name, lesson.ballot.attribute.multi
    if source != FUSED:
        lesson = lesson.of_sources(lambda one: one == source)
    counted = count(lesson.ballot, settings, model)
    least = model.calibration.thresholds(name, settings.min_confidence, settings.promise, counted.spoken)
    verdict = decide(counted, least, settings)
    said = verdict.held & (verdict.status == DECIDED)[:, None]
    said[:, -1] = False
    told = fits.answered(counted, lesson)
    rewarded = said.copy()
    if not multi:
        rewarded[:, -1] = said.sum(axis=1) == 0
    return Outcome(
        lesson=lesson,
        said=said,
        confidence=counted.confidence[told.rows, told.options],
        right=told.right,
        given=said[told.rows, told.options],
        rewards=rewards(rewarded.astype(np.float64), lesson.accepted, multi=multi),
    )


def pooled(outcomes: Sequence[Outcome], source: str = FUSED) -> Measured:
    """The measures of outcomes of one attribute together: of folds, each by a model fitted on the others."""
    ballot = outcomes[0].lesson.ballot
    multi = ballot.attribute.multi
    accepted = np.concatenate([one.lesson.accepted for one in outcomes])
    said, truth = np.concatenate([one.said for one in outcomes]), accepted[:, :-1]
    confidence, right, given = (
        np.concatenate([getattr(one, part) for one in outcomes]) for part in ("confidence", "right", "given")
    )
    return Measured(
        attribute=ballot.attribute.name,
        source=source,
        judged=len(truth),
        to_tell=int(truth.sum() if multi else (truth.sum(axis=1) > 0).sum()),
        told=int(said.sum()),
        right=int((said[:, :-1] & truth).sum()),
        error=calibration.expected_error(confidence, right),
        candidates=len(confidence),
        reward=float(np.concatenate([one.rewards for one in outcomes]).mean()),
        bins=tuple(calibration.reliability(confidence, right)),
        told_bins=tuple(calibration.reliability(confidence[given], right[given])),
        confusion=_confusion(said, accepted, ballot.options) if not multi else {},
    )


def alone(lesson: Lesson, fitting: Lesson, source: str, settings: AttributeSettings) -> Outcome:
    """One source with a calibration of its own, fitted on other identities: the fairest it can be."""
    own = {fitting.ballot.attribute.name: fitting.of_sources(lambda one: one == source)}
    trusted = fits.witnesses(own)
    model = FusionModel(trusted, Choice(), fits.calibrated(own, trusted, Choice(), levels=False))
    return outcome(lesson, model, settings, source)


def cost_of_promise(model: FusionModel, attribute: str, most_wrong: float) -> Cost | None:
    """What a promise costs an attribute; None where it was never calibrated."""
    known = model.calibration.attributes.get(attribute)
    return known.cost(most_wrong) if known else None


def _confusion(said: NDArray[np.bool_], accepted: NDArray[np.bool_], names: Sequence[str]) -> Counter[tuple[str, str]]:
    options = np.array(names, object)
    right = np.where(accepted.sum(axis=1) > 0, options[accepted.argmax(axis=1)], UNKNOWN)
    answer = np.where(said.sum(axis=1) > 0, options[said.argmax(axis=1)], UNKNOWN)
    correct = (said & accepted).sum(axis=1) > 0
    return Counter(zip(np.where(correct, answer, right).tolist(), answer.tolist(), strict=True))
