"""What a collection learns from itself, and whether it is better than what is in force: one function an artefact.

What belongs here: candidates, the comparison on records that were not learnt from, promotion. Not here: Dagster, the fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.calibration import Bin, Calibrated, Calibration
from charassets.attributes.choice import Choice
from charassets.attributes.evidence import WORDS
from charassets.attributes.fusion import FusionModel, count
from charassets.attributes.fusion_files import CALIBRATION, POLICY, calibration_json, in_force, policy_json, written
from charassets.attributes.stacking import Stack
from charassets.attributes.witnesses import Witnesses
from charassets.lake import artefacts
from charassets.lake.fragments import Lake
from charassets.settings import Settings
from charassets.training import fusion_contest as contest
from charassets.training import fusion_fits as fits
from charassets.training.bandit import Bandit
from charassets.training.fusion_contest import FIXED, LEARNT, STACKED
from charassets.training.fusion_lessons import Lesson
from charassets.training.held_back import held_back, reviewed

_SEED = 11
_CLIP = 1e-6


@dataclass(frozen=True)
class Learned:
    """What became of a candidate.

    Attributes:
        artefact: its name.
        promoted: it was better, and is in force.
        why: in words.
        gain: its score over the one in force with a 95 % interval; None where nothing could be learnt.
        digest: of the version in force now.
        figures: for people.
        reliability: of a calibration, attribute to its reliability diagram on unseen records.
    """

    artefact: str
    promoted: bool
    why: str
    gain: contest.Interval | None
    digest: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    reliability: Mapping[str, Sequence[Bin]] = field(default_factory=dict)


def learn_policy(lake: Lake, settings: Settings) -> Learned:
    """Teach the choice of strategies by held-back tags and reviews, and stacking by held-back tags.

    The better of the two is promoted if it earns more than the choice in force. Of two candidates the luckier one is looked at, so
    the interval of its gain is one of 97.5 % (Bonferroni).
    """
    now = in_force(lake.store)
    lessons = held_back(lake, clip=settings.attributes.clip_weight > 0)
    if not lessons:
        return Learned(POLICY, False, "too few tagged pictures to learn from", None, now.digests[POLICY])
    seen, unseen = contest.parts(lessons, _SEED)
    trusted, before = now.model.witnesses, now.model.choice
    known = {a: Bandit.from_json(state) for a, state in now.contents[POLICY]["bandits"].items()}
    taught, reviews = reviewed(lake, _taught(known, seen, trusted), trusted)
    candidates = {
        LEARNT: Choice(learnt={name: bandit.coefficients for name, bandit in taught.items()}),
        STACKED: Choice(before.fixed, before.learnt, {**before.stacked, **_stacks(seen, trusted)}),
    }
    fixed = Choice({**before.fixed, **fits.best_fixed(fits.rewarded(seen, trusted))})
    earned = {
        name: _earned(unseen, FusionModel(trusted, choice, now.model.calibration))
        for name, choice in {"in force": before, FIXED: fixed, **candidates}.items()
    }
    means = {name: float(np.concatenate(list(r.values())).mean()) for name, r in earned.items()}
    best = max(candidates, key=means.__getitem__)
    gain = _gain(earned[best], earned["in force"], level=1 - 0.05 / len(candidates))
    figures: dict[str, Any] = {f"reward/{name}": round(mean, 5) for name, mean in means.items()}
    figures |= {
        "reviews": reviews.reviews,
        "reviews_agreed": reviews.agreed,
        "records": _records(lessons),
        "best": best,
    }
    if gain.low <= 0:
        why = f"{best} is not better than the choice in force on tags it had not seen"
        return Learned(POLICY, False, why, gain, now.digests[POLICY], figures)
    content = policy_json(candidates[best], {name: bandit.to_json() for name, bandit in taught.items()}, figures)
    made = artefacts.promote(lake.store, POLICY, written(content), figures)
    return Learned(POLICY, True, f"{best} is better than the choice in force", gain, made.digest, figures)


def _stacks(seen: Mapping[str, Lesson], trusted: Witnesses) -> dict[str, Stack]:
    """Gains for pictures that no words describe: held-back tags teach nothing of the others."""
    silent = {
        name: lesson.take(np.flatnonzero(lesson.ballot.word_scores.max(axis=1) <= 0)) for name, lesson in seen.items()
    }
    fitted = fits.stacks({name: lesson for name, lesson in silent.items() if len(lesson.groups)}, trusted)
    return {name: replace(stack, words=False) for name, stack in fitted.items()}


def learn_calibration(lake: Lake, settings: Settings) -> Learned:
    """Fit the picture's sources and the confidence where words are silent; promoted if unseen answers are likelier by it."""
    now = in_force(lake.store)
    lessons = held_back(lake, clip=settings.attributes.clip_weight > 0)
    if not lessons:
        return Learned(CALIBRATION, False, "too few tagged pictures to learn from", None, now.digests[CALIBRATION])
    seen, unseen = contest.parts(lessons, _SEED)
    trusted = _with_pictures(now.model.witnesses, fits.witnesses(seen))
    fresh = fits.calibrated(seen, trusted, now.model.choice, _SEED)
    before = now.model.calibration.attributes
    known = Calibration(
        {
            **before,
            **{a: Calibrated(before.get(a, Calibrated()).worded, c.silent) for a, c in fresh.attributes.items()},
        }
    )
    candidate = FusionModel(trusted, now.model.choice, known)
    likelier = {a: (_likelihood(x, candidate), _likelihood(x, now.model)) for a, x in unseen.items()}
    gain = _gain({a: pair[0] for a, pair in likelier.items()}, {a: pair[1] for a, pair in likelier.items()})
    figures = {
        **_errors(unseen, candidate, "ece"),
        **_errors(unseen, now.model, "ece_before"),
        "records": _records(lessons),
    }
    if gain.low <= 0:
        why = "unseen answers are no likelier by it"
        diagrams = _diagrams(unseen, now.model)
        return Learned(CALIBRATION, False, why, gain, now.digests[CALIBRATION], figures, diagrams)
    content = calibration_json(trusted, known, figures)
    made = artefacts.promote(lake.store, CALIBRATION, written(content), figures)
    why = "unseen answers are likelier by it"
    return Learned(CALIBRATION, True, why, gain, made.digest, figures, _diagrams(unseen, candidate))


