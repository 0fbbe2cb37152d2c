"""A plain frame around a picture: bars of one colour that somebody added to reach a format.

What belongs here: finding a frame in the pixels. Not here: the plain background of a drawing (``preview``), which has no
straight inner edge and belongs to the picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels."""

Shares = NDArray[np.float32]

_PLAIN = 14  # grey levels that a bar wavers by after JPEG at quality 30, as in ``preview``
_BAR = 0.995  # of a row or column that has the bar's colour
_STRAIGHT = 0.8  # of the row or column where the picture begins that has another
_BLEED = 17  # px within which it begins: JPEG keeps colours in blocks of sixteen, resizing softens the edge
_LEAST = 0.1  # of the area that must be left; less is no picture in a frame


def frame_box(pixels: NDArray[np.uint8]) -> Box | None:
    """What bars of one colour surround, on all sides or on some, without the soft edge between the two.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        The inner picture; None where there is no bar, or where what it ends at is not straight, as the outline of a figure
        before a plain background is not.
    """
    height, width = pixels.shape[:2]
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    colour = np.median(corners, axis=0)
    if np.abs(corners - colour).max() > _PLAIN:
        return None
    plain = np.asarray(cv2.inRange(pixels, np.maximum(colour - _PLAIN, 0), np.minimum(colour + _PLAIN, 255)), np.uint8)
    rows, columns = _shares(plain)
    top, bottom, left, right = (_plain_lines(shares) for shares in (rows, rows[::-1], columns, columns[::-1]))
    inner = plain[top : height - bottom, left : width - right]
    if inner.size < _LEAST * plain.size:
        return None
    across, down = _shares(inner)
    top, bottom, left, right = (
        _bar(bar, shares) for bar, shares in ((top, across), (bottom, across[::-1]), (left, down), (right, down[::-1]))
    )
    return (left, top, width - right, height - bottom) if top or bottom or left or right else None


def _shares(plain: NDArray[np.uint8]) -> tuple[Shares, Shares]:
    """What is plain of each row and of each column, 0-1."""
    rows, columns = (cv2.reduce(plain, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel() for axis in (1, 0))
    return np.asarray(rows / 255, np.float32), np.asarray(columns / 255, np.float32)


def _plain_lines(shares: Shares) -> int:
    """How many rows or columns are plain before the first that is not."""
    other = shares < _BAR
    return int(other.argmax()) if other.any() else len(shares)


def _bar(lines: int, shares: Shares) -> int:
    """Lines of a bar and of its soft edge; 0 where the picture does not begin on nearly its whole side at once."""
    straight = 1 - shares[:_BLEED] >= _STRAIGHT
    return lines + int(straight.argmax()) + 1 if lines and straight.any() else 0
