"""Trains the mini detector: a YOLO nano for person, head and face, on studio scenes alone.

What belongs here: the data pipeline, the loop, the checkpoint, the export. Not here: drawing, and using the detector.
Our own loop instead of ultralytics' trainer: scenes are drawn in memory, the budget is minutes, bfloat16 runs on CPUs too.

    python -m charassets.training.detector --minutes 24 --out build/detector
"""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.transforms import from_jpeg
from charassets.training.budget import Budget
from charassets.training.drawing import LABELS, DrawnScene, draw_all, drawn_scene

if TYPE_CHECKING:
    import torch

ARCHITECTURE = "yolo11n.yaml"
SIZE = 256  # px of the square the network sees in training; it runs at other multiples of 32 as well
EXPORT_SIZE = 320  # px; the default of the mini profile
_PEAK_RATE, _WARMUP_STEPS, _WEIGHT_DECAY = 2e-3, 80, 5e-4
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


def _new_model() -> Any:  # noqa: ANN401 - ultralytics' class, known only inside the function
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    model: Any = DetectionModel(ARCHITECTURE, nc=len(LABELS), verbose=False)
    model.names = dict(enumerate(LABELS))
    model.args = get_cfg()
    return model


def train(out: Path, minutes: float, seed: int = 0, *, scenes: int = 5000, batch: int = 32, size: int = SIZE) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing the scenes is not counted.
        seed: of scenes, augmentation and initial weights.
        scenes: size of the pool.
        batch: pictures a step.
        size: side of the network's input, a multiple of 32.

    Returns:
        Path of the finished ``detector.pt``.
    """
    import torch
    from ultralytics.utils.torch_utils import ModelEMA

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _new_model().to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_PEAK_RATE, weight_decay=_WEIGHT_DECAY, betas=(0.9, 0.99))
    average = ModelEMA(model, decay=0.999, tau=200)
    budget, step = Budget(minutes * 60), 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        average.ema.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        average.updates, step, budget.spent = saved["step"], saved["step"], saved["spent"]
    pool = draw_all(drawn_scene, ((_FIRST_SEED + seed * scenes + k, size) for k in range(scenes)))
    rng = np.random.default_rng([seed, step])
    model.train()
    budget.start()
    while budget.share < 1:
        rate = _PEAK_RATE * min(1, (step + 1) / _WARMUP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * budget.share) + 0.01)
        for group in optimizer.param_groups:
            group["lr"] = rate
        examples = {name: tensor.to(device) for name, tensor in _batch(pool, rng, size, batch).items()}
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss, parts = model(examples)
        optimizer.zero_grad()
        loss.sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        average.update(model)
        step += 1
        budget.tell(f"step {step}  " + "  ".join(f"{k} {float(v):.2f}" for k, v in parts.items()))
        if budget.save_due() or budget.share >= 1:
            state = {
                "model": model.state_dict(),
                "average": average.ema.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            _replace(checkpoint, state | {"step": step, "spent": budget.elapsed})
    return save(average.ema, out / "detector.pt")


def _replace(path: Path, state: dict[str, Any]) -> None:
    import torch

    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


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
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, scenes=given.scenes, size=given.size)


if __name__ == "__main__":
    main()
