"""How far two pictures agree once one lies on the other: shape by local correlation, colour by its turn around the grey axis.

What belongs here: measuring. Not here: what counts as the same picture (``judgement``), and how the pictures were laid on
each other (``alignment``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.preview import Preview
from charassets.images.quality import OPAQUE
from charassets.similarity.alignment import Alignment

_BLUR = 1.2  # px: a softened, a half-size and a recompressed copy look alike below this scale
_WINDOW = 13  # px, about an eye of a bust in a preview
_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # px: what is left between two laid pictures
_TEXTURED = 6.0  # grey levels of spread from which a window has a shape of its own
_SAME_SHAPE, _OTHER_SHAPE = 0.6, 0.35  # correlation of a window; in between it does not tell
_OTHER_TONE = 32.0  # grey levels by which a flat window departs from the tone curve of the pair
_OUTLINE = 9  # px of an outline before another background that tell nothing
_CORE = 0.2  # of a drawing that must be left within its outlines
_FILLED = 0.35  # of a window that both pictures draw; outlines against another background have less
_VEILED = 64  # of 255; of outlines half a pixel beside each other less is left after the blur
_THIN, _DENSE = 16, 239  # of 255; glows, smoke and veils lie between
_CHANGED = 30.0  # grey levels; JPEG at quality 30 stays below after the blur
_CALM = 10.0  # grey levels; paper grain and JPEG noise
_BLACK, _WHITE = 4, 251  # what is clipped has lost its tone
_LEAST_SHOWN = 64  # px for a line of tones
_GAINS = (0.4, 2.5)  # a contrast that a copy may have gained or lost
_LEAST_COMPARED = 0.10  # of the smaller drawing
_COLOURFUL = 4.0  # mean distance from grey in Lab below which a picture has no hue
_RECOLOURED = 14.0  # distance in Lab from where the pair's common change of colour would put a window


@dataclass(frozen=True)
class Agreement:
    """How far a picture agrees with the one it lies on.

    Attributes:
        compared: share of the smaller drawing that both show, 0-1.
        same: share of the compared drawing whose shapes are the same.
        other: share whose shapes are not.
        spot: largest connected part that is not the same, as a share of the compared drawing.
        changed: share of the compared drawing whose pixels changed beyond softening and recompression.
        patch: largest connected part of those.
        added: share of the drawing that one shows and the other has plain background for.
        veiled: where both are cut-outs, share of the drawing that one covers clearly less than the other; wings of gauze, that
            are not seen on white.
        other_ground: the drawings stand before different plain backgrounds.
        turn: degrees by which the hues of one are turned against the other's; 0 where either is grey.
        recoloured: share of the compared drawing whose colour changed otherwise than the rest's.
        grey: ``left``, ``right``, ``both`` or ``neither`` is without colour.
        box: x0, y0, x1, y1 of the picture within the other, as fractions of the other (beyond 0-1 where it reaches out).
    """

    compared: float
    same: float
    other: float
    spot: float
    changed: float
    patch: float
    added: float
    veiled: float
    other_ground: bool
    turn: float
    recoloured: float
    grey: str
    box: tuple[float, float, float, float]


_Ways = tuple[tuple[NDArray[np.float32], NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""The grey pictures left and right: left in the tones of right, and right in the tones of left."""


@dataclass(frozen=True)
class _Laid:
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
        return self.left_drawn & self.right_drawn


