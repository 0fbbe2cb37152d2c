"""Fits everything fusion learns: curves of sources, the choice of strategy, stacking, calibration.

What belongs here: one function a thing that is fitted, each from lessons alone. Not here: where lessons come from
(``fusion_lessons``), what is better (``fusion_contest``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import calibration, stacking
from charassets.attributes.calibration import Calibrated, Calibration, Side
from charassets.attributes.choice import Choice, features
from charassets.attributes.fusion import DECIDED, Counted, FusionModel, count, decide
from charassets.attributes.strategies import STRATEGIES
from charassets.attributes.witnesses import Weighed, Witness, Witnesses, weigh
from charassets.settings import AttributeSettings
from charassets.training.bandit import Bandit
from charassets.training.fusion_lessons import Lesson, rewards

Lessons = Mapping[str, Lesson]

_ENOUGH = 40  # statements of a source below which its own scale is kept
_LEAST = 1e-3
_FOLDS = 5  # of identities, for the levels of promises
_SALT = 104_729  # no split for measuring may fall together with the folds
_DECIMALS = 4
SETTINGS = AttributeSettings(clip_weight=1.0)
"""Fitted curves carry their own discounts."""


def witnesses(lessons: Lessons) -> Witnesses:
    """For every source and attribute the curve from score to chance (Platt, 1999)."""
    fitted: dict[str, dict[str, Witness]] = {}
    for name, lesson in lessons.items():
        for k, source in enumerate(lesson.ballot.sources):
            said = (lesson.ballot.scores[:, :, k] > 0) & ~lesson.ballot.closed
            if int(said.sum()) >= _ENOUGH:
                curve = _curve(lesson.ballot.scores[:, :, k][said], lesson.accepted[said])
                fitted.setdefault(name, {})[source] = curve
    return Witnesses(fitted)


def weighed(lesson: Lesson, trusted: Witnesses) -> Weighed:
    """A lesson's evidence, weighed."""
    return weigh(lesson.ballot, trusted)


def all_rewards(lesson: Lesson, trusted: Witnesses) -> NDArray[np.float64]:
    """(n, strategies) what each strategy would have earned: held-back truth scores all of them at once.

    Each is calibrated by itself and keeps silent below an even chance, as it would in use.
    """
    name, columns = lesson.ballot.attribute.name, []
    for strategy in STRATEGIES:
        choice = Choice({name: strategy})
        model = FusionModel(trusted, choice, calibrated({name: lesson}, trusted, choice, levels=False))
        columns.append(earned(lesson, model))
    return np.stack(columns, axis=1)


def earned(lesson: Lesson, model: FusionModel) -> NDArray[np.float64]:
    """(n,) the rewards of what a model tells from an even chance on."""
    counted = count(lesson.ballot, SETTINGS, model)
    verdict = decide(counted, np.full(counted.spoken.shape, SETTINGS.min_confidence), SETTINGS)
    said = verdict.held & (verdict.status == DECIDED)[:, None]
    multi = lesson.ballot.attribute.multi
    if not multi:
        said[:, -1] = said.sum(axis=1) == 0
    return rewards(said.astype(np.float64), lesson.accepted, multi=multi)


Rewards = Mapping[str, NDArray[np.float64]]
"""Attribute to what ``all_rewards`` says of its lesson."""


def rewarded(lessons: Lessons, trusted: Witnesses) -> Rewards:
    """What each strategy would have earned on every attribute; the costliest of the fits, shared by those that need it."""
    return {name: all_rewards(lesson, trusted) for name, lesson in lessons.items()}


def bandits(lessons: Lessons, trusted: Witnesses, earned_by: Rewards) -> dict[str, Bandit]:
    """For every attribute a contextual bandit taught by full information: a cost-sensitive classifier to begin with."""
    taught = {}
    for name, lesson in lessons.items():
        taught[name] = Bandit.fresh().taught(features(weighed(lesson, trusted)), earned_by[name])
    return taught


def best_fixed(earned_by: Rewards, among: Mapping[str, Sequence[str]] = MappingProxyType({})) -> dict[str, str]:
    """For every attribute the one strategy that earns most; ``among`` names those an attribute may have, if not all."""
    answer = {}
    for name, rewards_of in earned_by.items():
        means = dict(zip(STRATEGIES, rewards_of.mean(axis=0).tolist(), strict=True))
        answer[name] = max(among.get(name) or STRATEGIES, key=means.__getitem__)
    return answer


def stacks(lessons: Lessons, trusted: Witnesses) -> dict[str, stacking.Stack]:
    """For every attribute the jointly learned gains."""
    return {name: stacking.fit(weighed(lesson, trusted), lesson.accepted) for name, lesson in lessons.items()}


