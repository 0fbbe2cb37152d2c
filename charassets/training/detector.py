"""Trains the mini detector: a YOLO nano for person, head and face, on studio scenes alone.

What belongs here: the data pipeline, the loop, the checkpoint, the export. Not here: drawing, and using the detector.
Our own loop instead of ultralytics' trainer: scenes are drawn in memory, the budget is minutes, bfloat16 runs on CPUs too.

    python -m charassets.training.detector --minutes 24 --out build/detector
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.transforms import from_jpeg
from charassets.training.drawing import LABELS, DrawnScene, draw_all, drawn_scene
from charassets.training.loop import Recipe, device_here, fit

if TYPE_CHECKING:
    import torch

ARCHITECTURE = "yolo11n.yaml"
SIZE = 256  # px of the square the network sees in training; it runs at other multiples of 32 as well
EXPORT_SIZE = 320  # px; the default of the mini profile
_RECIPE = Recipe(peak_rate=2e-3, warmup_steps=80, weight_decay=5e-4, betas=(0.9, 0.99), clip=10.0, least=0.01)
_MOSAIC, _ZOOM = 0.3, (0.6, 1.35)
_FIRST_SEED = 10_000_000  # training scenes; measuring uses seeds below
_MIN_SIDE = 3.0  # px; a box smaller than this after augmentation teaches nothing

Boxes = NDArray[np.float32]


def _affine(
    picture: NDArray[np.uint8], boxes: Boxes, rng: np.random.Generator, size: int
) -> tuple[NDArray[np.uint8], Boxes]:
    """Place the picture, scaled and shifted, on a square of ``size``; boxes are cut at its border."""
    height, width = picture.shape[:2]
    scale = size / max(height, width) * (1.0 if rng.random() < 0.4 else rng.uniform(*_ZOOM))
    slack_x, slack_y = size - width * scale, size - height * scale
    x = slack_x / 2 + rng.uniform(-0.5, 0.5) * abs(slack_x)
    y = slack_y / 2 + rng.uniform(-0.5, 0.5) * abs(slack_y)
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
    fill = (114, 114, 114) if rng.random() < 0.5 else (255, 255, 255)
    out = cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
    )
    moved = boxes.copy()
    moved[:, 1:] = boxes[:, 1:] * scale + (x, y, x, y)
    cut = moved.copy()
    cut[:, 1:] = np.clip(moved[:, 1:], 0, size)
    area = np.prod(cut[:, 3:] - cut[:, 1:3], axis=1) / np.maximum(np.prod(moved[:, 3:] - moved[:, 1:3], axis=1), 1e-6)
    keep = (area > 0.25) & ((cut[:, 3:] - cut[:, 1:3]).min(axis=1, initial=np.inf) >= _MIN_SIDE)
    return np.asarray(out, np.uint8), cut[keep]


def _mosaic(scenes: list[DrawnScene], rng: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], Boxes]:
    """Four scenes in the quarters of one square."""
    canvas, boxes = np.full((size, size, 3), 255, np.uint8), []
    half = size // 2
    for k, scene in enumerate(scenes):
        picture, found = _affine(from_jpeg(scene.jpeg), scene.boxes, rng, half)
        x, y = (k % 2) * half, (k // 2) * half
        canvas[y : y + half, x : x + half] = picture
        boxes.append(found + np.array([0, x, y, x, y], np.float32))
    return canvas, np.vstack(boxes)


def _recolor(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, tint, blur, compression and noise, as pictures from elsewhere have them."""
    out = picture
    if rng.random() < 0.6:
        tinted = out.astype(np.float32) * rng.uniform(0.7, 1.2) * rng.uniform(0.92, 1.08, 3)
        grey = tinted.mean(axis=2, keepdims=True)
        out = np.clip(grey + (tinted - grey) * rng.uniform(0.3, 1.3), 0, 255).astype(np.uint8)
    choice = rng.random()
    if choice < 0.12:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.2))), np.uint8)
    elif choice < 0.24:
        out = np.clip(out + rng.normal(0, rng.uniform(3, 14), out.shape), 0, 255).astype(np.uint8)
    elif choice < 0.28:
        out = 255 - out
    return np.ascontiguousarray(out)


def example(pool: list[DrawnScene], rng: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], Boxes]:
    """One augmented picture of ``size`` x ``size`` from the pool, with its boxes in pixels: ``(N, 5)`` class, x0, y0, x1, y1."""
    pick = rng.integers(0, len(pool), 4)
    if rng.random() < _MOSAIC:
        picture, boxes = _mosaic([pool[k] for k in pick], rng, size)
    else:
        scene = pool[pick[0]]
        picture, boxes = _affine(from_jpeg(scene.jpeg), scene.boxes, rng, size)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        boxes = boxes[:, [0, 3, 2, 1, 4]] * (1, -1, 1, -1, 1) + np.array([0, size, 0, size, 0])
    return _recolor(np.ascontiguousarray(picture), rng), boxes.astype(np.float32)


