"""What the mini embedder learns to tell apart: every attribute's values, each with the words the vocabulary has for it.

What belongs here: the table of classes and prompts, and a drawing's place in it. Not here: the towers and the loss.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from charassets.attributes.vocabulary import load
from charassets.studio.traits import Attributes

NOT_VISIBLE = "Not Visible"
UNKNOWN_LABEL = -100  # torch's index of "teaches nothing"
# Worn or not: the vocabulary's accessories that the studio draws, with the words for their absence.
_ACCESSORIES = ("Glasses", "Sunglasses", "Eyepatch", "Earrings", "Hair Ornament", "Scarf", "Mask", "Necklace", "Gloves")
# Line art has no colours, and a figure seen from behind still has a gender: that they do not show says nothing.
_COLORS = {"Hair Color", "Eye Color", "Skin Tone"}


@dataclass(frozen=True)
class Question:
    """One softmax: an attribute, its answers, and the prompts of each answer."""

    attribute: str
    answers: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]

    def label(self, attributes: Attributes, *, colored: bool) -> int:
        """Index of the right answer for a drawing, or ``UNKNOWN_LABEL``."""
        worn = attributes.get("Accessories", ())
        if self.attribute in _ACCESSORIES:
            return int(self.attribute in worn)
        value = attributes.get(self.attribute)
        if isinstance(value, str) and value in self.answers:
            return self.answers.index(value)
        hidden = self.attribute != "Gender" and (colored or self.attribute not in _COLORS)
        if hidden and NOT_VISIBLE in self.answers:
            return self.answers.index(NOT_VISIBLE)
        return UNKNOWN_LABEL


def questions() -> tuple[Question, ...]:
    """All questions, from the vocabulary's zero-shot prompts; values without prompts cannot be learnt and are left out."""
    vocabulary = load()
    found = []
    for attribute in vocabulary.attributes.values():
        pairs = [(value.name, value.prompts) for value in attribute.values if value.prompts]
        if attribute.not_visible:
            pairs.append((NOT_VISIBLE, attribute.not_visible))
        if len(pairs) > 1 and not attribute.multi:
            found.append(Question(attribute.name, tuple(n for n, _ in pairs), tuple(tuple(p) for _, p in pairs)))
    for name in _ACCESSORIES:
        word = name.lower()
        found.append(Question(name, ("absent", "worn"), ((f"no {word}", f"without {word}"), (word, f"wearing {word}"))))
    return tuple(found)


def templates() -> tuple[str, ...]:
    """The vocabulary's sentence templates, each with one ``{}``."""
    return load().templates


def words() -> list[str]:
    """Every word the text tower must know, in a fixed order."""
    return sorted(set(_words()))


def _words() -> Iterator[str]:
    vocabulary = load()
    texts = [prompt for question in questions() for answer in question.prompts for prompt in answer]
    texts += [template.replace("{}", " ") for template in templates()]
    texts += list(vocabulary.colours)
    for attribute in vocabulary.attributes.values():
        texts += [attribute.name, *(value.name for value in attribute.values)]
    texts += ["1girl 1boy 1other solo 2girls 2boys no humans simple white background scenery indoors"]
    for text in texts:
        yield from text.lower().replace("-", " ").replace("'", " ").split()


def labels(attributes: Attributes, style: str, asked: tuple[Question, ...]) -> np.ndarray:
    """Labels of one drawing, ``(questions,)`` int64."""
    colored = style != "lineart"
    return np.array([question.label(attributes, colored=colored) for question in asked], np.int64)
