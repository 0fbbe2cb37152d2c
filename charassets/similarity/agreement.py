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
from charassets.similarity.overlay import OTHER_TONE, Laid, Ways, bounds, cut, laid_on, other_ground_of, toned
from charassets.similarity.shapes import shapes

_OUTLINE = 9  # px of an outline before another background that tell nothing
_CORE = 0.2  # of a drawing that must be left within its outlines
_VEILED = 64  # of 255; of outlines half a pixel beside each other less is left after the blur
_THIN, _DENSE = 16, 239  # of 255; glows, smoke and veils lie between
_CHANGED = 30.0  # grey levels; JPEG at quality 30 stays below after the blur
_CALM = 10.0  # grey levels; paper grain and JPEG noise
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


def compare(left: Preview, right: Preview, alignment: Alignment) -> Agreement | None:
    """Measure how far ``left`` agrees with ``right``; None where too little of them lies on each other.

    Args:
        left: the picture that is laid on the other; its mirror image, if the alignment says so.
        right: the picture it is laid on.
        alignment: from ``left`` to ``right``.
    """
    whole = laid_on(left, right, alignment.matrix)
    if np.count_nonzero(whole.both) < _LEAST_COMPARED * whole.smaller:
        return None
    found = toned(whole)
    laid, ways = cut(whole, found)
    both = laid.both
    inside, other_ground = _inside(both, other_ground=other_ground_of(found, whole))
    translucent = _translucent(laid)
    if translucent is not None and np.count_nonzero(inside & ~translucent) > _CORE * np.count_nonzero(both):
        inside &= ~translucent
    left_grey, right_grey = ways[0]
    same, other, known = shapes(left_grey, right_grey, inside)
    beyond = np.minimum.reduce([_beyond(*way) for way in ways])
    changed = _opened(beyond > _CHANGED, inside)
    calm = beyond <= _CALM  # grain that resampling moved has another shape and the same values
    same, other = same | (known & calm), other & ~calm
    area, within = max(1, np.count_nonzero(known)), max(1, np.count_nonzero(inside))
    turn, recoloured, colourless = _colours(laid, both)
    return Agreement(
        compared=np.count_nonzero(both) / laid.smaller,
        same=np.count_nonzero(same) / area,
        other=np.count_nonzero(other) / area,
        spot=_largest(other) / area,
        changed=np.count_nonzero(changed) / within,
        patch=_largest(changed) / within,
        added=_added(ways, laid, translucent),
        veiled=_veiled(laid),
        other_ground=other_ground,
        turn=turn,
        recoloured=recoloured,
        grey=colourless,
        box=place_of(left.pixels.shape[:2], right.pixels.shape[:2], alignment.matrix),
    )


def mirror_image(preview: Preview) -> Preview:
    """The preview on its back."""
    return Preview(
        np.ascontiguousarray(preview.pixels[:, ::-1]),
        np.ascontiguousarray(preview.content[:, ::-1]),
        None if preview.alpha is None else np.ascontiguousarray(preview.alpha[:, ::-1]),
    )


def _inside(both: NDArray[np.bool_], *, other_ground: bool) -> tuple[NDArray[np.bool_], bool]:
    """What both draw, away from the outline where they stand before different backgrounds; and whether they do.

    Half a pixel of another background in an outline, or in what is half transparent beside it, is no other drawing.
    """
    if not other_ground:
        return both.copy(), False
    core = cv2.erode(both.view(np.uint8), np.ones((_OUTLINE, _OUTLINE), np.uint8), borderValue=1) > 0
    return (core if np.count_nonzero(core) > _CORE * np.count_nonzero(both) else both.copy()), True


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


