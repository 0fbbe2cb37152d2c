"""From settings to running models, each loaded once a process.

What belongs here: which adapter runs which files, on which device. Not here: finding files (``weights``), running them
(``yolo``, ``clip``).
"""

from functools import lru_cache

from charassets.errors import UsageError
from charassets.models.clip import ClipEmbedder
from charassets.models.protocols import Detector, Embedder
from charassets.models.weights import find_detector, find_embedder
from charassets.models.yolo import YoloDetector
from charassets.settings import DetectorSettings, EmbedderSettings


def load_detector(settings: DetectorSettings, device: str = "auto") -> Detector:
    """The detector of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the weights are missing, not the pinned ones, or not readable without running code from them.
        UsageError: the device is not there.
    """
    return _detector(settings.model_dump_json(), resolve_device(device))


def load_embedder(settings: EmbedderSettings, device: str = "auto") -> Embedder:
    """The embedder of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the weights are missing, not the pinned ones, or of a kind that transformers cannot open safely.
        UsageError: the device is not there.
    """
    return _embedder(settings.model_dump_json(), resolve_device(device))


def resolve_device(device: str) -> str:
    """``cuda``, ``mps`` or ``cpu``; ``auto`` takes the first that is there.

    Raises:
        UsageError: the named device is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, available in there.items() if available)
    if not there.get(device, False):
        raise UsageError(f"device {device} is not there", where="settings", todo="set device to auto or cpu")
    return device


# One of each kind is held: a run uses one profile, and a second model of a kind would only take memory from it.
@lru_cache(maxsize=1)
def _detector(settings_json: str, device: str) -> Detector:
    settings = DetectorSettings.model_validate_json(settings_json)
    return YoloDetector(find_detector(settings), settings, device)


@lru_cache(maxsize=1)
def _embedder(settings_json: str, device: str) -> Embedder:
    settings = EmbedderSettings.model_validate_json(settings_json)
    return ClipEmbedder(find_embedder(settings), settings.batch, device)
