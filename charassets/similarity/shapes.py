"""Where two grey pictures that lie on each other have the same shapes: local correlation, window by window.

What belongs here: windows. Not here: laying pictures on each other (``overlay``), and what follows (``agreement``).
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.similarity.overlay import OTHER_TONE, Slices, bounds
from charassets.similarity.windows import Windows, averaged, correlated, correlation, windows_of

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
    full = averaged(weight, _WINDOW)
    known = both & (full > _FILLED)
    share = np.maximum(full, 1e-3)
    own, other = (windows_of(side, weight, share, _WINDOW) for side in (left, right))
    textured = np.maximum(own.spread, other.spread) > _TEXTURED
    correlation = np.full(left.shape, -1.0, np.float32)
    area = _Area(own, other, weight, share)
    for dx, dy in _SHIFTS:
        some = bounds(known & textured & (correlation < _SAME_SHAPE))
        if some is None:
            break
        correlation[some] = np.maximum(correlation[some], area.correlation(some, dx, dy))
    odd_tone = np.abs(own.mean - other.mean) > OTHER_TONE
    same = known & ((textured & (correlation >= _SAME_SHAPE)) | ~(textured | odd_tone))
    unlike = known & ((textured & (correlation < _OTHER_SHAPE)) | (odd_tone & ~textured))
    return same, unlike, known


@dataclass(frozen=True)
class _Area:
    """What windows of two grey pictures are correlated from; all of shape (h, w)."""

    left: Windows
    right: Windows
    weight: NDArray[np.float32]
    share: NDArray[np.float32]

    def correlation(self, some: Slices, dx: int, dy: int) -> NDArray[np.float32]:
        """Of the windows around some pixels, with the right picture moved by a pixel or not."""
        height, width = self.weight.shape
        rows, columns = some
        wide = (
            slice(max(0, rows.start - _WINDOW // 2), min(height, rows.stop + _WINDOW // 2)),
            slice(max(0, columns.start - _WINDOW // 2), min(width, columns.stop + _WINDOW // 2)),
        )
        left, weight, share = self.left.part(wide), self.weight[wide], self.share[wide]
        if dx or dy:
            _, found = correlated(left, self._moved(wide, dx, dy), weight, share, _WINDOW)
        else:
            found = correlation(left, self.right.part(wide), weight, share, _WINDOW)
        return found[
            rows.start - wide[0].start : rows.stop - wide[0].start,
            columns.start - wide[1].start : columns.stop - wide[1].start,
        ]

    def _moved(self, some: Slices, dx: int, dy: int) -> NDArray[np.float32]:
        """A part of the right picture after it was moved; what comes in from outside are the pixels of its border."""
        rows, columns = (
            slice(side.start + 1 - by, side.stop + 1 - by) for side, by in zip(some, (dy, dx), strict=True)
        )
        return self._bordered[rows, columns]

    @cached_property
    def _bordered(self) -> NDArray[np.float32]:
        """The right picture with the pixels of its border once more around it."""
        return np.asarray(cv2.copyMakeBorder(self.right.values, 1, 1, 1, 1, cv2.BORDER_REPLICATE), np.float32)