def compare(left: Preview, right: Preview, alignment: Alignment) -> Agreement | None:
    """Measure how far ``left`` agrees with ``right``; None where too little of them lies on each other.

    Args:
        left: the picture that is laid on the other; its mirror image, if the alignment says so.
        right: the picture it is laid on.
        alignment: from ``left`` to ``right``.
    """
    laid = _laid(left, right, alignment.matrix)
    both = laid.both
    if both.sum() < _LEAST_COMPARED * laid.smaller:
        return None
    # Both ways: what one has clipped cannot be had back from it.
    ways: _Ways = (
        (_toned(laid.left, laid.right, both), _grey(laid.right)),
        (_grey(laid.left), _toned(laid.right, laid.left, both)),
    )
    grounds = [_inside(*way, laid) for way in ways]
    inside, other_ground = min(grounds, key=lambda ground: ground[1])
    translucent = _translucent(laid)
    if translucent is not None and (inside & ~translucent).sum() > _CORE * both.sum():
        inside &= ~translucent
    left_grey, right_grey = ways[0]
    same, other, known = _shapes(left_grey, right_grey, inside)
    beyond = np.minimum(*(_beyond(*way) for way in ways))
    changed = _opened(beyond > _CHANGED, inside)
    calm = beyond <= _CALM  # grain that resampling moved has another shape and the same values
    same, other = same | (known & calm), other & ~calm
    area = max(1, int(known.sum()))
    turn, recoloured, colourless = _colours(laid, both)
    return Agreement(
        compared=float(both.sum() / laid.smaller),
        same=float(same.sum() / area),
        other=float(other.sum() / area),
        spot=_largest(other) / area,
        changed=float(changed.sum() / max(1, inside.sum())),
        patch=_largest(changed) / max(1, int(inside.sum())),
        added=_added(ways, laid, translucent),
        veiled=_veiled(laid),
        other_ground=other_ground,
        turn=turn,
        recoloured=recoloured,
        grey=colourless,
        box=_box(left.pixels.shape[:2], right.pixels.shape[:2], alignment.matrix),
    )


def mirror_image(preview: Preview) -> Preview:
    """The preview on its back."""
    return Preview(
        np.ascontiguousarray(preview.pixels[:, ::-1]),
        np.ascontiguousarray(preview.content[:, ::-1]),
        None if preview.alpha is None else np.ascontiguousarray(preview.alpha[:, ::-1]),
    )


