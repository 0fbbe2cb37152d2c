"""Everything that must hold on the drawn set: fused against each source, calibration, the contest, planted tag errors.

What belongs here: the figures on studio pictures, whose truth is exact. Not here: a folder of anybody's (``folder``), the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import calibration, consensus
from charassets.attributes.fusion import DECIDED, FusionModel, count, decide
from charassets.attributes.witnesses import ZERO_SHOT
from charassets.evaluation.measures import Measured, alone, measure
from charassets.settings import AttributeSettings
from charassets.studio.mistagging import Mistagged
from charassets.training import fusion_contest as contest
from charassets.training import fusion_fits as fits
from charassets.training.fusion_contest import FIXED, LEARNT, STACKED, Interval
from charassets.training.fusion_lessons import Lesson, drawn_lessons, split
from charassets.training.labelled_folder import Gathered

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
class Found:
    """Planted tag errors and those that were found."""

    way: str
    planted: int
    flagged: int
    hit: int

    @property
    def precision(self) -> float:
        """Planted errors among those flagged."""
        return self.hit / self.flagged if self.flagged else 1.0

    @property
    def recall(self) -> float:
        """Errors flagged among those planted."""
        return self.hit / self.planted if self.planted else 1.0


@dataclass(frozen=True)
class DrawnFigures:
    """All figures of the drawn set.

    Attributes:
        records: unseen records under the first seed.
        attributes: fused against the sources, first seed.
        pooled_error: expected calibration error over all attributes' answers.
        seeds: for every seed what each contestant earned.
        differences: pairs of contestants with the interval of their difference over the seeds.
        promises: kept or not. found: planted tag errors.
    """

    records: int
    attributes: tuple[AgainstSources, ...]
    pooled_error: float
    seeds: tuple[Mapping[str, float], ...]
    differences: tuple[tuple[str, str, Interval], ...]
    promises: tuple[Kept, ...]
    found: tuple[Found, ...]


def figures(found: Gathered, seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> DrawnFigures:
    """Measure; every seed corrupts the tags and splits the identities anew.

    Args:
        found: the drawn pictures and their evidence.
        seeds: of the contest; the rest is measured under the first.
    """
    standings = []
    first: tuple | None = None
    for seed in seeds:
        lessons, lines = drawn_lessons(found, seed)
        used = {name: lesson.of_sources(lambda s: s != ZERO_SHOT) for name, lesson in lessons.items()}
        seen, unseen = contest.parts(used, seed)
        standing = contest.hold(seen, unseen, seed)
        standings.append({name: s.mean for name, s in standing.items()})
        if first is None:
            winner = max(standing.values(), key=lambda s: s.mean).model
            first = lessons, lines, seen, unseen, winner, seed
    assert first is not None  # noqa: S101 - there is a seed
    lessons, lines, seen, unseen, winner, seed = first
    against = tuple(_against(lessons[name], unseen[name], winner, seed) for name in unseen)
    pairs = ((LEARNT, FIXED), (LEARNT, STACKED), (STACKED, FIXED))
    return DrawnFigures(
        records=max(len(lesson.groups) for lesson in unseen.values()),
        attributes=against,
        pooled_error=_pooled(unseen, winner),
        seeds=tuple(standings),
        differences=tuple((a, b, contest.interval([s[a] - s[b] for s in standings])) for a, b in pairs),
        promises=tuple(_kept(unseen, winner)),
        found=tuple(_planted(lessons, lines, winner, seed)),
    )


def _against(whole: Lesson, unseen: Lesson, winner: FusionModel, seed: int) -> AgainstSources:
    name = whole.ballot.attribute.name
    parts = contest.parts({name: whole}, seed)
    fitting, held_out = parts[0][name], parts[1][name]
    fused = fits.earned(unseen, winner)
    singles = {s: alone(held_out, fitting, s, fits.SETTINGS) for s in whole.ballot.sources}
    best = max(singles, key=lambda s: singles[s][0].reward)
    return AgainstSources(
        measure(unseen, winner, fits.SETTINGS),
        tuple(single for single, _ in singles.values()),
        best,
        contest.gain(fused, singles[best][1], unseen.groups),
    )


def _pooled(unseen: Mapping[str, Lesson], winner: FusionModel) -> float:
    pairs = [_candidates(lesson, winner) for lesson in unseen.values()]
    return calibration.expected_error(np.concatenate([c for c, _ in pairs]), np.concatenate([r for _, r in pairs]))


def _candidates(lesson: Lesson, model: FusionModel) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    counted = count(lesson.ballot, fits.SETTINGS, model)
    told = fits.answered(counted, lesson)
    return counted.confidence[told.rows, told.options], told.right


def _kept(unseen: Mapping[str, Lesson], winner: FusionModel) -> Iterator[Kept]:
    for promise in PROMISES:
        settings = AttributeSettings(clip_weight=1.0, promise=promise)
        for name, lesson in unseen.items():
            m = measure(lesson, winner, settings)
            yield Kept(name, promise, m.told, m.told - m.right, m.coverage)


def _planted(
    lessons: Mapping[str, Lesson], lines: Sequence[Mistagged], winner: FusionModel, seed: int
) -> Iterator[Found]:
    """Three ways to find planted errors of stable traits, on unseen identities: fusion, the character's vote, either."""
    totals = {"fusion overrules or doubts the tag": [0, 0, 0], "the character's vote": [0, 0, 0], "either": [0, 0, 0]}
    for name in consensus.STABLE:
        if name not in lessons:
            continue
        lesson = lessons[name]
        rows = np.flatnonzero(_unseen(lesson, seed))
        part = lesson.take(rows).of_sources(lambda s: s != ZERO_SHOT)
        said, plain = part.ballot.word_scores[:, :-1].argmax(axis=1), part.ballot.plain.sum(axis=1) > 0
        planted = np.array([name in lines[int(k)].wrong for k in rows]) & plain
        doubted, voted = _doubted(part, said, winner) & plain, _outvoted(part, said, plain, winner) & plain
        for way, flagged in zip(totals, (doubted, voted, doubted | voted), strict=True):
            totals[way] = [
                a + int(b.sum()) for a, b in zip(totals[way], (planted, flagged, planted & flagged), strict=True)
            ]
    for way, (planted, flagged, hit) in totals.items():
        yield Found(way, planted, flagged, hit)


