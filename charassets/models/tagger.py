"""A tagger that comes as ONNX: a probability for each of some thousand tags (the WD taggers, version 3).

What belongs here: its files, its input, its labels. Not here: what a tag means (``charassets.attributes.tagger``).

The input is ``(n, side, side, 3)`` float32, 0-255, **BGR**, padded to a white square; the output is already a probability. The
label file has the columns ``tag_id, name, category, count`` (category 0 general, 4 character, 9 rating) in the output's order.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError
from charassets.models.registry import resolve_device
from charassets.models.weights import Weights, find_folder
from charassets.settings import TaggerSettings

MODEL, LABELS = "model.onnx", "selected_tags.csv"
GENERAL = 0
"""Category of tags that say what is seen; the others name characters and ratings."""


@dataclass(frozen=True)
class TagLabel:
    """One output of a tagger."""

    name: str
    category: int


class OnnxTagger:
    """Runs a tagger in onnxruntime.

    Args:
        weights: its folder, found and checked.
        batch: pictures a forward pass.
        device: ``cuda`` where onnxruntime has it; everything else runs on the processor.

    Raises:
        ModelMissingError: the files cannot be opened, or do not fit each other.
    """

    def __init__(self, weights: Weights, batch: int, device: str) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelMissingError(
                "onnxruntime is not installed", where=weights.name, todo="pip install 'charassets[onnx]'"
            ) from None
        wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
        providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
        try:
            self._session: Any = onnxruntime.InferenceSession(str(weights.path / MODEL), providers=providers)
            self.labels = _labels(weights)
        except Exception as error:  # onnxruntime raises classes of its own, without a common base
            raise _unusable(weights, " ".join(str(error).split())[:160]) from error
        self._weights, self._batch = weights, batch
        given = self._session.get_inputs()[0]
        self._input, self._side = given.name, given.shape[1]
        outputs = self._session.get_outputs()[0].shape[-1]
        if len(given.shape) != 4 or given.shape[3] != 3 or not isinstance(self._side, int):
            raise _unusable(weights, f"its input is {given.shape}, not (n, side, side, 3)")
        if isinstance(outputs, int) and outputs != len(self.labels):
            raise _unusable(weights, f"{len(self.labels)} labels for {outputs} outputs")

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    def probabilities(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, labels) probabilities of n (H, W, 3) RGB pictures of any size."""
        found = [np.empty((0, len(self.labels)), np.float32)]
        for first in range(0, len(pictures), self._batch):
            framed = np.stack([framed_square(p, self._side) for p in pictures[first : first + self._batch]])
            found.append(np.asarray(self._session.run(None, {self._input: framed})[0], np.float32))
        return np.concatenate(found)


def find_tagger(settings: TaggerSettings) -> Weights:
    """The tagger's folder, local or from the hub.

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    files = (MODEL, LABELS)
    return find_folder("tagger", settings.path, settings.revision, settings.sha256, files, files)


def load_tagger(settings: TaggerSettings, device: str = "auto") -> OnnxTagger:
    """The tagger of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the files are missing, not the pinned ones, or not readable.
    """
    return _tagger(settings.model_dump_json(), resolve_device(device))


def framed_square(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """(side, side, 3) float32 BGR, 0-255: the picture centred on a white square."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    square = np.full((longest, longest, 3), 255, np.uint8)
    top, left = (longest - height) // 2, (longest - width) // 2
    square[top : top + height, left : left + width] = picture
    method = cv2.INTER_AREA if longest > side else cv2.INTER_LANCZOS4
    scaled = np.asarray(cv2.resize(square, (side, side), interpolation=method), np.float32)
    return np.ascontiguousarray(scaled[:, :, ::-1])


def _labels(weights: Weights) -> tuple[TagLabel, ...]:
    with (weights.path / LABELS).open(encoding="utf-8", newline="") as file:
        return tuple(TagLabel(row["name"], int(row["category"])) for row in csv.DictReader(file))


def _unusable(weights: Weights, problem: str) -> ModelMissingError:
    return ModelMissingError(
        f"the tagger cannot be used: {problem}",
        where=str(weights.path),
        todo="restore the folder or choose another tagger",
    )


# One is held: a run uses one profile.
@lru_cache(maxsize=1)
def _tagger(settings_json: str, device: str) -> OnnxTagger:
    settings = TaggerSettings.model_validate_json(settings_json)
    return OnnxTagger(find_tagger(settings), settings.batch, device)
