"""A reader of written lines: an image-to-text model of transformers such as TrOCR.

What belongs here: the adapter. Not here: finding lines (``charassets.images.text_areas``), and what they mean
(``charassets.attributes.ocr``).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError
from charassets.models.registry import resolve_device
from charassets.models.weights import Weights, find_folder
from charassets.settings import OcrSettings

_SAFE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
_LONGEST = 48  # tokens of a line


class LineReader:
    """Reads pictures of single lines.

    Args:
        weights: its folder, found and checked.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: transformers cannot open the folder safely.
    """

    def __init__(self, weights: Weights, device: str) -> None:
        from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel

        self._weights, self._device = weights, device
        try:
            self._images: Any = AutoImageProcessor.from_pretrained(weights.path, **_SAFE)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(weights.path, **_SAFE)
            model: Any = VisionEncoderDecoderModel.from_pretrained(weights.path, use_safetensors=True, **_SAFE)
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissingError(
                f"the reader of lines cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(weights.path),
                todo="give ocr.path an image-to-text model with safetensors, or leave it out",
            ) from error
        self._model = model.eval().to(device)

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    def read(self, lines: Sequence[NDArray[np.uint8]]) -> list[str]:
        """What stands on each (H, W, 3) RGB line."""
        import torch

        if not lines:
            return []
        pixels = self._images(images=list(lines), return_tensors="pt").pixel_values.to(self._device)
        with torch.inference_mode():
            written = self._model.generate(pixels, max_new_tokens=_LONGEST, do_sample=False, num_beams=1)
        return [text.strip() for text in self._tokenizer.batch_decode(written, skip_special_tokens=True)]


def find_reader(settings: OcrSettings) -> Weights | None:
    """The reader's folder, local or from the hub; None where only areas of text are wanted.

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    if settings.path is None:
        return None
    needed = ("config.json", "*.safetensors")
    return find_folder("ocr", settings.path, settings.revision, settings.sha256, needed)


def load_reader(settings: OcrSettings, device: str = "auto") -> LineReader | None:
    """The reader of the settings, ready to run; None where there is none. A second call answers the same object.

    Raises:
        ModelMissingError: the files are missing, not the pinned ones, or not readable.
    """
    return None if settings.path is None else _reader(settings.model_dump_json(), resolve_device(device))


@lru_cache(maxsize=1)
def _reader(settings_json: str, device: str) -> LineReader | None:
    found = find_reader(OcrSettings.model_validate_json(settings_json))
    return None if found is None else LineReader(found, device)
