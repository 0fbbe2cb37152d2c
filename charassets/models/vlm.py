"""A vision-language model of transformers (image-text-to-text) that chooses among given answers about a picture.

What belongs here: the adapter. Not here: questions and answers (``charassets.attributes.vlm``).
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
from charassets.settings import VlmSettings

_SAFE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


class VisionLanguageModel:
    """Weighs answers to a question about a picture.

    Args:
        weights: its folder, found and checked.
        batch: answers a forward pass.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: transformers cannot open the folder safely.
    """

    def __init__(self, weights: Weights, batch: int, device: str) -> None:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self._weights, self._batch, self._device = weights, batch, device
        try:
            self._processor: Any = AutoProcessor.from_pretrained(weights.path, **_SAFE)
            model: Any = AutoModelForImageTextToText.from_pretrained(weights.path, use_safetensors=True, **_SAFE)
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissingError(
                f"the vision-language model cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(weights.path),
                todo="give vlm.path an image-text-to-text model with safetensors",
            ) from error
        self._model = model.eval().to(device)
        self._processor.tokenizer.padding_side = "right"
        if self._processor.tokenizer.pad_token is None:
            self._processor.tokenizer.pad_token = self._processor.tokenizer.eos_token

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    def chances(self, picture: NDArray[np.uint8], question: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """(n,) probabilities of n answers about a (H, W, 3) RGB picture among themselves."""
        import torch

        prompt = self._prompt(question)
        start = int(self._inputs(picture, [prompt])["input_ids"].shape[1])
        scores: list[NDArray[np.float64]] = []
        for first in range(0, len(answers), self._batch):
            part = answers[first : first + self._batch]
            inputs = self._inputs(picture, [f"{prompt} {answer}" for answer in part])
            with torch.inference_mode():
                logits = self._model(**inputs).logits
            scores.append(answer_scores(logits, inputs["input_ids"], inputs["attention_mask"], [start] * len(part)))
        return chances(np.concatenate(scores))

    def _inputs(self, picture: NDArray[np.uint8], texts: Sequence[str]) -> Any:  # noqa: ANN401 - a class of transformers
        images = [[picture] for _ in texts]
        return self._processor(text=list(texts), images=images, padding=True, return_tensors="pt").to(self._device)

    def _prompt(self, question: str) -> str:
        """The question in the model's own dialogue form where it has one."""
        if getattr(self._processor, "chat_template", None):
            content = [{"type": "image"}, {"type": "text", "text": question}]
            return self._processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True
            )
        return f"{getattr(self._processor, 'image_token', '<image>')} {question}"


def find_vlm(settings: VlmSettings) -> Weights:
    """The vision-language model's folder, local or from the hub.

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    needed = ("config.json", "*.safetensors")
    return find_folder("vlm", settings.path, settings.revision, settings.sha256, needed)


def load_vlm(settings: VlmSettings, device: str = "auto") -> VisionLanguageModel:
    """The vision-language model of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the files are missing, not the pinned ones, or not readable.
    """
    return _vlm(settings.model_dump_json(), resolve_device(device))


@lru_cache(maxsize=1)
def _vlm(settings_json: str, device: str) -> VisionLanguageModel:
    settings = VlmSettings.model_validate_json(settings_json)
    return VisionLanguageModel(find_vlm(settings), settings.batch, device)
