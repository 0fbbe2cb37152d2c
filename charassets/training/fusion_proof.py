"""How far picture sources are believed that were fitted on the studio's drawings alone: as far as real art proves them.

What belongs here: the search for limits on labelled sets of other hands. Not here: curves, which no real picture takes part in
(``fusion_fits``).

A source's curve is limited by four numbers (``Witness``): below the score ``proven`` it is a hint of at most ``cap``; from there on
it is believed between ``floor``, its share right where it did worst, drawings included, and ``ceiling``, of which all sets together
leave no doubt. ``proven`` and ``cap`` of an attribute's sources are chosen together, by a promise: the most answers while on every
set at least ``PROMISED`` of what is told is right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.choice import DEFAULT, Choice
from charassets.attributes.evidence import WORDS
from charassets.attributes.fusion import DECIDED, FusionModel, count, decide
from charassets.attributes.strategies import STRATEGIES
from charassets.attributes.witnesses import ZERO_SHOT, Witness, Witnesses
from charassets.settings import AttributeSettings
from charassets.training.fusion_lessons import Lesson, joined

Lessons = Mapping[str, Lesson]
RealSets = Mapping[str, Lessons]
"""Set to attribute to lesson, from the picture alone."""

PROMISED = 0.9
"""Share right of the answers told that every set has to keep."""

UNPROVEN = 0.2
"""Most that an unproven picture source is believed: a hint, and two that agree among a dozen values decide nothing either."""

_HINTS = (UNPROVEN, 0.25, 0.3, 0.35)  # from .3 on two that agree decide, one alone does not
_STEPS = 20  # scores from which a source may be proven: quantiles of those that were seen
_FEW = 12  # answers on a real set that prove anything
_ENOUGH = 40  # answers on all sets together
_BETTER = 0.002  # of the mean coverage, for limits less cautious
_AS_GOOD = 0.95  # of the widest strategy's coverage, for a strategy that earns more on drawings
_ROUNDS = 2
_Z = 1.28  # of Wilson's lower bound, one-sided 90 %
_SETTINGS = AttributeSettings(clip_weight=0.0)


@dataclass(frozen=True, eq=False)
class _Ground:
    """What an attribute's sources are proven on: the real pictures that show it, the set of each, and drawings."""

    attribute: str
    lesson: Lesson
    of: NDArray[np.int64]
    studio: Lesson | None

    def coverage(self, curves: Mapping[str, Witness], strategy: str = DEFAULT) -> float | None:
        """Mean over the sets of the share that gets an answer; None where a set breaks the promise."""
        told, right = _told(self.lesson, Witnesses({self.attribute: curves}), strategy)
        shares = []
        for k in np.unique(self.of):
            here = self.of == k
            answers = told & here
            if int(answers.sum()) >= _FEW and right[answers].mean() < PROMISED:
                return None
            shares.append(float(told[here].mean()))
        return float(np.mean(shares))


def tempered(fitted: Witnesses, real: RealSets, studio: Lessons) -> Witnesses:
    """The curves, the picture's limited by what they prove: what is not proven decides nothing alone.

    Args:
        fitted: curves from drawings.
        real: sets of other hands.
        studio: the drawings.
    """
    limited = {
        attribute: {source: curve if source in WORDS else _hint(curve) for source, curve in curves.items()}
        for attribute, curves in fitted.fitted.items()
    }
    for attribute, curves in limited.items():
        if (ground := _ground(attribute, real, studio)) is not None:
            limited[attribute] = _widest(curves, ground)
    return Witnesses(limited)


def strategies(trusted: Witnesses, real: RealSets) -> dict[str, list[str]]:
    """For every attribute of which real art proves anything, the strategies that keep the promise and tell about as much as any."""
    answer = {}
    for attribute, curves in trusted.fitted.items():
        ground = _ground(attribute, real, {})
        if ground is None or all(curve.proven > 1 for curve in curves.values()):
            continue
        found = {name: ground.coverage(curves, name) or 0.0 for name in STRATEGIES}
        answer[attribute] = [name for name, share in found.items() if share >= _AS_GOOD * max(found.values())]
    return answer


def left_out(
    fitted: Witnesses, real: RealSets, studio: Lessons, attribute: str
) -> Iterator[tuple[str, float | None, float]]:
    """Every set by limits chosen on the others: its name, the share right of the answers told, and how many get one."""
    for name in real:
        others = {other: lessons for other, lessons in real.items() if other != name}
        here = _ground(attribute, {name: real[name]}, {})
        if here is not None and attribute in fitted.fitted:
            alone = Witnesses({attribute: fitted.fitted[attribute]})
            told, right = _told(here.lesson, tempered(alone, others, studio), DEFAULT)
            yield name, float(right[told].mean()) if told.any() else None, float(told.mean())


def _hint(curve: Witness) -> Witness:
    return replace(curve, cap=UNPROVEN, proven=2.0, floor=0.0, ceiling=1.0)


