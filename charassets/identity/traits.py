"""Stable attributes as evidence of who somebody is: a profile a character, and what an answer speaks for or against it.

What belongs here: encoding answers, profiles, and their log-odds. Not here: how attributes are decided (``charassets.attributes``).

An answer of value v with confidence p speaks for character c by ``log(p P(v|c) / P(v) + 1 - p)``: with certainty by the ratio of
how often c's references and everybody's show v, with none by nothing. P(v|c) is smoothed towards P(v), so that a profile of few
references claims little, and a trait that changes from reference to reference (clothes, as a rule) speaks softly by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.fusion import DECIDED
from charassets.attributes.vocabulary import UNKNOWN, load

TRAITS = (
    "Gender",
    "Age",
    "Hair Color",
    "Hair Length",
    "Hair Style",
    "Eye Color",
    "Skin Tone",
    "Facial Hair",
    "Headwear",
    "Body Type",
    "Dress",
    "Scars",
)
"""Attributes that a character keeps from picture to picture more often than not; moods and accessories are left out."""

_BELIEF = 1.0
"""References' worth of everybody's profile mixed into each character's: one answer moves it half way."""

_LEAST = 0.02
"""Least share of a value in everybody's profile: one reference with a rare value is no certainty."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What is known of the traits of n pictures.

    Attributes:
        value: int16, shape (n, traits): place of the value in ``options``; -1 where nothing was decided.
        confidence: float32, shape (n, traits), 0-1.
    """

    value: NDArray[np.int16]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        """Pictures."""
        return len(self.value)

    def take(self, places: NDArray[np.integer]) -> "Answers":
        """Those of some pictures, by place."""
        return Answers(self.value[places], self.confidence[places])


@dataclass(frozen=True, eq=False)
class Profiles:
    """What the references of every character show, and everybody's.

    Attributes:
        counts: for every trait float32, shape (characters, options): how much the references speak for each value.
        total: for every trait float32, shape (characters,): their sums.
        everybody: for every trait float32, shape (options,): mean shares over the characters.
    """

    counts: tuple[NDArray[np.float32], ...]
    total: tuple[NDArray[np.float32], ...]
    everybody: tuple[NDArray[np.float32], ...]


@cache
def options() -> tuple[tuple[str, ...], ...]:
    """The values of every trait, in the vocabulary's order."""
    attributes = load().attributes
    return tuple(tuple(value.name for value in attributes[trait].values) for trait in TRAITS)


@cache
def _places() -> tuple[dict[str, int], ...]:
    return tuple({value: place for place, value in enumerate(values)} for values in options())


def none_of(n: int) -> Answers:
    """Answers that say nothing."""
    return Answers(np.full((n, len(TRAITS)), -1, np.int16), np.zeros((n, len(TRAITS)), np.float32))


def encoded(rows: Iterable[tuple[str, str, str, float, str]], records: Sequence[str]) -> Answers:
    """Rows of ``character_attributes`` as arrays.

    Args:
        rows: record, attribute, value, confidence and status; other records and attributes are passed over.
        records: the n records asked about, each once.
    """
    found = none_of(len(records))
    place = {record: i for i, record in enumerate(records)}
    column = {trait: k for k, trait in enumerate(TRAITS)}
    for record, attribute, value, confidence, status in rows:
        i, k = place.get(record), column.get(attribute)
        if i is None or k is None or status != DECIDED or value == UNKNOWN:
            continue
        found.value[i, k] = _places()[k].get(value, -1)
        found.confidence[i, k] = confidence
    return found


def from_mapping(told: Sequence[Mapping[str, float]]) -> Answers:
    """Answers from ``{"Hair Color=Blonde": 0.9}``, as references keep them; values of another vocabulary are passed over."""
    found = none_of(len(told))
    for i, answers in enumerate(told):
        for name, confidence in answers.items():
            trait, _, value = name.partition("=")
            k = TRAITS.index(trait) if trait in TRAITS else -1
            if k >= 0 and (place := _places()[k].get(value, -1)) >= 0:
                found.value[i, k], found.confidence[i, k] = place, confidence
    return found


def to_mapping(answers: Answers) -> list[dict[str, float]]:
    """The other way round."""
    return [
        {
            f"{TRAITS[k]}={options()[k][value]}": round(float(answers.confidence[i, k]), 3)
            for k, value in enumerate(answers.value[i])
            if value >= 0
        }
        for i in range(len(answers))
    ]


def profiles(answers: Answers, owner: NDArray[np.integer], characters: int) -> Profiles:
    """Profiles from references; a character without answers is everybody.

    Args:
        answers: of n references.
        owner: shape (n,): whose each is; -1 for a stranger, who counts for nobody.
        characters: how many there are.
    """
    counts, totals, everybody = [], [], []
    for k, values in enumerate(options()):
        table = np.zeros((characters, len(values)), np.float32)
        said = (answers.value[:, k] >= 0) & (owner >= 0)
        np.add.at(table, (owner[said], answers.value[said, k]), answers.confidence[said, k])
        total = table.sum(axis=1)
        shares = np.divide(table, total[:, None], out=np.zeros_like(table), where=total[:, None] > 0)
        mean = np.maximum(shares.sum(axis=0) / max(1.0, float((total > 0).sum())), _LEAST)
        counts.append(table)
        totals.append(total)
        everybody.append((mean / mean.sum()).astype(np.float32))
    return Profiles(tuple(counts), tuple(totals), tuple(everybody))


def support(
    answers: Answers, of: Profiles, characters: NDArray[np.integer], own: NDArray[np.integer] | None = None
) -> NDArray[np.float32]:
    """What the traits of each picture say of its candidates, in natural log-odds.

    Args:
        answers: n pictures.
        of: the profiles.
        characters: shape (n, m): candidates of each picture; -1 for none.
        own: shape (n,): where the pictures are references themselves, whose: they are left out of their own profile.

    Returns:
        Shape (n, m) float32; 0 where nothing is known.
    """
    total = np.zeros(characters.shape, np.float32)
    for k, (counts, totals, everybody) in enumerate(zip(of.counts, of.total, of.everybody, strict=True)):
        said = np.flatnonzero(answers.value[:, k] >= 0)
        if not len(said) or not len(counts):
            continue
        value, sure, who = answers.value[said, k, None], answers.confidence[said, k, None], characters[said]
        itself = np.zeros_like(sure) if own is None else sure * (who == own[said, None])
        share = (counts[who, value] - itself + _BELIEF * everybody[value]) / (totals[who] - itself + _BELIEF)
        total[said] += np.log(sure * share / everybody[value] + 1 - sure)
    total[characters < 0] = 0
    return total
