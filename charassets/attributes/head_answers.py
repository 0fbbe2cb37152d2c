"""Evidence of the attribute heads: what the picture of a head and a figure says, and how much that is worth.

What belongs here: probabilities to rows, on a scale that fusion can weigh as it weighs words. Not here: the model
(``charassets.models.heads``) and whether the answer is believed (``fusion``).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import HEAD, Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import UNKNOWN, Vocabulary
from charassets.models.heads import HeadQuestion, find_heads, load_heads
from charassets.settings import HeadSettings

DECISIVE = 0.5
"""Strength of an answer exactly as sure as it has to be: the default of ``attributes.min_confidence``."""

HINT = 0.2
"""Most strength of an answer to a question the heads are known to be weak at: it colours a doubt, and never decides."""

FLOOR = 0.05
"""Answers below this strength are not kept."""

_DECIMALS = 3  # two runs of one network on different machines agree so far


class HeadSource:
    """Asks the attribute heads about crops; see ``EvidenceSource``."""

    source = HEAD
    needs_pixels = True

    def __init__(self, settings: HeadSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None: the thresholds lie with the weights."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """The heads' files."""
        return {f"heads/{name}": digest for name, digest in find_heads(self._settings).files.items()}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of every crop."""
        told: list[list[Evidence]] = [[] for _ in subjects]
        shown = [(k, s.pixels, s.head) for k, s in enumerate(subjects) if s.pixels is not None]
        heads = load_heads(self._settings, self._device)
        chances = heads.read([pixels for _, pixels, _ in shown], [head for _, _, head in shown])
        answered = answers(heads.name, heads.questions, chances, self._vocabulary)
        for (k, _, _), rows in zip(shown, answered, strict=True):
            told[k] = rows
        return told


def strength(probability: float, question: HeadQuestion) -> float:
    """What an answer is worth: ``DECISIVE`` at the question's least confidence, 1 at certainty, in straight lines between.

    The least confidence was chosen on real art (``charassets.training.thresholds``), so that equal strengths of different
    attributes mean about the same, however sure the network is of itself.
    """
    least = question.min_confidence
    if least is None:
        return HINT * probability
    if probability < least:
        return DECISIVE * probability / least
    return DECISIVE + (1.0 - DECISIVE) * (probability - least) / (1.0 - least)


def answers(
    model: str,
    questions: Sequence[HeadQuestion],
    probabilities: Mapping[str, NDArray[np.float32]],
    vocabulary: Vocabulary,
) -> list[list[Evidence]]:
    """Evidence for each picture: the best answer to every question, if it says anything.

    The runner-up is left out: it is no second witness, only the first one's doubt, which its probability tells already.

    Args:
        model: name of the heads, for the detail.
        questions: what was asked.
        probabilities: for each question's name (n, options), rows summing to 1.
        vocabulary: what may be said; an option it does not know (``None`` where nothing is worn) gives no row.
    """
    rows = len(next(iter(probabilities.values()), ()))
    found: list[list[Evidence]] = [[] for _ in range(rows)]
    for question in questions:
        attribute = vocabulary.attributes[question.attribute]
        sayable = {value.name for value in attribute.values} | {UNKNOWN}
        for evidence, chances in zip(found, probabilities[question.name], strict=True):
            best = int(chances.argmax())
            chance = round(float(chances[best]), _DECIMALS)
            worth = round(strength(chance, question), _DECIMALS)
            if question.options[best] in sayable and worth >= FLOOR:
                told = f"{model} {chance:.2f}, {_needed(question)}"
                evidence.append(Evidence(question.attribute, question.options[best], worth, HEAD, told))
    return found


def _needed(question: HeadQuestion) -> str:
    return "a hint only" if question.min_confidence is None else f"decides from {question.min_confidence:.2f}"
