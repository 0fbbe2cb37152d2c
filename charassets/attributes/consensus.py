"""Consensus: what the pictures of one character agree on, and which of them disagree and probably why.

What belongs here: the vote and the likely reasons, over arrays. Not here: which pictures show one character, reading tables.

Nothing here changes an answer: a consensus stands beside the answers, and a person or an export decides what to make of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STABLE = ("Gender", "Hair Color", "Eye Color", "Age", "Scars")
"""Traits that a character keeps from picture to picture."""

MIN_VOTERS = 3
"""Answers below which a majority means nothing: two against none may both be the same tagger's error."""

MIN_SHARE = 0.7
"""Share of the weighed votes from which a majority is strong."""

_CREDIBLE = (0.05, 0.98)  # no single picture outweighs all the others

SHORT_OF = 0.5
"""Membership below which a picture that disagrees is probably of somebody else."""

NEIGHBOURS: Mapping[str, tuple[frozenset[str], ...]] = {"Age": (frozenset({"Teen", "Young Adult"}),)}
"""Values that people do not tell apart from drawing to drawing: no disagreement between them."""

AGREES, FILLS, DIFFERS, HIDDEN = "agrees", "fills", "differs", "hidden"

REASONS = {
    "closed_eyes": "words say that the eyes cannot be seen, yet a colour was told",
    "other_person": "it disagrees on several traits, or belongs to the character only weakly",
    "costume": "it is tagged as a costume, which may hide or change the trait",
    "tag_error": "only words say so, and nothing in the picture supports them",
    "misread_picture": "only the picture says so, and words do not contradict the others",
    "unclear": "words and picture both say so",
}
"""Why a picture may disagree with the others of its character; the first that fits, in this order."""


@dataclass(frozen=True, eq=False)
class Votes:
    """The vote of every character on one trait.

    Attributes:
        winner: (characters,) option with the most weight; -1 without a strong majority.
        share: (characters,) its share of the weights.
        voters: (characters,) answers counted.
    """

    winner: NDArray[np.int64]
    share: NDArray[np.float64]
    voters: NDArray[np.int64]


@dataclass(frozen=True)
class Dissent:
    """What is known of one picture that disagrees.

    Attributes:
        attribute: the trait.
        disagreements: traits on which the picture disagrees in all.
        membership: how surely it belongs to the character, 0-1.
        words: words support its answer. picture: the picture does.
        costume: it is dressed in a costume.
        hidden: words say that the trait cannot be seen.
    """

    attribute: str
    disagreements: int
    membership: float
    words: bool
    picture: bool
    costume: bool
    hidden: bool


def vote(
    character: NDArray[np.int64], option: NDArray[np.int64], weight: NDArray[np.float64], shape: tuple[int, int]
) -> Votes:
    """Count the decided answers of every character, each with its confidence.

    Args:
        character: (n,) whose picture it is.
        option: (n,) the answer.
        weight: (n,) its confidence.
        shape: how many characters and options there are.
    """
    weights, counts = np.zeros(shape), np.zeros(shape, np.int64)
    np.add.at(weights, (character, option), weight)
    np.add.at(counts, (character, option), 1)
    total = weights.sum(axis=1)
    share = np.divide(weights.max(axis=1), total, out=np.zeros_like(total), where=total > 0)
    voters = counts.sum(axis=1)
    strong = (voters >= MIN_VOTERS) & (share >= MIN_SHARE)
    return Votes(np.where(strong, weights.argmax(axis=1), -1), share, voters)


def likelihood_of(option: NDArray[np.int64], confidence: NDArray[np.float64], options: int) -> NDArray[np.float64]:
    """(n, options) log likelihood of every value given an answer: right with its confidence, else any other value.

    Args:
        option: (n,) the answers; -1 where there is none, which says nothing.
        confidence: (n,) their confidences.
        options: how many values there are.
    """
    told = option >= 0
    sure = np.clip(confidence, *_CREDIBLE)
    found = np.repeat(np.where(told, np.log((1 - sure) / max(1, options - 1)), 0.0)[:, None], options, axis=1)
    found[np.flatnonzero(told), option[told]] = np.log(sure[told])
    return found


def chances_among_others(
    character: NDArray[np.int64], answers: NDArray[np.float64], own: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, options) chance of every value of a stable trait of each picture, by Bayes' rule over independent witnesses.

    The witnesses are the answers about the character's other pictures and what is known of this one: nobody vouches for himself.

    Args:
        character: (n,) whose picture it is.
        answers: (n, options) ``likelihood_of`` of the answer about each picture.
        own: (n, options) log likelihood that is weighed of the picture itself.
    """
    together = np.zeros((int(character.max(initial=-1)) + 1, answers.shape[1]))
    np.add.at(together, character, answers)
    total = together[character] - answers + own
    powers = np.exp(total - total.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def alike(attribute: str, left: str, right: str) -> bool:
    """Whether two values are no disagreement."""
    return left == right or any({left, right} <= group for group in NEIGHBOURS.get(attribute, ()))


def reason(dissent: Dissent) -> str:
    """The likely reason of a disagreement, a key of ``REASONS``."""
    if dissent.hidden and dissent.attribute == "Eye Color":
        return "closed_eyes"
    if dissent.disagreements > 1 or dissent.membership < SHORT_OF:
        return "other_person"
    if dissent.costume:
        return "costume"
    if dissent.words and not dissent.picture:
        return "tag_error"
    return "unclear" if dissent.words else "misread_picture"