def _ground(attribute: str, real: RealSets, studio: Lessons) -> _Ground | None:
    """None where no set shows the attribute, or it has several values at once."""
    found = []
    for lessons in real.values():
        if (lesson := lessons.get(attribute)) is not None and not lesson.ballot.attribute.multi:
            shows = (lesson.accepted[:, :-1].sum(axis=1) > 0) & ~lesson.accepted[:, -1]
            if int(shows.sum()) >= _FEW:
                found.append(lesson.take(np.flatnonzero(shows)))
    if not found:
        return None
    of = np.repeat(np.arange(len(found)), [len(lesson.groups) for lesson in found])
    return _Ground(attribute, joined(found), of, studio.get(attribute))


def _widest(curves: Mapping[str, Witness], ground: _Ground) -> dict[str, Witness]:
    """The limits under which most is told and every set keeps the promise.

    One source after the other, twice around; begun with each of them in turn, since whoever comes first leaves less to the next.
    """
    sources = [source for source in curves if source not in WORDS and source != ZERO_SHOT]
    best, most = dict(curves), ground.coverage(curves) or 0.0
    for first in range(len(sources)):
        found, told = _climbed(curves, sources[first:] + sources[:first], ground)
        if told > most + _BETTER:
            best, most = found, told
    return best


def _climbed(
    curves: Mapping[str, Witness], sources: Sequence[str], ground: _Ground
) -> tuple[dict[str, Witness], float]:
    best, most = dict(curves), ground.coverage(curves) or 0.0
    for source in [*sources] * _ROUNDS:
        for limits in _limits(curves[source], source, ground):  # the cautious first
            tried = {**best, source: limits}
            found = ground.coverage(tried)
            if found is not None and found > most + _BETTER:
                best, most = tried, found
    return best, most


def _limits(curve: Witness, source: str, ground: _Ground) -> Iterator[Witness]:
    scores, right, rows = _best_answers(ground.lesson, source)
    if len(scores) < _ENOUGH:
        return
    of = ground.of[rows]
    drawn, drawn_right, _ = _best_answers(ground.studio, source)
    proofs = []
    for least in np.unique(np.round(np.quantile(scores, np.linspace(0.95, 0.0, _STEPS)), 3))[::-1]:
        above = scores >= least
        if above.sum() >= _ENOUGH:
            ceiling = _wilson(right[above])
            floor = min(_worst(right[above], of[above]), ceiling, _worst(drawn_right[drawn >= least]))
            if floor > _SETTINGS.min_confidence:
                proofs.append((float(least), round(floor, 3), round(ceiling, 3)))
    for cap in _HINTS:
        yield replace(_hint(curve), cap=cap)
        for proven, floor, ceiling in proofs:
            yield replace(curve, cap=cap, proven=proven, floor=floor, ceiling=ceiling)


def _best_answers(
    lesson: Lesson | None, source: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """A source's best answers: their scores, whether they are right, and their rows."""
    if lesson is None or source not in lesson.ballot.sources:
        return np.empty(0, np.float32), np.empty(0, np.bool_), np.empty(0, np.int64)
    scores = lesson.ballot.scores[:, :, lesson.ballot.sources.index(source)]
    best = scores.argmax(axis=1)
    rows = np.flatnonzero((scores.max(axis=1) > 0) & (best < len(lesson.ballot.options) - 1) & ~lesson.accepted[:, -1])
    return scores[rows, best[rows]], lesson.accepted[rows, best[rows]], rows


def _worst(right: NDArray[np.bool_], of: NDArray[np.int64] | None = None) -> float:
    """The share right of the set with the least; one with few answers is taken to be like the others, as far as they allow."""
    if not len(right):
        return 1.0
    sets = np.zeros(len(right), np.int64) if of is None else of
    hits, answers = np.bincount(sets, right), np.bincount(sets)
    return float(((hits + _FEW * right.mean()) / (answers + _FEW)).min())


def _told(lesson: Lesson, trusted: Witnesses, strategy: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) whether something is told of each record, and whether that is right."""
    counted = count(lesson.ballot, _SETTINGS, FusionModel(trusted, Choice({lesson.ballot.attribute.name: strategy})))
    verdict = decide(counted, np.full(counted.spoken.shape, _SETTINGS.min_confidence), _SETTINGS)
    told = (verdict.status == DECIDED) & (verdict.first < len(lesson.ballot.options) - 1)
    return told, lesson.accepted[np.arange(len(told)), verdict.first]


def _wilson(right: NDArray[np.bool_]) -> float:
    """The lower bound of Wilson's interval of a share (Wilson, 1927)."""
    share, n = float(right.mean()), len(right)
    middle = share + _Z * _Z / (2 * n)
    spread = _Z * np.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    return float((middle - spread) / (1 + _Z * _Z / n))
