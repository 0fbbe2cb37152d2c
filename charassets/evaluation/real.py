"""Real art that nothing was trained on: fused beside each source alone and beside the commonest answer.

What belongs here: the comparison on the sets of ``shared/data``, pictures alone. Not here: reading those sets, choosing limits on
them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from charassets.attributes.fusion import DECIDED, FusionModel, count, decide
from charassets.attributes.witnesses import ZERO_SHOT
from charassets.settings import AttributeSettings
from charassets.training import fusion_fits as fits
from charassets.training import fusion_proof as proof
from charassets.training.fusion_lessons import Lesson


@dataclass(frozen=True)
class OnSet:
    """One attribute on one set, where it can be seen.

    Attributes:
        set: artist's style. attribute: attribute of the vocabulary. n: pictures judged that show it.
        precision: right answers among those told, None where none was. coverage: share of pictures that get an answer.
        forced: the best candidate is right, told or not. alone: source to how often its best answer is right, silence being wrong.
        majority: share of the commonest right answer.
    """

    set: str
    attribute: str
    n: int
    precision: float | None
    coverage: float
    forced: float
    alone: Mapping[str, float]
    majority: float


def on_sets(
    real: Mapping[str, Mapping[str, Lesson]], model: FusionModel, settings: AttributeSettings, least: int = 20
) -> Iterator[OnSet]:
    """Measure every attribute that at least ``least`` pictures of a set show."""
    for name, lessons in real.items():
        for attribute, lesson in lessons.items():
            shown = np.flatnonzero((lesson.accepted[:, :-1].sum(axis=1) > 0) & ~lesson.accepted[:, -1])
            if len(shown) >= least and not lesson.ballot.attribute.multi:
                yield _measured(name, attribute, lesson.take(shown), model, settings)


def by_other_sets(
    real: Mapping[str, Mapping[str, Lesson]], drawn: Mapping[str, Lesson], attribute: str
) -> dict[str, tuple[float | None, float]]:
    """Share right and coverage of every set under limits chosen on the others, with curves fitted on drawings: how it transfers."""
    known = {attribute: drawn[attribute].of_sources(lambda source: source != ZERO_SHOT)}
    fitted = fits.witnesses(known)
    return {name: (right, share) for name, right, share in proof.left_out(fitted, real, known, attribute)}


def _measured(name: str, attribute: str, lesson: Lesson, model: FusionModel, settings: AttributeSettings) -> OnSet:
    counted = count(lesson.ballot, settings, model)
    least = model.calibration.thresholds(attribute, settings.min_confidence, settings.promise, counted.spoken)
    verdict = decide(counted, least, settings)
    told = (verdict.status == DECIDED) & (verdict.first < len(lesson.ballot.options) - 1)
    everyone = np.arange(len(told))
    right = lesson.accepted[everyone, verdict.first]
    best = counted.raw[:, :-1].argmax(axis=1)
    spoken = counted.weighed.chances[:, :-1].max(axis=(1, 2), initial=0.0) > 0
    alone = {}
    for k, source in enumerate(lesson.ballot.sources):
        scores = lesson.ballot.scores[:, :-1, k]
        hit = lesson.accepted[everyone, scores.argmax(axis=1)] & (scores.max(axis=1) > 0)
        alone[source] = float(hit.mean())
    return OnSet(
        set=name,
        attribute=attribute,
        n=len(told),
        precision=float(right[told].mean()) if told.any() else None,
        coverage=float(told.mean()),
        forced=float((lesson.accepted[everyone, best] & spoken).mean()),
        alone=alone,
        majority=float(lesson.accepted[:, :-1].mean(axis=0).max()),
    )