def _batch(pool: list[DrawnScene], rng: np.random.Generator, size: int, count: int) -> dict[str, "torch.Tensor"]:
    """One batch as ultralytics' loss wants it: centre, width and height relative to the picture."""
    import torch

    pictures, classes, places, index = [], [], [], []
    for k in range(count):
        picture, boxes = example(pool, rng, size)
        pictures.append(picture)
        x0, y0, x1, y1 = boxes[:, 1:].T / size
        places.append(np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], axis=1))
        classes.append(boxes[:, :1])
        index.append(np.full(len(boxes), k))
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(255)
    return {
        "img": images.contiguous(memory_format=torch.channels_last),
        "cls": torch.from_numpy(np.vstack(classes)),
        "bboxes": torch.from_numpy(np.vstack(places).astype(np.float32)),
        "batch_idx": torch.from_numpy(np.concatenate(index)),
    }


def _new_model(start: Path | None) -> Any:  # noqa: ANN401 - ultralytics' class, known only inside the function
    from ultralytics import YOLO
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    model: Any = DetectionModel(ARCHITECTURE, nc=len(LABELS), verbose=False)
    if start is not None:
        weights: Any = YOLO(start).model
        model.load_state_dict(weights.float().state_dict())
    model.names = dict(enumerate(LABELS))
    model.args = get_cfg()
    return model


class _Lessons:
    """Boxes in augmented scenes of a pool; see ``charassets.training.loop.Learner``.

    Args:
        model: the network.
        pool: the scenes.
        batch: pictures a step.
        size: side of the network's input.
        device: where the network is.

    Attributes:
        average: the exponential average of the weights, which is what is used in the end.
    """

    def __init__(self, model: Any, pool: list[DrawnScene], batch: int, size: int, device: "torch.device") -> None:  # noqa: ANN401
        from ultralytics.utils.torch_utils import ModelEMA

        self._model, self._pool, self._batch, self._size, self._device = model, pool, batch, size, device
        self._average = ModelEMA(model, decay=0.999, tau=200)

    @property
    def average(self) -> Any:  # noqa: ANN401 - ultralytics' class
        """The averaged network."""
        return self._average.ema

    def modules(self) -> Mapping[str, "torch.nn.Module"]:
        """The network and its average."""
        return {"network": self._model, "average": self.average}

    def stepped(self, step: int) -> None:
        """The average follows; how slowly depends on how many steps it has seen."""
        self._average.updates = step - 1
        self._average.update(self._model)

    def lesson(self, rng: np.random.Generator) -> tuple["torch.Tensor", str]:
        """Ultralytics' own loss on one batch."""
        import torch

        batch = _batch(self._pool, rng, self._size, self._batch)
        examples = {name: tensor.to(self._device) for name, tensor in batch.items()}
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            loss, parts = self._model(examples)
        return loss.sum(), "  ".join(f"{name} {float(part):.2f}" for name, part in parts.items())


def train(
    out: Path,
    minutes: float,
    seed: int = 0,
    *,
    scenes: int = 5000,
    batch: int = 32,
    size: int = SIZE,
    start: Path | None = None,
) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing the scenes is not counted.
        seed: of scenes, augmentation and initial weights.
        scenes: size of the pool.
        batch: pictures a step.
        size: side of the network's input, a multiple of 32.
        start: a finished ``detector.pt`` to begin from instead of random weights.

    Returns:
        Path of the finished ``detector.pt``.
    """
    import torch

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = device_here()
    model = _new_model(start).to(device, memory_format=torch.channels_last)
    pool = draw_all(drawn_scene, ((_FIRST_SEED + seed * scenes + k, size) for k in range(scenes)))
    lessons = _Lessons(model, pool, batch, size, device)
    fit(lessons, _RECIPE, out, minutes, seed)
    return save(lessons.average, out / "detector.pt")


def save(model: Any, path: Path) -> Path:  # noqa: ANN401 - ultralytics' class
    """Write the weights as ultralytics reads them: half precision, no optimizer, nothing of the machine."""
    import torch

    model = model.to("cpu", memory_format=torch.contiguous_format).half().eval()
    model.args = {"task": "detect", "imgsz": SIZE, "data": None, "single_cls": False}
    for parameter in model.parameters():
        parameter.requires_grad = False
    if hasattr(model, "criterion"):
        del model.criterion
    content = {
        "epoch": -1,
        "model": model,
        "ema": None,
        "train_args": model.args,
        "version": "8.4",
        "license": "AGPL-3.0",
    }
    torch.save(content, path)
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=train.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=5000)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--start", type=Path, help="a finished detector.pt to begin from")
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, scenes=given.scenes, size=given.size, start=given.start)


if __name__ == "__main__":
    main()
