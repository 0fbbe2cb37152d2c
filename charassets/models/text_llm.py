"""A text-generation model of transformers that chooses among given continuations of a prompt.

What belongs here: the adapter. Not here: prompts and answers (``charassets.attributes.text_llm``).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError
from charassets.models.choices import answer_scores, chances
from charassets.models.registry import resolve_device
from charassets.models.weights import Weights, find_folder
from charassets.settings import TextLlmSettings

_SAFE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


class TextModel:
    """Weighs continuations of a prompt.

    Args:
        weights: its folder, found and checked.
        max_tokens: tokens of a prompt that are kept, the last ones.
        batch: continuations a forward pass.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: transformers cannot open the folder safely.
    """

    def __init__(self, weights: Weights, max_tokens: int, batch: int, device: str) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._weights, self._max_tokens, self._batch, self._device = weights, max_tokens, batch, device
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(weights.path, **_SAFE)
            model: Any = AutoModelForCausalLM.from_pretrained(weights.path, use_safetensors=True, **_SAFE)
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissingError(
                f"the text model cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(weights.path),
                todo="give text_llm.path a text-generation model with safetensors",
            ) from error
        self._model = model.eval().to(device)

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    def chances(self, prompt: str, continuations: Sequence[str]) -> NDArray[np.float64]:
        """(n,) probabilities of n continuations of a prompt among themselves."""
        import torch

        asked = self._ids(prompt)[-self._max_tokens :]
        answers = [self._ids(text) for text in continuations]
        scores: list[NDArray[np.float64]] = []
        for first in range(0, len(answers), self._batch):
            part = [asked + answer for answer in answers[first : first + self._batch]]
            longest = max(map(len, part))
            ids = torch.tensor([row + [0] * (longest - len(row)) for row in part], device=self._device)
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in part], device=self._device)
            with torch.inference_mode():
                logits = self._model(input_ids=ids, attention_mask=mask).logits
            scores.append(answer_scores(logits, ids, mask, [len(asked)] * len(part)))
        return chances(np.concatenate(scores))

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]


def find_text_model(settings: TextLlmSettings) -> Weights:
    """The text model's folder, local or from the hub.

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    needed = ("config.json", "*.safetensors")
    return find_folder("text_llm", settings.path, settings.revision, settings.sha256, needed)


def load_text_model(settings: TextLlmSettings, device: str = "auto") -> TextModel:
    """The text model of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the files are missing, not the pinned ones, or not readable.
    """
    return _text_model(settings.model_dump_json(), resolve_device(device))


@lru_cache(maxsize=1)
def _text_model(settings_json: str, device: str) -> TextModel:
    settings = TextLlmSettings.model_validate_json(settings_json)
    return TextModel(find_text_model(settings), settings.max_tokens, settings.batch, device)
