"""A rough look at two small grey pictures, one laid on the other: whether what is drawn there has anything of one shape.

What belongs here: measuring at a quarter of the pixels, for a tenth of the cost of the whole (``agreement``). Not here: what
follows (``judgement``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.preview import Preview

SIDE = 112
"""Longest side in pixels; half of a preview's."""

_WINDOW = 7  # px: about an eye
_TEXTURED = 6.0  # grey levels of spread from which a window has a shape of its own
_SAME_SHAPE = 0.6  # correlation of a window
_FILLED = 0.35  # of a window that both pictures draw
_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # px: what corners leave of a pose
_FINER = 0.6  # of the scale; a picture that is made smaller still is softened first
_COVERED = 0.5


@dataclass(frozen=True)
class Small:
    """A picture for a rough look.

    Attributes:
        grey: float32, shape (h, w).
        drawn: float32, shape (h, w): how much of each pixel is drawn, 0-1.
        scale: pixels of it in one of the preview.
    """

    grey: NDArray[np.float32]
    drawn: NDArray[np.float32]
    scale: float

    @classmethod
    def of(cls, preview: Preview) -> "Small":
        """The preview, at ``SIDE`` pixels at most."""
        height, width = preview.content.shape
        scale = min(1.0, SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        whole = cv2.cvtColor(preview.pixels, cv2.COLOR_RGB2GRAY), preview.content
        grey, drawn = (cv2.resize(v.astype(np.float32), size, interpolation=cv2.INTER_AREA) for v in whole)
        return cls(np.asarray(grey, np.float32), np.asarray(drawn, np.float32), scale)

    def mirrored(self) -> "Small":
        """On its back."""
        return Small(np.ascontiguousarray(self.grey[:, ::-1]), np.ascontiguousarray(self.drawn[:, ::-1]), self.scale)


@dataclass(frozen=True)
class Rough:
    """What a rough look tells.

    Attributes:
        compared: share of the smaller drawing that both show, 0-1 or a little more.
        alike: share of the windows with a shape of their own that have the same one; 1 where none has.
        shaped: share of the windows that have one.
    """

    compared: float
    alike: float
    shaped: float


def roughly(left: Small, right: Small, matrix: NDArray[np.float64]) -> Rough:
    """Look at two pictures, one laid on the other.

    Args:
        left: the picture that is laid on the other.
        right: the other.
        matrix: shape (2, 3), from pixels of left's preview to those of right's.
    """
    whole = np.vstack([matrix, [0, 0, 1]])
    laid = _scaled(right.scale) @ whole @ np.linalg.inv(_scaled(left.scale))
    if np.hypot(*laid[:2, 0]) > 1:
        left, right, laid = right, left, np.linalg.inv(laid)
    scale = float(np.hypot(*laid[:2, 0]))
    height, width = right.grey.shape
    grey = cv2.GaussianBlur(left.grey, (0, 0), _COVERED / scale) if scale < _FINER else left.grey
    moved = np.asarray(cv2.warpAffine(grey, laid[:2], (width, height)), np.float32)
    both = (cv2.warpAffine(left.drawn, laid[:2], (width, height)) > _COVERED) & (right.drawn > _COVERED)
    smaller = min(float(left.drawn.sum()) * scale**2, float(right.drawn.sum()))
    x, y, w, h = cv2.boundingRect(both.view(np.uint8))
    some = slice(y, y + h), slice(x, x + w)
    return _shapes(moved, right.grey, both, some, float(both.sum()) / max(1.0, smaller))


def _shapes(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    both: NDArray[np.bool_],
    some: tuple[slice, slice],
    compared: float,
) -> Rough:
    rows, columns = some
    left, weight = left[some], both[some].astype(np.float32)
    if not weight.size:
        return Rough(compared, 1.0, 0.0)
    filled = _window(weight)
    known = both[some] & (filled > _FILLED)
    share = np.maximum(filled, 1e-3)
    weighted = left * weight
    mean = np.divide(_window(weighted), share)
    spread = _spread(weighted * left, share, mean)
    correlation = np.full(left.shape, -1.0, np.float32)
    wide = cv2.copyMakeBorder(right, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    shaped = known
    for dx, dy in _SHIFTS:
        other = wide[rows.start + 1 - dy : rows.stop + 1 - dy, columns.start + 1 - dx : columns.stop + 1 - dx]
        moved = other * weight
        mean_other = np.divide(_window(moved), share)
        spread_other = _spread(moved * other, share, mean_other)
        if not dx and not dy:
            shaped = known & (np.maximum(spread, spread_other) > _TEXTURED)
        together = _window(left * moved) / share - mean * mean_other
        correlation = np.maximum(correlation, together / np.maximum(spread * spread_other, 1e-3))
    number = int(shaped.sum())
    alike = float((shaped & (correlation >= _SAME_SHAPE)).sum()) / number if number else 1.0
    return Rough(compared, alike, number / max(1, int(known.sum())))


def _spread(squares: NDArray, share: NDArray, mean: NDArray) -> NDArray:
    return np.sqrt(np.maximum(_window(squares) / share - mean * mean, 0))


def _window(values: NDArray) -> NDArray[np.float32]:
    size = (_WINDOW, _WINDOW)
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, size, borderType=cv2.BORDER_CONSTANT), np.float32)


def _scaled(scale: float) -> NDArray[np.float64]:
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])
