"""What the mini embedder learns to tell apart: the very questions zero-shot will ask it, and a drawing's answers to them.

What belongs here: the list of questions, labels, and the words the text tower must know. Not here: the towers and the loss.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.attributes.zero_shot import Question
from charassets.attributes.zero_shot import questions as zero_shot_questions
from charassets.studio.traits import Attributes

UNLABELED = -100  # torch's index of "teaches nothing"
# Worn or not: the vocabulary's accessories that the studio draws, with words for their absence.
_ACCESSORIES = ("Glasses", "Sunglasses", "Eyepatch", "Earrings", "Hair Ornament", "Scarf", "Mask", "Necklace", "Gloves")
# Line art has no colours, and a figure seen from behind still has a gender: that they do not show says nothing.
_COLORS = {"Hair Color", "Eye Color", "Skin Tone"}
_COUNTING_WORDS = "1girl 1boy 1other 2girls 2boys solo no humans simple white background scenery indoors"


def questions() -> tuple[Question, ...]:
    """Zero-shot's questions, and one for every accessory."""
    worn = (
        Question(name, ("absent", "worn"), ((f"no {word}", f"without {word}"), (word, f"wearing {word}")))
        for name, word in ((name, name.lower()) for name in _ACCESSORIES)
    )
    return (*zero_shot_questions(load()), *worn)


def labels(attributes: Attributes, style: str, asked: tuple[Question, ...]) -> NDArray[np.int64]:
    """Index of the right option of every question for one drawing, or ``UNLABELED``.

    Args:
        attributes: what the drawing shows.
        style: name of the hand that drew it.
        asked: the questions.
    """
    return np.array([_label(question, attributes, style != "lineart") for question in asked], np.int64)


def _label(question: Question, attributes: Attributes, colored: bool) -> int:
    if question.attribute in _ACCESSORIES:
        return int(question.attribute in attributes.get("Accessories", ()))
    value = attributes.get(question.attribute)
    if isinstance(value, str) and value in question.options:
        return question.options.index(value)
    hidden = question.attribute != "Gender" and (colored or question.attribute not in _COLORS)
    return question.options.index(UNKNOWN) if hidden and UNKNOWN in question.options else UNLABELED


def templates() -> tuple[str, ...]:
    """The vocabulary's sentence templates, each with one ``{}``."""
    return load().templates


def words() -> list[str]:
    """Every word the text tower must know, in a fixed order."""
    return sorted(set(_words()))


def _words() -> Iterator[str]:
    vocabulary = load()
    texts = [prompt for question in questions() for option in question.prompts for prompt in option]
    texts += [template.replace("{}", " ") for template in templates()]
    texts += [*vocabulary.colours, _COUNTING_WORDS]
    for attribute in vocabulary.attributes.values():
        texts += [attribute.name, *(value.name for value in attribute.values)]
    for text in texts:
        yield from text.lower().replace("-", " ").replace("'", " ").split()
