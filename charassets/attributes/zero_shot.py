"""Zero-shot answers: the picture's embedding against the prompts of each attribute's values.

What belongs here: prompts to vectors, the softmax within one attribute, the rows worth keeping. Not here: the model (an
``Embedder``) and whether the answer is believed (``fusion``).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import UNKNOWN, Attribute, Vocabulary
from charassets.errors import CharassetsError
from charassets.models.protocols import Embedder
from charassets.models.registry import load_embedder
from charassets.models.weights import find_embedder
from charassets.settings import EmbedderSettings

_LOG = logging.getLogger(__name__)

TOP = 3
"""Answers kept of each attribute: the winner, its rival, and one more for whoever recalibrates."""

FLOOR = 0.05
"""Answers below this probability are not kept: they decide nothing and would be most of the table."""

_DECIMALS = 4  # as many as a threshold is ever set to


@dataclass(frozen=True)
class Question:
    """One attribute as a choice: its options, each with its prompts; ``Unknown`` is the option "cannot be seen"."""

    attribute: str
    options: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ZeroShot:
    """The questions with their options as vectors.

    Attributes:
        questions: attributes a picture is asked about.
        vectors: (options of all questions, dim) float32, unit norm, in the order of the questions.
        scale: what a cosine is multiplied by before the softmax.
        model: name of the model, for the detail.
    """

    questions: tuple[Question, ...]
    vectors: NDArray[np.float32]
    scale: float
    model: str

    def answers(self, pictures: NDArray[np.floating]) -> list[list[Evidence]]:
        """Evidence for each picture: at most ``TOP`` answers an attribute, best first.

        Args:
            pictures: (n, dim) unit-norm embeddings of the same model.
        """
        # In float32 the last digits depend on how many pictures are multiplied at once.
        logits = self.scale * (pictures.astype(np.float64) @ self.vectors.T.astype(np.float64))
        found: list[list[Evidence]] = [[] for _ in pictures]
        first = 0
        for question in self.questions:
            last = first + len(question.options)
            chances = _softmax(logits[:, first:last])
            for rows, chance in zip(found, chances, strict=True):
                rows.extend(self._kept(question, chance))
            first = last
        return found

    def _kept(self, question: Question, chances: NDArray[np.float64]) -> list[Evidence]:
        best = np.argsort(-chances, kind="stable")[:TOP]
        detail = f"{self.model}, one of {len(question.options)} answers"
        return [
            Evidence(question.attribute, question.options[i], round(float(chances[i]), _DECIMALS), "clip", detail)
            for i in best
            if chances[i] >= FLOOR
        ]


class ZeroShotSource:
    """Asks the embedder's text tower about stored embeddings; see ``EvidenceSource``. Silent where there is no text tower."""

    source = "clip"
    needs_pixels = False

    def __init__(self, settings: EmbedderSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None but the vocabulary's prompts, which the stage reads."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """The embedder's files."""
        return find_embedder(self._settings).files

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of every embedding.

        Raises:
            CharassetsError: the embeddings are those of another model.
        """
        told: list[list[Evidence]] = [[] for _ in subjects]
        embedder = load_embedder(self._settings, self._device)
        if not embedder.reads_text:
            _LOG.warning("%s reads no text: pictures give no zero-shot evidence", embedder.name)
            return told
        zero_shot = prepare(embedder, self._vocabulary)
        shown = [(k, subject.embedding) for k, subject in enumerate(subjects) if subject.embedding is not None]
        lengths = {len(vector) for _, vector in shown}
        if lengths - {zero_shot.vectors.shape[1]}:
            raise CharassetsError(
                f"embeddings of length {sorted(lengths)} do not fit {embedder.name}, which has {embedder.dim}",
                where="clip_embeddings",
                todo="materialize clip_embeddings with the same embedder",
            )
        if shown:
            answered = zero_shot.answers(np.stack([vector for _, vector in shown]))
            for (k, _), rows in zip(shown, answered, strict=True):
                told[k] = rows
        return told


def questions(vocabulary: Vocabulary) -> tuple[Question, ...]:
    """The attributes whose values have prompts, and two options at least. Of multi-valued ones a softmax knows nothing."""
    asked = (_question(attribute) for attribute in vocabulary.attributes.values() if not attribute.multi)
    return tuple(q for q in asked if len(q.options) > 1)


@lru_cache(maxsize=1)  # the prompts of a run are embedded once, not once a shard
def prepare(embedder: Embedder, vocabulary: Vocabulary) -> ZeroShot:
    """Embed the prompts: the mean over templates and prompts of an option, normalised again.

    Averaging in embedding space is CLIP's prompt ensembling (Radford et al. 2021, section 3.1.4). The options of one
    attribute share the softmax, so that an attribute's answers are compared with each other and with nothing else.

    Raises:
        UsageError: the embedder reads no text.
    """
    asked = questions(vocabulary)
    options = [prompts for question in asked for prompts in question.prompts]
    texts = [t.format(prompt) for prompts in options for prompt in prompts for t in vocabulary.templates]
    embedded = np.asarray(embedder.embed_texts(texts), np.float32)
    vectors: list[NDArray[np.float32]] = []
    first = 0
    for prompts in options:
        last = first + len(prompts) * len(vocabulary.templates)
        mean = embedded[first:last].mean(axis=0)
        vectors.append(mean / np.linalg.norm(mean))
        first = last
    return ZeroShot(asked, np.stack(vectors), embedder.logit_scale, embedder.name)


def _question(attribute: Attribute) -> Question:
    options = [(v.name, v.prompts) for v in attribute.values if v.prompts]
    if options and attribute.not_visible:
        options.append((UNKNOWN, attribute.not_visible))
    return Question(attribute.name, tuple(name for name, _ in options), tuple(prompts for _, prompts in options))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
