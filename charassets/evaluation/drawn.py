"""Everything that must hold on the drawn set: fused against each source, calibration, the contest, promises.

What belongs here: the figures on studio pictures, whose truth is exact. Not here: a folder of anybody's (``folder``), planted tag
errors (``planted``), the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import calibration
from charassets.attributes.fusion import FusionModel
from charassets.attributes.witnesses import ZERO_SHOT
from charassets.evaluation.measures import Measured, Outcome, alone, outcome, pooled
from charassets.evaluation.planted import Found, planted_errors
from charassets.settings import AttributeSettings
from charassets.training import fusion_contest as contest
from charassets.training import fusion_fits as fits
from charassets.training.fusion_contest import CONTESTANTS, FIXED, LEARNT, STACKED, Interval
from charassets.training.fusion_lessons import Lesson, drawn_lessons
from charassets.training.labelled_folder import Gathered

FOLDS = 4
"""Parts of the identities: each is measured by what was fitted on the other three quarters."""

PROMISES = (0.02, 0.05, 0.1)


@dataclass(frozen=True)
class AgainstSources:
    """Fused beside every source of one attribute, on identities that nothing was fitted on.

    Attributes:
        fused: what the winner of the contest made of it.
        sources: each source alone, calibrated by itself.
        best: the source that earned most. gain: of fused over it.
    """

    fused: Measured
    sources: tuple[Measured, ...]
    best: str
    gain: Interval


@dataclass(frozen=True)
class Kept:
    """A promise on identities that nothing was fitted on."""

    attribute: str
    promise: float
    told: int
    wrong: int
    coverage: float


@dataclass(frozen=True)
class DrawnFigures:
    """All figures of the drawn set.

    Attributes:
        records: pictures, every one of them measured by what was fitted on other identities.
        winner: the contestant with the largest mean, which the other figures are of.
        attributes: fused against the sources, over all folds under the first seed.
        pooled_error: expected calibration error over all attributes' answers.
        seeds: for every seed what each contestant earned.
        differences: pairs of contestants with the interval of their difference over the seeds.
        promises: kept or not. found: planted tag errors.
    """

    records: int
    winner: str
    attributes: tuple[AgainstSources, ...]
    pooled_error: float
    seeds: tuple[Mapping[str, float], ...]
    differences: tuple[tuple[str, str, Interval], ...]
    promises: tuple[Kept, ...]
    found: tuple[Found, ...]


@dataclass(frozen=True, eq=False)
class Fold:
    """A part of the identities and a model that was fitted on the others.

    Attributes:
        seen, unseen: lessons with all sources. model: the fitted winner of the contest.
        rows: attribute to the records that are unseen, by their place in the whole.
    """

    seen: Mapping[str, Lesson]
    unseen: Mapping[str, Lesson]
    model: FusionModel
    rows: Mapping[str, NDArray[np.int64]]


def figures(found: Gathered, seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> DrawnFigures:
    """Measure; every seed corrupts the tags and splits the identities anew.

    Args:
        found: the drawn pictures and their evidence.
        seeds: of the contest; the rest is measured under the first, by cross-validation.
    """
    standings = []
    for seed in seeds:
        seen, unseen = contest.parts(_used(drawn_lessons(found, seed)[0]), seed)
        standings.append({name: s.mean for name, s in contest.hold(seen, unseen, seed).items()})
    winner = max(CONTESTANTS, key=lambda name: float(np.mean([s[name] for s in standings])))
    lessons, lines = drawn_lessons(found, seeds[0])
    folds = list(_folds(lessons, winner, seeds[0]))
    fused = {name: [outcome(_used(f.unseen)[name], f.model, fits.SETTINGS) for f in folds] for name in lessons}
    pairs = ((LEARNT, FIXED), (LEARNT, STACKED), (STACKED, FIXED))
    return DrawnFigures(
        records=len(found.record_ids),
        winner=winner,
        attributes=tuple(_against(name, fused[name], folds) for name in lessons),
        pooled_error=_pooled_error(fused),
        seeds=tuple(standings),
        differences=tuple((a, b, contest.interval([s[a] - s[b] for s in standings])) for a, b in pairs),
        promises=tuple(_kept(folds)),
        found=tuple(planted_errors(folds, lines)),
    )


def _folds(lessons: Mapping[str, Lesson], winner: str, seed: int) -> Iterator[Fold]:
    for masks in contest.folds(lessons, seed, FOLDS):
        seen = {name: lesson.take(np.flatnonzero(~masks[name])) for name, lesson in lessons.items()}
        rows = {name: np.flatnonzero(masks[name]) for name in lessons}
        unseen = {name: lesson.take(rows[name]) for name, lesson in lessons.items()}
        yield Fold(seen, unseen, contest.fitted([winner], _used(seen), seed)[winner], rows)


def _used(lessons: Mapping[str, Lesson]) -> dict[str, Lesson]:
    """Without zero-shot, which is switched off in the mini profile."""
    return {name: lesson.of_sources(lambda source: source != ZERO_SHOT) for name, lesson in lessons.items()}


def _against(name: str, fused: Sequence[Outcome], folds: Sequence[Fold]) -> AgainstSources:
    sources = folds[0].unseen[name].ballot.sources
    singles = {s: [alone(f.unseen[name], f.seen[name], s, fits.SETTINGS) for f in folds] for s in sources}
    earned = {s: np.concatenate([one.rewards for one in outcomes]) for s, outcomes in singles.items()}
    best = max(sources, key=lambda source: float(earned[source].mean()))
    groups = np.concatenate([f.unseen[name].groups for f in folds])
    return AgainstSources(
        pooled(fused),
        tuple(pooled(outcomes, source) for source, outcomes in singles.items()),
        best,
        contest.gain(np.concatenate([one.rewards for one in fused]), earned[best], groups),
    )


def _pooled_error(fused: Mapping[str, Sequence[Outcome]]) -> float:
    every = [one for outcomes in fused.values() for one in outcomes]
    return calibration.expected_error(
        np.concatenate([one.confidence for one in every]), np.concatenate([one.right for one in every])
    )


def _kept(folds: Sequence[Fold]) -> Iterator[Kept]:
    for promise in PROMISES:
        settings = AttributeSettings(clip_weight=1.0, promise=promise)
        for name in folds[0].unseen:
            m = pooled([outcome(_used(f.unseen)[name], f.model, settings) for f in folds])
            yield Kept(name, promise, m.told, m.told - m.right, m.coverage)
