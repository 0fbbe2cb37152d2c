"""Where two grey pictures that lie on each other have the same shapes: local correlation, window by window.

What belongs here: windows. Not here: laying pictures on each other (``overlay``), and what follows (``agreement``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.similarity.overlay import OTHER_TONE, Slices, bounds

_WINDOW = 13  # px, about an eye of a bust in a preview
_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # px: what is left between two laid pictures
_TEXTURED = 6.0  # grey levels of spread from which a window has a shape of its own
_SAME_SHAPE, _OTHER_SHAPE = 0.6, 0.35  # correlation of a window; in between it does not tell
_FILLED = 0.35  # of a window that both pictures draw; outlines against another background have less


def shapes(
    left: NDArray[np.float32], right: NDArray[np.float32], both: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the windows of two grey pictures have the same shape, another one, and where they tell at all: (h, w) bool."""
    weight = both.astype(np.float32)
    filled = _window(weight)
    known = both & (filled > _FILLED)
    share = np.maximum(filled, 1e-3)
    left_mean, left_spread = _moments(left, weight, share)
    right_mean, right_spread = _moments(right, weight, share)
    textured = np.maximum(left_spread, right_spread) > _TEXTURED
    correlation = np.full(left.shape, -1.0, np.float32)
    area = _Area(left, right, weight, share, left_mean, left_spread)
    for dx, dy in _SHIFTS:
        some = bounds(known & textured & (correlation < _SAME_SHAPE))
        if some is None:
            break
        correlation[some] = np.maximum(correlation[some], area.correlation(some, dx, dy))
    odd_tone = np.abs(left_mean - right_mean) > OTHER_TONE
    same = known & np.where(textured, correlation >= _SAME_SHAPE, ~odd_tone)
    other = known & np.where(textured, correlation < _OTHER_SHAPE, odd_tone)
    return same, other, known


@dataclass(frozen=True)
class _Area:
    """What windows of two grey pictures are correlated from; all (h, w) float32."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    weight: NDArray[np.float32]
    share: NDArray[np.float32]
    left_mean: NDArray[np.float32]
    left_spread: NDArray[np.float32]

    def correlation(self, some: Slices, dx: int, dy: int) -> NDArray[np.float32]:
        """Of the windows around some pixels, with the right picture moved by a pixel or not."""
        height, width = self.left.shape
        rows, columns = some
        wide = (
            slice(max(0, rows.start - _WINDOW // 2), min(height, rows.stop + _WINDOW // 2)),
            slice(max(0, columns.start - _WINDOW // 2), min(width, columns.stop + _WINDOW // 2)),
        )
        moved = _moved(self.right, wide, dx, dy)
        weight, share = self.weight[wide], self.share[wide]
        mean, spread = _moments(moved, weight, share)
        together = _window(self.left[wide] * moved * weight) / share - self.left_mean[wide] * mean
        found = np.asarray(together / np.maximum(self.left_spread[wide] * spread, 1e-3), np.float32)
        return found[
            rows.start - wide[0].start : rows.stop - wide[0].start,
            columns.start - wide[1].start : columns.stop - wide[1].start,
        ]


def _moved(values: NDArray[np.float32], some: Slices, dx: int, dy: int) -> NDArray[np.float32]:
    """A part of a picture after it was moved; what comes in from outside are the pixels of its border."""
    height, width = values.shape
    rows = np.clip(np.arange(some[0].start, some[0].stop) - dy, 0, height - 1)
    columns = np.clip(np.arange(some[1].start, some[1].stop) - dx, 0, width - 1)
    return values[rows[:, None], columns[None]] if dx or dy else values[some]


def _moments(
    values: NDArray[np.float32], weight: NDArray[np.float32], share: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean = _window(values * weight) / share
    return mean, np.sqrt(np.maximum(_window(values * values * weight) / share - mean * mean, 0))


def _window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (_WINDOW, _WINDOW), borderType=cv2.BORDER_CONSTANT), np.float32)
