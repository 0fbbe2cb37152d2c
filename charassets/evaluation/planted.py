"""Planted tag errors of stable traits: how many of them are found, and how many alarms are false.

What belongs here: three ways to find them, on identities that nothing was fitted on. Not here: planting
(``charassets.studio.mistagging``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import consensus
from charassets.attributes.fusion import DECIDED, Counted, FusionModel, Verdict, count, decide
from charassets.attributes.strategies import pooled
from charassets.attributes.witnesses import ZERO_SHOT
from charassets.studio.mistagging import Mistagged
from charassets.training import fusion_fits as fits
from charassets.training.fusion_lessons import Lesson

ALONE, VOTE, OTHERS = (
    "fusion overrules or doubts the tag",
    "the character's vote",
    "the character's other pictures and this one's own pixels",
)

_LIKELY = 0.5  # chance of being wrong from which a tag is flagged
_FAINT = 0.002  # least chance that pixels leave to a value


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


class Part(Protocol):
    """Unseen records and the model that judges them."""

    @property
    def unseen(self) -> Mapping[str, Lesson]:
        """Attribute to lesson, all sources."""
        ...

    @property
    def model(self) -> FusionModel:
        """Fitted on other identities."""
        ...

    @property
    def rows(self) -> Mapping[str, NDArray[np.int64]]:
        """Attribute to the place of each record in the lines."""
        ...


def planted_errors(parts: Sequence[Part], lines: Sequence[Mistagged]) -> Iterator[Found]:
    """Every way over all parts."""
    totals = {way: np.zeros(3, np.int64) for way in (ALONE, VOTE, OTHERS)}
    for part in parts:
        for name in consensus.STABLE:
            if name not in part.unseen:
                continue
            lesson = part.unseen[name].of_sources(lambda source: source != ZERO_SHOT)
            plain = lesson.ballot.plain.sum(axis=1) > 0
            planted = np.array([name in lines[int(k)].wrong for k in part.rows[name]], np.bool_) & plain
            for way, flagged in _flagged(lesson, part.model).items():
                found = flagged & plain
                totals[way] += [planted.sum(), found.sum(), (planted & found).sum()]
    for way, (planted, flagged, hit) in totals.items():
        yield Found(way, int(planted), int(flagged), int(hit))


def _flagged(lesson: Lesson, model: FusionModel) -> dict[str, NDArray[np.bool_]]:
    counted = count(lesson.ballot, fits.SETTINGS, model)
    verdict = decide(counted, np.full(counted.spoken.shape, fits.SETTINGS.min_confidence), fits.SETTINGS)
    said = lesson.ballot.word_scores[:, :-1].argmax(axis=1)
    decided = (verdict.status == DECIDED) & (verdict.first < len(lesson.ballot.options) - 1)
    return {
        ALONE: ~verdict.held[np.arange(len(said)), said] | (verdict.status != DECIDED),
        VOTE: _outvoted(lesson, said, decided, verdict),
        OTHERS: _unlikely(lesson, said, np.where(decided, verdict.first, -1), counted),
    }


def _outvoted(
    lesson: Lesson, said: NDArray[np.int64], decided: NDArray[np.bool_], verdict: Verdict
) -> NDArray[np.bool_]:
    """Whether the answers about the character's pictures outvote the tag."""
    rows = np.flatnonzero(decided)
    _, character = np.unique(lesson.groups, return_inverse=True)
    shape = (int(character.max()) + 1, len(lesson.ballot.options))
    votes = consensus.vote(character[rows], verdict.first[rows], verdict.confidence[rows], shape)
    return ~_alike(lesson, votes.winner[character], said) & (votes.winner[character] >= 0)


def _unlikely(
    lesson: Lesson, said: NDArray[np.int64], answer: NDArray[np.int64], counted: Counted
) -> NDArray[np.bool_]:
    """Whether the tag is probably wrong in sight of the character's other pictures and this one's pixels."""
    ballot, options = lesson.ballot, len(lesson.ballot.options) - 1
    everyone = np.arange(len(said))
    words = counted.weighed.chances[everyone, said][:, ballot.of_words].max(axis=1, initial=0.0)
    pixels = pooled(counted.weighed, ~ballot.of_words)[:, :-1]
    shown = counted.weighed.chances[:, :-1, ~ballot.of_words].max(axis=(1, 2), initial=0.0) > 0
    seen = np.log(np.maximum(pixels / np.maximum(pixels.sum(axis=1, keepdims=True), _FAINT), _FAINT))
    own = consensus.likelihood_of(said, words, options) + np.where(shown[:, None], seen, 0.0)
    confidence = counted.confidence[everyone, np.maximum(answer, 0)]
    _, character = np.unique(lesson.groups, return_inverse=True)
    chances = consensus.chances_among_others(character, consensus.likelihood_of(answer, confidence, options), own)
    names = ballot.options
    alike = np.array([[consensus.alike(ballot.attribute.name, a, b) for b in names[:-1]] for a in names[:-1]], np.bool_)
    return (chances * alike[said]).sum(axis=1) < 1 - _LIKELY


def _alike(lesson: Lesson, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
    name, names = lesson.ballot.attribute.name, lesson.ballot.options
    return np.array([consensus.alike(name, names[a], names[b]) for a, b in zip(left, right, strict=True)], np.bool_)
