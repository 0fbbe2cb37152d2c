"""Windows of grey pictures: mean, spread and correlation within a square around every pixel, of the pixels that count.

What belongs here: sums over windows. Not here: which pixels count and what a correlation says (``rough_look``, ``shapes``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


def averaged(values: Values, side: int) -> Values:
    """Mean over the window of ``side`` pixels around each pixel, (h, w); there is nothing beyond the border."""
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (side, side), borderType=cv2.BORDER_CONSTANT), np.float32)


@dataclass(frozen=True)
class Windows:
    """Windows of a picture; all of shape (h, w), float32.

    Attributes:
        values: the picture.
        mean: of the pixels that count.
        spread: their standard deviation.
    """

    values: Values
    mean: Values
    spread: Values

    def part(self, some: tuple[slice, slice]) -> "Windows":
        """Some rows and columns."""
        return Windows(self.values[some], self.mean[some], self.spread[some])


def windows_of(values: Values, weight: Values, share: Values, side: int) -> Windows:
    """The windows of a picture.

    Args:
        values: shape (h, w).
        weight: shape (h, w): 1 where a pixel counts, else 0.
        share: ``averaged(weight, side)``, not 0.
        side: of a window, in pixels.
    """
    return _windows(values, values * weight, share, side)


def correlated(left: Windows, right: Values, weight: Values, share: Values, side: int) -> tuple[Windows, Values]:
    """Another picture's windows, and the correlation of each with the one's, (h, w)."""
    weighted = np.multiply(right, weight, dtype=np.float32)
    other = _windows(right, weighted, share, side)
    return other, _correlation(left, other, weighted, share, side)


def correlation(left: Windows, right: Windows, weight: Values, share: Values, side: int) -> Values:
    """The correlation of the windows of two pictures, (h, w)."""
    return _correlation(left, right, np.multiply(right.values, weight, dtype=np.float32), share, side)


def _correlation(left: Windows, right: Windows, weighted: Values, share: Values, side: int) -> Values:
    together = averaged(np.multiply(left.values, weighted, dtype=np.float32), side)
    together /= share
    together -= left.mean * right.mean
    both = left.spread * right.spread
    together /= np.maximum(both, 1e-3, out=both)
    return together


def _windows(values: Values, weighted: Values, share: Values, side: int) -> Windows:
    mean, spread = averaged(weighted, side), averaged(values * weighted, side)
    mean /= share
    spread /= share
    spread -= mean * mean
    return Windows(values, mean, np.sqrt(np.maximum(spread, 0, out=spread), out=spread))