def _taught(known: Mapping[str, Bandit], seen: Mapping[str, Lesson], trusted: Witnesses) -> dict[str, Bandit]:
    """The bandits in force, taught further: what they know of pictures with words is not lost."""
    after = dict(known)
    for name, lesson in seen.items():
        contexts = fits.features(fits.weighed(lesson, trusted))
        after[name] = after.get(name, Bandit.fresh()).taught(contexts, fits.all_rewards(lesson, trusted))
    return after


def _with_pictures(known: Witnesses, fresh: Witnesses) -> Witnesses:
    """Curves of words as they were: held-back tags say nothing about them."""
    merged = {a: dict(curves) for a, curves in known.fitted.items()}
    for attribute, curves in fresh.fitted.items():
        pictures = {source: curve for source, curve in curves.items() if source not in WORDS}
        merged[attribute] = {**merged.get(attribute, {}), **pictures}
    return Witnesses(merged)


def _earned(lessons: Mapping[str, Lesson], model: FusionModel) -> dict[str, NDArray[np.float64]]:
    return {name: fits.earned(lesson, model) for name, lesson in lessons.items()}


def _likelihood(lesson: Lesson, model: FusionModel) -> NDArray[np.float64]:
    """(n,) log likelihood of the answers being right or wrong as they turned out; 0 where nothing could be told."""
    counted = count(lesson.ballot, fits.SETTINGS, model)
    told = fits.answered(counted, lesson)
    confidence = np.clip(counted.confidence[told.rows, told.options], _CLIP, 1 - _CLIP)
    likely = np.log(np.where(told.right, confidence, 1 - confidence))
    return np.bincount(told.rows, likely, minlength=len(lesson.groups)).astype(np.float64)


def _errors(lessons: Mapping[str, Lesson], model: FusionModel, key: str) -> dict[str, float]:
    return {f"{key}/{name}": round(fits.calibration_error(lesson, model), 4) for name, lesson in lessons.items()}


def _diagrams(lessons: Mapping[str, Lesson], model: FusionModel) -> dict[str, list[Bin]]:
    found = {name: fits.diagram(lesson, model) for name, lesson in lessons.items()}
    return {name: bins for name, bins in found.items() if bins}


def _gain(
    better: Mapping[str, NDArray[np.float64]], worse: Mapping[str, NDArray[np.float64]], level: float = 0.95
) -> contest.Interval:
    ours, theirs = (np.concatenate([of[name] for name in better]) for of in (better, worse))
    records = np.concatenate([np.arange(len(better[name])) for name in better])
    return contest.gain(ours, theirs, records, level=level)


def _records(lessons: Mapping[str, Lesson]) -> int:
    return max(len(lesson.groups) for lesson in lessons.values())
