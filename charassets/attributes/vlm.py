"""A vision-language model's answers: one of the vocabulary's values to each question, or that it cannot be seen.

What belongs here: questions and rows. Not here: the model (``charassets.models.vlm``).
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.text_llm import check_attributes
from charassets.attributes.vocabulary import UNKNOWN, Vocabulary
from charassets.models.vlm import VisionLanguageModel, find_vlm, load_vlm
from charassets.settings import VlmSettings

_ASKED = "What is the {} of the drawn character? Answer with one of: {}."
_DECIMALS = 3


class VlmSource:
    """Asks a vision-language model about crops; see ``EvidenceSource``."""

    source = "vlm"
    needs_pixels = True

    def __init__(self, settings: VlmSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary
        check_attributes("vlm", settings.attributes, vocabulary)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """What is asked."""
        return {"attributes": list(self._settings.attributes)}

    def weights(self) -> Mapping[str, str]:
        """The model's files."""
        return {f"vlm/{name}": digest for name, digest in find_vlm(self._settings).files.items()}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of every crop: the likeliest answer to each question."""
        model = load_vlm(self._settings, self._device)
        return [[] if s.pixels is None else list(self._told(model, s.pixels)) for s in subjects]

    def _told(self, model: VisionLanguageModel, pixels: NDArray[np.uint8]) -> Iterator[Evidence]:
        for name in self._settings.attributes:
            options = [*(value.name for value in self._vocabulary.attributes[name].values), UNKNOWN]
            chances = model.chances(pixels, _ASKED.format(name.lower(), ", ".join(options)), options)
            best = int(chances.argmax())
            told = f"{model.name}, one of {len(options)} answers"
            yield Evidence(name, options[best], round(float(chances[best]), _DECIMALS), self.source, told)