def _laid(left: Preview, right: Preview, matrix: NDArray[np.float64]) -> _Laid:
    """Both in the frame of the coarser one, so that neither has detail that the other cannot have."""
    scale = float(np.hypot(*matrix[:, 0]))
    if scale > 1:
        turned = _laid(right, left, np.asarray(cv2.invertAffineTransform(matrix), np.float64))
        return _Laid(
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
    moved = cv2.warpAffine(_softened(left, _BLUR / scale), matrix, (width, height), flags=cv2.INTER_LINEAR)
    covered = cv2.warpAffine(np.ones(left.content.shape, np.float32), matrix, (width, height)) > 0.99
    drawn = cv2.warpAffine(left.content.astype(np.float32), matrix, (width, height)) > 0.5
    smaller = min(left.content.sum() * scale**2, right.content.sum())
    return _Laid(
        np.asarray(moved, np.float32),
        _softened(right, _BLUR),
        drawn & covered,
        right.content & covered,
        covered,
        max(1, int(smaller)),
        None if left.alpha is None else _moved_alpha(left.alpha, matrix, (width, height), scale),
        None if right.alpha is None else np.asarray(cv2.GaussianBlur(right.alpha, (0, 0), _BLUR), np.uint8),
    )


def _moved_alpha(
    alpha: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], scale: float
) -> NDArray[np.uint8]:
    soft = cv2.GaussianBlur(alpha, (0, 0), _BLUR / scale)
    return np.asarray(cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def _softened(preview: Preview, sigma: float) -> NDArray[np.float32]:
    """The drawing blurred within itself: another background must not bleed into its outline."""
    weight = preview.content.astype(np.float32)
    share = cv2.GaussianBlur(weight, (0, 0), sigma)
    soft = cv2.GaussianBlur(preview.pixels * weight[..., None], (0, 0), sigma) / np.maximum(share, 1e-3)[..., None]
    return np.where(preview.content[..., None], soft, preview.pixels).astype(np.float32)


def _shapes(
    left: NDArray[np.float32], right: NDArray[np.float32], both: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the windows of two grey pictures have the same shape, another one, and where they tell at all: (h, w) bool."""
    weight = both.astype(np.float32)
    filled = _window(weight)
    known = both & (filled > _FILLED)
    share = np.maximum(filled, 1e-3)
    left_mean, left_spread = _moments(left, weight, share)
    right_mean, right_spread = _moments(right, weight, share)
    correlation = np.full(left.shape, -1.0, np.float32)
    for dx, dy in _SHIFTS:
        moved = np.roll(right, (dy, dx), axis=(0, 1))
        mean, spread = (right_mean, right_spread) if (dx, dy) == (0, 0) else _moments(moved, weight, share)
        together = _window(left * moved * weight) / share - left_mean * mean
        correlation = np.maximum(correlation, together / np.maximum(left_spread * spread, 1e-3))
    textured = np.maximum(left_spread, right_spread) > _TEXTURED
    odd_tone = np.abs(left_mean - right_mean) > _OTHER_TONE
    same = known & np.where(textured, correlation >= _SAME_SHAPE, ~odd_tone)
    other = known & np.where(textured, correlation < _OTHER_SHAPE, odd_tone)
    return same, other, known


def _inside(left: NDArray[np.float32], right: NDArray[np.float32], laid: _Laid) -> tuple[NDArray[np.bool_], bool]:
    """What both draw, away from the outline where they stand before different backgrounds; and whether they do.

    Half a pixel of another background in an outline, or in what is half transparent beside it, is no other drawing.
    """
    both = laid.both
    behind = laid.covered & ~laid.left_drawn & ~laid.right_drawn
    if (
        behind.sum() < _LEAST_SHOWN
        or abs(float(np.median(left[behind])) - float(np.median(right[behind]))) <= _OTHER_TONE
    ):
        return both, False
    core = cv2.erode(both.astype(np.uint8), np.ones((_OUTLINE, _OUTLINE), np.uint8), borderValue=1) > 0
    return (core if core.sum() > _CORE * both.sum() else both), True


def _moments(
    values: NDArray[np.float32], weight: NDArray[np.float32], share: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean = _window(values * weight) / share
    return mean, np.sqrt(np.maximum(_window(values * values * weight) / share - mean * mean, 0))


def _window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (_WINDOW, _WINDOW), borderType=cv2.BORDER_CONSTANT), np.float32)


def _toned(left: NDArray[np.float32], right: NDArray[np.float32], both: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The left (h, w, 3) picture as grey in the right one's tones: brightened or clipped, but by one straight line for all.

    A freer curve would take a dark skin for a bright one.
    """
    shown = both & ~_clipped(left) & ~_clipped(right)
    x, y = _grey(left)[shown], _grey(right)[shown]
    if len(x) < _LEAST_SHOWN or float(x.var()) < 1:
        return _grey(left)
    gain, offset = _line(x, y)
    near = np.abs(y - gain * x - offset) < _OTHER_TONE / 2  # once more without what was drawn otherwise
    if near.sum() >= _LEAST_SHOWN and float(x[near].var()) >= 1:
        gain, offset = _line(x[near], y[near])
    return _grey(np.clip(gain * left + offset, 0, 255).astype(np.float32))  # each channel clips by itself


def _clipped(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    red, green, blue = cv2.split(pixels)  # a reduction over an axis of three takes ten times as long
    low, high = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    return (low <= _BLACK) | (high >= _WHITE)


def _grey(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    gain = float(np.clip(np.cov(x, y)[0, 1] / x.var(), *_GAINS))
    return gain, float(np.median(y - gain * x))


def _beyond(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a grey picture leaves the range of the other's pixels around: an eye that closed, a lock of hair that moved.

    The range makes up for pictures that lie half a pixel beside each other.
    """
    around = np.ones((3, 3), np.uint8)
    beyond = np.zeros_like(left)
    for one, other in ((left, right), (right, left)):
        low, high = cv2.erode(other, around), cv2.dilate(other, around)
        beyond = np.maximum(beyond, np.maximum(low - one, one - high))
    return beyond


def _opened(mask: NDArray[np.bool_], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without its threads of one pixel."""
    return cv2.morphologyEx((mask & within).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0


def _added(ways: _Ways, laid: _Laid, translucent: NDArray[np.bool_] | None) -> float:
    """Share of the drawing that only one picture has.

    Where the drawing is as dark as the other's background, the background may have leaked into it: then the values agree,
    in the tones of either or as they are, and nothing was added. A white page stays white when a picture is brightened.
    """
    (left, right), (left_plain, right_plain) = ways[0], (ways[1][0], ways[0][1])
    alone = (laid.left_drawn ^ laid.right_drawn) & (np.abs(left - right) > _OTHER_TONE)
    alone &= np.abs(left_plain - right_plain) > _OTHER_TONE
    if translucent is not None:
        alone &= ~translucent
    solid = cv2.morphologyEx(alone.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return float(solid.sum() / max(1, (laid.left_drawn | laid.right_drawn).sum()))


def _veiled(laid: _Laid) -> float:
    """Share of the drawing of two cut-outs that is clearly more transparent in one of them; 0 where one has a background."""
    if laid.left_alpha is None or laid.right_alpha is None:
        return 0.0
    unlike = (cv2.absdiff(laid.left_alpha, laid.right_alpha) > _VEILED) & laid.covered
    solid = cv2.morphologyEx(unlike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    drawn = (np.maximum(laid.left_alpha, laid.right_alpha) >= OPAQUE) & laid.covered
    return float(solid.sum() / max(1, drawn.sum()))


def _translucent(laid: _Laid) -> NDArray[np.bool_] | None:
    """Where a cut-out lets a background through that the other picture fills in, (h, w); None where that cannot be.

    Outlines, which are soft, do not count.
    """
    alpha = laid.left_alpha if laid.right_alpha is None else laid.right_alpha
    if alpha is None or (laid.left_alpha is not None and laid.right_alpha is not None):
        return None
    half = ((alpha > _THIN) & (alpha < _DENSE)).astype(np.uint8)
    return cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0


def _largest(mask: NDArray[np.bool_]) -> int:
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return int(statistics[1:, cv2.CC_STAT_AREA].max(initial=0))


def _colours(laid: _Laid, both: NDArray[np.bool_]) -> tuple[float, float, str]:
    """Turn of the hues in degrees, share that changed otherwise, and which side is grey."""
    chroma = [_chroma(side, both) for side in (laid.left, laid.right)]
    plain = [float(np.abs(side).mean()) < _COLOURFUL for side in chroma]
    if any(plain):
        return 0.0, 0.0, "both" if all(plain) else "left" if plain[0] else "right"
    change = np.vdot(chroma[0], chroma[1]) / np.vdot(chroma[0], chroma[0]).real
    left_over = np.abs(chroma[1] - change * chroma[0])
    return float(abs(np.degrees(np.angle(change)))), float((left_over > _RECOLOURED).mean()), "neither"


def _chroma(pixels: NDArray[np.float32], both: NDArray[np.bool_]) -> NDArray[np.complex64]:
    """Lab's a + bi of the pixels, softened: JPEG keeps colour at half the resolution."""
    lab = cv2.cvtColor(np.clip(pixels / 255, 0, 1), cv2.COLOR_RGB2LAB)
    soft = cv2.blur(lab[..., 1:], (5, 5))
    return (soft[..., 0] + 1j * soft[..., 1])[both].astype(np.complex64)


def _box(
    size: tuple[int, int], onto: tuple[int, int], matrix: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    height, width = size
    corners = np.array(
        [[-0.5, -0.5, 1], [width - 0.5, -0.5, 1], [-0.5, height - 0.5, 1], [width - 0.5, height - 0.5, 1]]
    )
    laid = (corners @ matrix.T + 0.5) / np.array([onto[1], onto[0]])
    (x0, y0), (x1, y1) = laid.min(axis=0), laid.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)