def _added(ways: Ways, laid: Laid, translucent: NDArray[np.bool_] | None) -> float:
    """Share of the drawing that only one picture has.

    Where the drawing is as dark as the other's background, the background may have leaked into it: then the values agree,
    in the tones of either or as they are, and nothing was added. A white page stays white when a picture is brightened.
    """
    (left, right), (left_plain, right_plain) = ways[0], (ways[-1][0], ways[0][1])
    alone = (laid.left_drawn ^ laid.right_drawn) & (np.abs(left - right) > OTHER_TONE)
    alone &= np.abs(left_plain - right_plain) > OTHER_TONE
    if translucent is not None:
        alone &= ~translucent
    solid = cv2.morphologyEx(alone.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.count_nonzero(solid) / max(1, np.count_nonzero(laid.left_drawn | laid.right_drawn))


def _veiled(laid: Laid) -> float:
    """Share of the drawing of two cut-outs that is clearly more transparent in one of them; 0 where one has a background."""
    if laid.left_alpha is None or laid.right_alpha is None:
        return 0.0
    unlike = (cv2.absdiff(laid.left_alpha, laid.right_alpha) > _VEILED) & laid.covered
    solid = cv2.morphologyEx(unlike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    drawn = (np.maximum(laid.left_alpha, laid.right_alpha) >= OPAQUE) & laid.covered
    return np.count_nonzero(solid) / max(1, np.count_nonzero(drawn))


def _translucent(laid: Laid) -> NDArray[np.bool_] | None:
    """Where a cut-out lets a background through that the other picture fills in, (h, w); None where that cannot be.

    Outlines, which are soft, do not count.
    """
    alpha = laid.left_alpha if laid.right_alpha is None else laid.right_alpha
    if alpha is None or (laid.left_alpha is not None and laid.right_alpha is not None):
        return None
    half = ((alpha > _THIN) & (alpha < _DENSE)).astype(np.uint8)
    return cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0


def _largest(mask: NDArray[np.bool_]) -> int:
    some = bounds(mask)
    if some is None:
        return 0
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask[some].astype(np.uint8), connectivity=8)
    return int(statistics[1:, cv2.CC_STAT_AREA].max(initial=0))


def _colours(laid: Laid, both: NDArray[np.bool_]) -> tuple[float, float, str]:
    """Turn of the hues in degrees, share that changed otherwise, and which side is grey."""
    height, width = both.shape
    half = max(1, width // 2), max(1, height // 2)  # JPEG keeps colour at half the resolution
    shown = cv2.resize(both.view(np.uint8), half, interpolation=cv2.INTER_NEAREST).view(bool)
    if not shown.any():  # a few pixels, between which half the resolution falls
        return 0.0, 0.0, "both"
    sides = (cv2.resize(side, half, interpolation=cv2.INTER_AREA) for side in (laid.left, laid.right))
    chroma = [_chroma(np.asarray(side, np.float32), shown) for side in sides]
    plain = [float(np.abs(side).mean()) < _COLOURFUL for side in chroma]
    if any(plain):
        return 0.0, 0.0, "both" if all(plain) else "left" if plain[0] else "right"
    change = np.vdot(chroma[0], chroma[1]) / np.vdot(chroma[0], chroma[0]).real
    left_over = np.abs(chroma[1] - change * chroma[0])
    return float(abs(np.degrees(np.angle(change)))), float((left_over > _RECOLOURED).mean()), "neither"


def _chroma(pixels: NDArray[np.float32], shown: NDArray[np.bool_]) -> NDArray[np.complex64]:
    """Lab's a + bi of the pixels, softened."""
    lab = cv2.cvtColor(np.clip(pixels * np.float32(1 / 255), 0, 1), cv2.COLOR_RGB2LAB)
    soft = cv2.blur(lab, (3, 3)).reshape(-1, 3).take(np.flatnonzero(shown), axis=0)
    return (soft[:, 1] + 1j * soft[:, 2]).astype(np.complex64)


def place_of(
    size: tuple[int, int], onto: tuple[int, int], matrix: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """The box of a picture of some height and width within the other, as in ``Agreement``, when it is laid so."""
    height, width = size
    corners = np.array(
        [[-0.5, -0.5, 1], [width - 0.5, -0.5, 1], [-0.5, height - 0.5, 1], [width - 0.5, height - 0.5, 1]]
    )
    laid = (corners @ matrix.T + 0.5) / np.array([onto[1], onto[0]])
    (x0, y0), (x1, y1) = laid.min(axis=0), laid.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)
