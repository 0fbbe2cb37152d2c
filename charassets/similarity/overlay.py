"""Two pictures laid on each other: pixel on pixel, softened alike, as grey in each other's tones.

What belongs here: the overlay. Not here: how it was found (``alignment``), and what is measured on it (``shapes``, ``agreement``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.preview import Preview

OTHER_TONE = 32.0
"""Grey levels by which a flat window departs from the tone curve of the pair."""

_BLUR = 1.2  # px: a softened, a half-size and a recompressed copy look alike below this scale
_REACH = 2.5  # of the blur's sigma, on each side
_WHOLE = 0.9999  # of what the blur reaches is drawn
_DRAWN = 3  # the channel beside red, green and blue
_MARGIN = 2  # px around the drawings that filters of three pixels reach
_DARKEST, _BRIGHTEST = (4.001,) * 4, (250.999,) * 4  # of a channel; what is clipped has lost its tone
_MANY = 4_096  # pixels, evenly taken, that a line of tones or a median is found from
_SAME_TONE = 1.5  # grey levels
_GAINS = (0.4, 2.5)  # a contrast that a copy may have gained or lost
_LEAST_SHOWN = 64  # px for a line of tones

Slices = tuple[slice, slice]
Ways = tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
"""The grey pictures left and right: left in the tones of right, and right in the tones of left. Both ways, for what one has clipped
cannot be had back from it; one way where the tones are the same."""


@dataclass(frozen=True)
class Laid:
    """Two pictures of one size, pixel on pixel.

    (h, w, 3) float32 RGB, (h, w) bool of what each draws and both cover, (h, w) uint8 alpha of those that are cut-outs.
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    left_drawn: NDArray[np.bool_]
    right_drawn: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    smaller: int
    left_alpha: NDArray[np.uint8] | None
    right_alpha: NDArray[np.uint8] | None

    @property
    def both(self) -> NDArray[np.bool_]:
        """What both draw."""
        return self.left_drawn & self.right_drawn


def laid_on(left: Preview, right: Preview, matrix: NDArray[np.float64]) -> Laid:
    """Both in the frame of the coarser one, so that neither has detail that the other cannot have."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale > 1:
        turned = laid_on(right, left, np.asarray(cv2.invertAffineTransform(matrix), np.float64))
        return Laid(
            turned.right,
            turned.left,
            turned.right_drawn,
            turned.left_drawn,
            turned.covered,
            turned.smaller,
            turned.right_alpha,
            turned.left_alpha,
        )
    height, width = right.pixels.shape[:2]
    soft, onto = _softened(left, _BLUR / scale), _softened(right, _BLUR)
    moved = np.asarray(cv2.warpAffine(soft, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    covered = _covered(left.content.shape, matrix, (width, height))
    smaller = min(np.count_nonzero(left.content) * scale**2, np.count_nonzero(right.content))
    return Laid(
        _colour(moved),
        _colour(onto),
        (cv2.extractChannel(moved, _DRAWN) > 0.5) & covered,
        right.content & covered,
        covered,
        max(1, int(smaller)),
        None if left.alpha is None else _moved_alpha(left.alpha, matrix, (width, height), scale),
        None if right.alpha is None else np.asarray(cv2.GaussianBlur(right.alpha, (0, 0), _BLUR), np.uint8),
    )


def cut(laid: Laid, ways: Ways) -> tuple[Laid, Ways]:
    """Without what lies around both drawings: nothing is measured there but the tone of the background."""
    drawn = bounds(laid.left_drawn | laid.right_drawn)
    if drawn is None:
        return laid, ways
    rows, columns = (slice(max(0, side.start - _MARGIN), side.stop + _MARGIN) for side in drawn)

    def part(values: NDArray) -> NDArray:
        return np.ascontiguousarray(values[rows, columns])

    left_alpha, right_alpha = (None if alpha is None else part(alpha) for alpha in (laid.left_alpha, laid.right_alpha))
    masks = part(laid.left_drawn), part(laid.right_drawn), part(laid.covered)
    less = Laid(part(laid.left), part(laid.right), *masks, laid.smaller, left_alpha, right_alpha)
    return less, tuple((part(one), part(other)) for one, other in ways)


def _moved_alpha(
    alpha: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], scale: float
) -> NDArray[np.uint8]:
    soft = cv2.GaussianBlur(alpha, (0, 0), _BLUR / scale)
    return np.asarray(cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def _covered(shape: tuple[int, ...], matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of a frame of some width and height a picture of ``shape`` covers when it is laid there."""
    width, height = size
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], np.float64)
    of_picture = corners @ np.asarray(cv2.invertAffineTransform(matrix), np.float64).T
    if (of_picture >= 0).all() and (of_picture <= (shape[1] - 1, shape[0] - 1)).all():
        return np.ones((height, width), bool)
    return cv2.warpAffine(np.ones(shape, np.float32), matrix, size) > 0.99


