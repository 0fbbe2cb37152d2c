"""Any YOLO that ultralytics runs (.pt, ONNX, OpenVINO) behind the ``Detector`` protocol.

What belongs here: the adapter, and what keeps ultralytics and its engines from surprising anybody. Not here: which boxes count.
"""

import contextlib
import importlib.util
import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError
from charassets.models.protocols import Detections
from charassets.models.two_looks import agreed, mirrored
from charassets.models.weights import Weights, fast_twin
from charassets.settings import DetectorSettings

_PRECISION: dict[str, dict[str, Any]] = {"cuda": {"quantize": 16}}
"""Half precision where a GPU computes; elsewhere ultralytics would round inputs and compute in single precision all the same."""


class YoloDetector:
    """A YOLO detector; see ``charassets.models.protocols.Detector``.

    Args:
        weights: the files, found and checked.
        settings: input size, floor score, overlap, most boxes, batch, class names.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: ultralytics cannot open the file, or only by executing code from it.
    """

    def __init__(self, weights: Weights, settings: DetectorSettings, device: str) -> None:
        self._weights, self._settings, self._device = weights, settings, device
        path = fast_twin(weights) if device == "cpu" else weights.path
        _ready_engine(path.suffix)
        from ultralytics import YOLO

        try:
            self._model = YOLO(str(path), task="detect")
            self._predict(
                [np.full((32, 32, 3), 255, np.uint8)], settings.image_size
            )  # engines other than torch open the file only now
        except Exception as error:  # the loaders of four formats raise whatever they met
            raise ModelMissingError(
                f"the detector cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(path),
                todo="export it again with ultralytics; a .pt must be a plain checkpoint, code in it is never run",
            ) from error
        self._names = {i: settings.labels.get(name, name) for i, name in self._model.names.items()}

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        return self._weights.files

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Boxes of each (H, W, 3) uint8 RGB picture down to the floor score, best first."""
        found: list[Detections] = []
        for first in range(0, len(images), self._settings.batch):
            # ultralytics takes arrays as OpenCV reads them: blue first. (numpy's reversed copy costs more than the model.)
            batch = [
                np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
                for image in images[first : first + self._settings.batch]
            ]
            looked = [self._detections(result.boxes) for result in self._predict(batch, self._settings.image_size)]
            if self._settings.second_size is not None:
                looked = self._looked_again(batch, looked, self._settings.second_size)
            found.extend(looked)
        return found

    def _looked_again(self, batch: list[NDArray[np.uint8]], first: list[Detections], size: int) -> list[Detections]:
        turned = [np.ascontiguousarray(picture[:, ::-1]) for picture in batch]
        second = [self._detections(result.boxes) for result in self._predict(turned, size)]
        return [
            agreed(one, mirrored(other, picture.shape[1]), self._settings.floor_score, self._settings.max_boxes)
            for one, other, picture in zip(first, second, batch, strict=True)
        ]

    def _predict(self, batch: list[NDArray[np.uint8]], size: int) -> list:  # ultralytics' Results, not imported up here
        found = self._model.predict(
            batch,
            imgsz=size,
            conf=self._settings.floor_score,
            iou=self._settings.iou,
            max_det=self._settings.max_boxes,
            device=self._device,
            # Else a picture is padded to a square or not depending on its neighbours in the batch, and its boxes move.
            rect=False,
            **_PRECISION.get(self._device, {}),
            verbose=False,
            save=False,
        )
        return list(found)

    def _detections(self, boxes) -> Detections:  # noqa: ANN001 - ultralytics.engine.results.Boxes
        classes = boxes.cls.cpu().numpy().astype(int)
        return Detections(
            [self._names[c] for c in classes],
            boxes.conf.float().cpu().numpy().astype(np.float32),
            boxes.xyxy.float().cpu().numpy().astype(np.float32).reshape(-1, 4),
        )


def _ready_engine(suffix: str) -> None:
    if suffix == ".onnx" and importlib.util.find_spec("onnxruntime") is None:
        raise ModelMissingError("an ONNX detector needs onnxruntime", todo="pip install onnxruntime, or use OpenVINO")
    if suffix == "" and importlib.util.find_spec("openvino") is None:
        raise ModelMissingError(
            "an OpenVINO detector needs openvino", todo="pip install 'charassets[openvino]', or give a .pt"
        )
    # `import openvino` alone makes an id file under ~/intel and reports to its maker. Its code has a silent stand-in for the
    # case that the telemetry package is missing, so here it is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
    with contextlib.redirect_stdout(io.StringIO()):  # the first import announces a settings file on stdout
        import ultralytics  # noqa: F401
