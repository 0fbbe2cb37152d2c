"""A rough look at two small grey pictures, one laid on the other: whether what is drawn there has anything of one shape.

What belongs here: measuring at a quarter of the pixels, for a tenth of the cost of the whole (``agreement``). Not here: what
follows (``judgement``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.preview import Preview
from charassets.similarity.windows import averaged, correlated, windows_of

SIDE = 112
"""Longest side in pixels; half of a preview's."""

_WINDOW = 7  # px: about an eye
_TEXTURED = 6.0  # grey levels of spread from which a window has a shape of its own
_SAME_SHAPE = 0.6  # correlation of a window
_FILLED = 0.35  # of a window that both pictures draw
_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # px: what corners leave of a pose
_FINER = 0.6  # of the scale; a picture that is made smaller still is softened first
_COVERED = 0.5
_OTHER_TONE = 20.0  # grey levels
_GAINS = (0.4, 2.5)  # a contrast that a copy may have gained or lost
_EACH = 8  # of so many windows one is asked for its tone: they overlap
_LEAST_WINDOWS = 16


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
        alike: share of the windows with a shape of their own that have the same one; 1 where none has.
        shaped: share of the windows that have one.
        tones: float32, shape (n,): mean grey of some windows of the one.
        others: float32, shape (5, n): of the other's, as they lie and moved by a pixel.
    """

    alike: float
    shaped: float
    tones: NDArray[np.float32]
    others: NDArray[np.float32]

    @classmethod
    def blank(cls, alike: float) -> "Rough":
        """Without a window that tells anything."""
        return cls(alike, 0.0, np.empty(0, np.float32), np.empty((len(_SHIFTS), 0), np.float32))

    @property
    def odd(self) -> float:
        """Share of the windows that are brighter or darker than a common change of tones makes them.

        Grain and screentone, which have another shape in every copy, have the same tone in all.
        """
        if len(self.tones) < _LEAST_WINDOWS:
            return 0.0
        off = self.others - _in_line(self.tones, self.others[0])
        near = np.abs(off[0]) < _OTHER_TONE  # once more without what was drawn otherwise
        if np.count_nonzero(near) >= _LEAST_WINDOWS:
            off = self.others - _in_line(self.tones, self.others[0], near)
        return float((np.abs(off).min(axis=0) > _OTHER_TONE).mean())


@dataclass(frozen=True)
class Over:
    """Two small pictures, one laid on the other; all of shape (h, w).

    Attributes:
        left, right: float32: their greys.
        both: bool: what both draw.
        compared: share of the smaller drawing that both show, 0-1 or a little more.
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    both: NDArray[np.bool_]
    compared: float

    @classmethod
    def of(cls, left: Small, right: Small, matrix: NDArray[np.float64]) -> "Over":
        """Lay one on the other, the finer one on the coarser one.

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
        return cls(moved, right.grey, both, np.count_nonzero(both) / max(1.0, smaller))

    def look(self) -> Rough:
        """Window by window."""
        x, y, width, height = cv2.boundingRect(self.both.view(np.uint8))
        if not width:
            return Rough.blank(alike=1.0)
        rows, columns = slice(y, y + height), slice(x, x + width)
        left, both = self.left[rows, columns], self.both[rows, columns]
        weight = both.astype(np.float32)
        full = averaged(weight, _WINDOW)
        known = both & (full > _FILLED)
        share = np.maximum(full, 1e-3)
        own = windows_of(left, weight, share, _WINDOW)
        correlation = np.full(left.shape, -1.0, np.float32)
        asked, tones = np.flatnonzero(known)[::_EACH], []
        wide = np.asarray(cv2.copyMakeBorder(self.right, 1, 1, 1, 1, cv2.BORDER_REPLICATE), np.float32)
        shaped = known
        for dx, dy in _SHIFTS:
            moved = wide[rows.start + 1 - dy : rows.stop + 1 - dy, columns.start + 1 - dx : columns.stop + 1 - dx]
            other, found = correlated(own, moved, weight, share, _WINDOW)
            tones.append(other.mean.ravel()[asked])
            if not dx and not dy:
                shaped = known & (np.maximum(own.spread, other.spread) > _TEXTURED)
            np.maximum(correlation, found, out=correlation)
        number = np.count_nonzero(shaped)
        alike = np.count_nonzero(shaped & (correlation >= _SAME_SHAPE)) / number if number else 1.0
        return Rough(alike, number / max(1, np.count_nonzero(known)), own.mean.ravel()[asked], np.stack(tones))


def _in_line(left: NDArray[np.float32], right: NDArray[np.float32], some: NDArray[np.bool_] | None = None) -> NDArray:
    """Left's tones as right's, by the line that suits some of them."""
    x, y = (left, right) if some is None else (left[some], right[some])
    apart = x - x.mean()
    square = float(np.dot(apart, apart))
    gain = np.float32(np.clip(np.dot(apart, y) / square, *_GAINS) if square > 1 else 1.0)
    return gain * left + np.float32(np.median(y - gain * x))


def _scaled(scale: float) -> NDArray[np.float64]:
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])
