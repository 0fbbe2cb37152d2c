"""Pictures as the embedder meets them: framed whole or cut to the figure, varied a little, or copied and spoiled.

What belongs here: the augmentation of the embedder's training. Not here: the drawing, the losses.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.transforms import blurred, brightened, cropped, from_jpeg, padded, reencoded, resized
from charassets.training.drawing import DrawnPortrait

Pixels = NDArray[np.uint8]


def letterbox(picture: Pixels, size: int) -> Pixels:
    """The picture fitted whole into a white square of ``size`` pixels, as the embedder's adapter frames it."""
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, fitted, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    page = np.full((size, size, 3), 255, np.uint8)
    left, top = (size - fitted[0]) // 2, (size - fitted[1]) // 2
    page[top : top + fitted[1], left : left + fitted[0]] = small
    return page


def view_of(portrait: DrawnPortrait, size: int, rng: np.random.Generator) -> Pixels:
    """A portrait as the pipeline would hand it over: whole, or cut to the figure with a margin; mirrored or not."""
    picture = from_jpeg(portrait.jpeg)
    height, width = picture.shape[:2]
    if rng.random() < 0.6:
        x0, y0, x1, y1 = portrait.person
        grow = rng.uniform(0.0, 0.12) * max(x1 - x0, y1 - y0)
        x0, y0 = max(0, int(x0 - grow)), max(0, int(y0 - grow))
        x1, y1 = min(width, int(x1 + grow) + 1), min(height, int(y1 + grow) + 1)
        picture = picture[y0:y1, x0:x1]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    return letterbox(np.ascontiguousarray(picture), size)


def varied(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A square picture with small changes that leave every colour its name: light, tint, noise, a shift, a turn."""
    out, size = picture, picture.shape[0]
    if rng.random() < 0.5:
        matrix = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.normal(0, 6)), float(rng.uniform(0.88, 1.12)))
        matrix[:, 2] += rng.normal(0, 0.03 * size, 2)
        border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
        out = cv2.warpAffine(out, matrix, (size, size), borderMode=border, borderValue=(255, 255, 255))
    if rng.random() < 0.6:
        out = np.clip(out * rng.uniform(0.85, 1.12) * rng.uniform(0.96, 1.04, 3), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        out = np.clip(out + rng.normal(0, rng.uniform(2, 9), out.shape), 0, 255).astype(np.uint8)
    return np.asarray(out, np.uint8)


def copy_of(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """What may happen to a square picture on its way over the internet: one or two changes, framed again to its size."""
    out = picture if rng.random() < 0.6 else np.ascontiguousarray(picture[:, ::-1])
    for change in rng.choice(len(_CHANGES), int(rng.integers(1, 3)), replace=False):
        out = _CHANGES[change](out, rng)
    return letterbox(np.ascontiguousarray(out), picture.shape[0])


_CHANGES = (
    lambda picture, rng: reencoded(picture, int(rng.integers(20, 70))),
    lambda picture, rng: resized(picture, rng.uniform(0.4, 0.9)),
    lambda picture, rng: cropped(picture, *rng.uniform(0, 0.07, 4)),
    lambda picture, rng: brightened(picture, rng.uniform(0.75, 1.3)),
    lambda picture, rng: blurred(picture, float(rng.uniform(0.4, 1.2))),
    lambda picture, rng: padded(picture, rng.uniform(0.02, 0.08), int(rng.choice([0, 255, 255]))),
)