def calibrated(
    lessons: Lessons, trusted: Witnesses, choice: Choice, seed: int = 0, *, levels: bool = True
) -> Calibration:
    """For every attribute the curve of confidence, and the levels that promises are read from.

    The curve is fitted on all identities. Levels are of answers whose curve was fitted on other identities, fold by fold
    (cross-fitting): no answer vouches for itself, and none is set aside.

    Args:
        lessons: what to fit on.
        trusted: the sources' curves.
        choice: whose answers are calibrated.
        seed: of the folds.
        levels: without them no promise can be read.
    """
    model = FusionModel(trusted, choice)
    found: dict[str, Calibrated] = {}
    for name, lesson in lessons.items():
        counted = count(lesson.ballot, SETTINGS, model)
        told = answered(counted, lesson)
        everyone = np.ones(len(told.rows), np.bool_)
        known = _curves(told, everyone)
        found[name] = _with_levels(known, lesson, told, counted.spoken, seed) if levels else known
    return Calibration(found)


def _curves(told: "Told", chosen: NDArray[np.bool_]) -> Calibrated:
    curves = [calibration.fit(told.raw[of], told.right[of]) for of in (chosen & told.spoken, chosen & ~told.spoken)]
    return Calibrated(Side(curves[0]), Side(curves[1]))


def _with_levels(known: Calibrated, lesson: Lesson, told: "Told", spoken: NDArray[np.bool_], seed: int) -> Calibrated:
    """The same curves with what is seen of answers under curves of other identities."""
    fold = np.random.default_rng([seed, _SALT]).integers(_FOLDS, size=int(lesson.groups.max(initial=0)) + 1)[
        lesson.groups
    ]
    confidence = np.zeros(len(told.raw))
    for k in range(_FOLDS):
        here = fold[told.rows] == k
        confidence[here] = _curves(told, ~here).confidences(told.raw[here], told.spoken[here])
    confidence = confidence.round(calibration.DECIMALS)
    to_tell = lesson.accepted[:, :-1]  # of a single-valued attribute one answer a record, however many are acceptable
    if not lesson.ballot.attribute.multi:
        to_tell = to_tell.max(axis=1, keepdims=True, initial=False)
    sides = []
    for side, of_side in ((known.worded, True), (known.silent, False)):
        seen = told.spoken == of_side
        judged = to_tell & (spoken[:, : to_tell.shape[1]] == of_side)
        levels = calibration.levels(confidence[seen], told.right[seen])
        sides.append(replace(side, levels=levels, judged=int(judged.sum())))
    return Calibrated(*sides)


@dataclass(frozen=True, eq=False)
class Told:
    """Answers that could be told: record and option of each, its raw confidence, whether words speak, whether it is right."""

    rows: NDArray[np.int64]
    options: NDArray[np.int64]
    raw: NDArray[np.float64]
    spoken: NDArray[np.bool_]
    right: NDArray[np.bool_]


def answered(counted: Counted, lesson: Lesson) -> Told:
    """The answers that could be told.

    Of a single-valued attribute the best option of each record; of a multi-valued one every value that anything speaks for.
    """
    ballot = lesson.ballot
    if ballot.attribute.multi:
        rows, options = np.nonzero(counted.weighed.chances[:, :-1].max(axis=2, initial=0.0) > 0)
    else:
        options = counted.chances.argmax(axis=1)
        rows = np.flatnonzero((options < len(ballot.options) - 1) & ~counted.weighed.silent & ~ballot.hidden)
        options = options[rows]
    spoken = np.broadcast_to(counted.spoken, counted.raw.shape)
    return Told(rows, options, counted.raw[rows, options], spoken[rows, options], lesson.accepted[rows, options])


def _curve(scores: NDArray[np.float32], right: NDArray[np.bool_]) -> Witness:
    from sklearn.linear_model import LogisticRegression

    kept = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    share = (right.sum() + 1) / (len(right) + 2)
    flat = Witness(0.0, round(float(np.log(share / (1 - share))), _DECIMALS), n=len(right))
    if right.all() or not right.any() or np.ptp(kept) < _LEAST:
        return flat
    logits: Any = np.log(kept / (1 - kept))[:, None]
    line = LogisticRegression(C=10.0).fit(logits, right)
    slope, offset = float(line.coef_[0, 0]), float(line.intercept_[0])
    return flat if slope < 0 else Witness(round(slope, _DECIMALS), round(offset, _DECIMALS), n=len(right))


def calibration_error(lesson: Lesson, model: FusionModel) -> float:
    """Expected calibration error of all answers that could be told."""
    counted = count(lesson.ballot, SETTINGS, model)
    told = answered(counted, lesson)
    return calibration.expected_error(counted.confidence[told.rows, told.options], told.right)


def diagram(lesson: Lesson, model: FusionModel) -> list[calibration.Bin]:
    """The reliability diagram of all answers that could be told."""
    counted = count(lesson.ballot, SETTINGS, model)
    told = answered(counted, lesson)
    return calibration.reliability(counted.confidence[told.rows, told.options], told.right)