def _softened(preview: Preview, sigma: float) -> NDArray[np.float32]:
    """The drawing blurred within itself, for another background must not bleed into its outline: (h, w, 4) float32.

    The fourth channel is 1 where something is drawn; four channels are moved in half the time of three.
    """
    size = (2 * round(_REACH * sigma) + 1,) * 2
    drawn = preview.content.view(np.uint8)
    stored = cv2.cvtColor(preview.pixels, cv2.COLOR_RGB2RGBA)
    stored[..., _DRAWN] = drawn
    pixels = stored.astype(np.float32)
    if drawn.all():
        return np.asarray(cv2.GaussianBlur(pixels, size, sigma), np.float32)
    soft = cv2.GaussianBlur(cv2.copyTo(pixels, drawn), size, sigma)
    share = cv2.extractChannel(soft, _DRAWN)
    outline = np.flatnonzero(preview.content & (share < _WHOLE))
    soft.reshape(-1, 4)[outline] /= share.ravel()[outline, None]
    soft[..., _DRAWN] = drawn
    return np.asarray(cv2.copyTo(soft, drawn, pixels), np.float32)


def _colour(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the fourth channel."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), np.float32)


def bounds(mask: NDArray[np.bool_]) -> Slices | None:
    """The rows and columns that a mask reaches over; None where it is empty."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return (slice(y, y + height), slice(x, x + width)) if width else None


def toned(laid: Laid) -> Ways:
    """The pictures as grey, one in the other's tones: brightened or clipped, but by one straight line for all.

    A freer curve would take a dark skin for a bright one.
    """
    left, right = _grey(laid.left), _grey(laid.right)
    shown = np.flatnonzero(laid.both & _unclipped(laid.left) & _unclipped(laid.right))
    some = shown[:: max(1, len(shown) // _MANY)]
    x, y = left.ravel()[some], right.ravel()[some]
    there, back = _in_tones(laid.left, left, x, y), _in_tones(laid.right, right, y, x)
    return ((left, right),) if there is left and back is right else ((there, right), (left, back))


def _in_tones(
    pixels: NDArray[np.float32], grey: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A (h, w, 3) picture as grey, with the line that brings its values x to the other's y; ``grey`` where tones are the same."""
    if len(x) < _LEAST_SHOWN or float(x.var()) < 1:
        return grey
    gain, offset = _line(x, y)
    near = np.abs(y - gain * x - offset) < OTHER_TONE / 2  # once more without what was drawn otherwise
    if np.count_nonzero(near) >= _LEAST_SHOWN and float((nearer := x[near]).var()) >= 1:
        gain, offset = _line(nearer, y[near])
    if max(abs(offset), abs(255 * (gain - 1) + offset)) < _SAME_TONE:
        return grey
    toned = pixels * np.float32(gain)
    toned += np.float32(offset)
    return _grey(np.clip(toned, 0, 255, out=toned))  # each channel clips by itself


def _unclipped(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    return cv2.inRange(pixels, _DARKEST, _BRIGHTEST).view(bool)


def _grey(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    apart, other = x - x.mean(), y - y.mean()
    gain = min(max(float(np.dot(apart, other) / np.dot(apart, apart)), _GAINS[0]), _GAINS[1])
    return gain, _median(y - np.float32(gain) * x)


def _median(values: NDArray[np.floating]) -> float:
    """``numpy.median`` of some values, which looks for NaN and takes twice as long."""
    half = len(values) // 2
    parted = np.partition(values, half)
    return float(parted[half] if len(values) % 2 else (parted[:half].max() + parted[half]) / 2)


def other_ground_of(ways: Ways, laid: Laid) -> bool:
    """Whether the pictures have different plain backgrounds where neither draws, in the tones of either."""
    behind = np.flatnonzero(laid.covered & ~laid.left_drawn & ~laid.right_drawn)
    if len(behind) < _LEAST_SHOWN:
        return False
    some = behind[:: max(1, len(behind) // _MANY)]
    tones = ([_median(side.ravel()[some]) for side in way] for way in ways)
    return all(abs(left - right) > OTHER_TONE for left, right in tones)
