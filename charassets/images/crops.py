"""Boxes and the pictures cut out of them.

What belongs here: geometry of boxes, cutting, resizing, WebP. Not here: which box is the main figure (the stage decides).
Boxes are ``x0, y0, x1, y1`` in pixels; x1 and y1 are exclusive.
"""

import io
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BUST_ABOVE, _BUST_BELOW, _BUST_SIDES = 0.35, 1.3, 0.6
"""A bust around a head, in head heights above and below it and head widths beside it: hair on top, shoulders and collar."""

_HEAD_MARGIN = 0.25  # of the head's box on every side: hair and ornaments reach beyond what detectors call the head
_LEAST_HEAD = 8  # pixels of a side: a smaller head shows nothing


class Box(NamedTuple):
    """A box in pixels of a picture."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Square pixels; 0 for an empty box."""
        return max(0.0, self.width) * max(0.0, self.height)

    def overlap(self, other: "Box") -> float:
        """Square pixels both boxes cover."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1)).area

    def joined(self, other: "Box") -> "Box":
        """The box around both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))


def with_margin(box: Box, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The box grown on every side by ``margin`` of its own size, in whole pixels, within a ``width`` x ``height`` picture."""
    dx, dy = box.width * margin, box.height * margin
    x0 = min(max(0, int(np.floor(box.x0 - dx))), width - 1)
    y0 = min(max(0, int(np.floor(box.y0 - dy))), height - 1)
    x1 = max(min(width, int(np.ceil(box.x1 + dx))), x0 + 1)
    y1 = max(min(height, int(np.ceil(box.y1 + dy))), y0 + 1)
    return x0, y0, x1, y1


def bust(head: Box) -> Box:
    """The head with hair and shoulders, for a picture whose detector knows no bodies."""
    dx = head.width * _BUST_SIDES
    return Box(
        head.x0 - dx,
        head.y0 - head.height * _BUST_ABOVE,
        head.x1 + dx,
        head.y1 + head.height * _BUST_BELOW,
    )


def cut(pixels: NDArray[np.uint8], box: tuple[int, int, int, int], max_side: int) -> NDArray[np.uint8]:
    """The part of a (H, W, 3) picture inside ``box``, made smaller so that its longest side is at most ``max_side``."""
    x0, y0, x1, y1 = box
    part = pixels[y0:y1, x0:x1]
    scale = max_side / max(part.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(part)
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def head_of(pixels: NDArray[np.uint8], box: Sequence[float] | None) -> NDArray[np.uint8] | None:
    """The head with its hair, cut out of a crop; None where there is none to see.

    Args:
        pixels: (H, W, 3) uint8 RGB: the crop.
        box: the head as fractions of the crop: x0, y0, x1, y1.
    """
    if box is None:
        return None
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = box
    dx, dy = _HEAD_MARGIN * (x1 - x0), _HEAD_MARGIN * (y1 - y0)
    left, top = max(0, int((x0 - dx) * width)), max(0, int((y0 - dy) * height))
    head = pixels[top : int((y1 + dy) * height) + 1, left : int((x1 + dx) * width) + 1]
    return head if min(head.shape[:2]) >= _LEAST_HEAD else None


def webp(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """A (H, W, 3) uint8 RGB picture as WebP; equal pixels give equal bytes on one build of the library."""
    buffer = io.BytesIO()
    # Method 2 of 0-6: on painted portraits the default of 4 takes twice the time, the most of all but the model, for files
    # 2 % smaller.
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()