def _unseen(lesson: Lesson, seed: int) -> NDArray[np.bool_]:
    """(n,) records of identities that nothing was fitted on."""
    return ~split(lesson.groups, seed)


def _doubted(part: Lesson, said: NDArray[np.int64], winner: FusionModel) -> NDArray[np.bool_]:
    counted = count(part.ballot, fits.SETTINGS, winner)
    verdict = decide(counted, np.full(counted.spoken.shape, fits.SETTINGS.min_confidence), fits.SETTINGS)
    return ~verdict.held[np.arange(len(said)), said] | (verdict.status != DECIDED)


def _outvoted(
    part: Lesson, said: NDArray[np.int64], plain: NDArray[np.bool_], winner: FusionModel
) -> NDArray[np.bool_]:
    """Whether the fused answers of the identity's pictures outvote the tag."""
    counted = count(part.ballot, fits.SETTINGS, winner)
    verdict = decide(counted, np.full(counted.spoken.shape, fits.SETTINGS.min_confidence), fits.SETTINGS)
    decided = np.flatnonzero((verdict.status == DECIDED) & (verdict.first < len(part.ballot.options) - 1))
    _, character = np.unique(part.groups, return_inverse=True)
    shape = (int(character.max()) + 1, len(part.ballot.options))
    votes = consensus.vote(character[decided], verdict.first[decided], verdict.confidence[decided], shape)
    winners = votes.winner[character]
    names = part.ballot.options
    differs = np.array(
        [
            w >= 0 and not consensus.alike(part.ballot.attribute.name, names[w], names[s])
            for w, s in zip(winners, said, strict=True)
        ]
    )
    return plain & differs
