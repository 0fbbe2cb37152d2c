"""The colours of hair and skin in the picture of a figure, found without learning: by where each colour lies in the head.

What belongs here: the window around a head, what lies where in it, the choice of hair and skin. Not here: colour groups
(``colour_groups``), eyes and clothes (``figure_colours``), names of colours (``charassets.attributes``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.colour_groups import Groups, Lab, background, colour_groups, lab_of

Fractions = tuple[float, float, float, float]
"""A head as ``x0, y0, x1, y1`` in fractions of the picture."""

_HEAD = 56  # pixels that the longer side of a head is scaled to: irises are still 3-5 pixels wide
_FIGURE = 112  # pixels of the longer side at which the background is looked for
_BESIDE, _ABOVE, _BELOW = 0.6, 0.5, 0.35  # of the head's sides: hair reaches out of the box of a head
_FEWEST = 40  # pixels of a figure in the window that can be judged


@dataclass(frozen=True)
class Head:
    """A head cut out and laid on a grid.

    Attributes:
        lab: (h, w, 3) the window around the head, the head's longer side being ``_HEAD`` pixels.
        inside: (h, w) what is no background.
        across: (h, w) place in the head's box: 0 at its left, 1 at its right edge.
        down: (h, w) 0 at its top, 1 at its bottom edge.
        plain: share of the picture's border that is plain background.
        groups: the colours inside.
    """

    lab: Lab
    inside: NDArray[np.bool_]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    plain: float
    groups: Groups


@dataclass(frozen=True)
class HairAndSkin:
    """The two groups a head is made of.

    Attributes:
        hair: group of ``Head.groups``.
        skin: group of ``Head.groups``.
        colour: Lab of the hair in ordinary light.
        surely: 0-1, how much better this pair explains the head than any other hair would.
        share: share of the places where hair is that this group fills.
    """

    hair: int
    skin: int
    colour: NDArray[np.float64]
    surely: float
    share: float


def head_of(pixels: NDArray[np.uint8], head: Fractions | None) -> Head | None:
    """Cut out a head; None where there is too little of a figure.

    Args:
        pixels: (H, W, 3) sRGB figure.
        head: its head; where it is None, the head is taken to be the upper end of the silhouette.
    """
    height, width = pixels.shape[:2]
    small = _scaled(pixels, min(1.0, _FIGURE / max(height, width)))
    ground, plain = background(lab_of(small))
    x0, y0, x1, y1 = _pixels(head or _upper_end(~ground), width, height)
    across, down = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    left, right = max(0, int(x0 - _BESIDE * across)), min(width, int(x1 + _BESIDE * across) + 1)
    top, bottom = max(0, int(y0 - _ABOVE * down)), min(height, int(y1 + _BELOW * down) + 1)
    window = _scaled(np.ascontiguousarray(pixels[top:bottom, left:right]), _HEAD / max(across, down))
    xs = left + (np.arange(window.shape[1]) + 0.5) / window.shape[1] * (right - left)
    ys = top + (np.arange(window.shape[0]) + 0.5) / window.shape[0] * (bottom - top)
    inside = ~ground[_index(ys, small.shape[0] / height, small.shape[0])][
        :, _index(xs, small.shape[1] / width, small.shape[1])
    ]
    if inside.sum() < _FEWEST:
        return None
    lab = lab_of(window)
    grid = np.meshgrid((xs - x0) / across, (ys - y0) / down)
    return Head(lab, inside, grid[0], grid[1], plain, colour_groups(lab, inside))


def hair_and_skin(head: Head) -> HairAndSkin | None:
    """The pair of colours that best explains a head: one lies at the top and the sides, the other in the middle of the face.

    Asked as a pair, since each alone is often mistaken: brown hair has the hue of skin, and a rough box is centred on the hair.
    """
    told = _features(head)
    usable = np.flatnonzero(head.groups.sizes >= _FEWEST / 2.5)
    if len(usable) < 2:
        return None
    pairs = told.hair[:, None] * told.skin[None, :] * _order(told.height) * _not_a_shade(head.groups.colours)
    np.fill_diagonal(pairs, 0.0)
    pairs = pairs[np.ix_(usable, usable)]
    hair, skin = np.unravel_index(pairs.argmax(), pairs.shape)
    best = pairs[hair, skin]
    rival = float(np.delete(pairs, hair, axis=0).max(initial=0.0))
    if best <= 0:
        return None
    chosen = int(usable[hair])
    return HairAndSkin(
        hair=chosen,
        skin=int(usable[skin]),
        colour=_in_ordinary_light(head.lab[head.groups.labels == chosen]),
        surely=float((best - rival) / (best + rival)),
        share=float(told.share[chosen]),
    )


@dataclass(frozen=True)
class _Features:
    """(k,) how well each group would do as hair and as skin, its share of the hair's places, and its mean height."""

    hair: NDArray[np.float64]
    skin: NDArray[np.float64]
    share: NDArray[np.float64]
    height: NDArray[np.float64]


def _features(head: Head) -> _Features:
    groups, across, down = head.groups, head.across, head.down
    beside = _ramp(np.abs(across - 0.5), 0.3, 0.45)
    top = _ramp(-down, -0.42, -0.17)
    lower_face = ((across - 0.5) / 0.3) ** 2 + ((down - 0.68) / 0.24) ** 2 < 1
    crown = np.maximum(top, 0.6 * beside * _ramp(-down, -1.15, -0.9)) * np.where(lower_face, 0.1, 1.0)
    crown *= _ramp(-np.abs(across - 0.5), -1.1, -0.8)
    temples = beside * _ramp(down, 0.3, 0.4) * _ramp(-down, -1.1, -0.95) * _ramp(-np.abs(across - 0.5), -0.9, -0.7)
    middle = np.exp(-(((across - 0.5) / 0.28) ** 2 + ((down - 0.6) / 0.28) ** 2) / 2)
    solid = _solid(groups)
    in_face = _lies_in(groups, lower_face)
    share = 0.4 * groups.shares(crown) + 0.35 * groups.shares(_topline(head)) + 0.25 * groups.shares(temples)
    hair = share * (0.2 + 0.8 * np.minimum(1, solid / 0.45)) * np.clip(1.15 - 1.2 * in_face, 0.1, 1)
    face = groups.shares(middle) + 0.5 * groups.shares(lower_face.astype(np.float64))
    skin = np.sqrt(face) * np.where(_like_skin(groups.colours), 1.0, 0.3)
    skin *= 0.3 + 0.7 * np.minimum(1, solid / 0.4)
    return _Features(hair, skin, share, _mean_of(groups, down))


def _topline(head: Head) -> NDArray[np.float64]:
    """The pixels just under the silhouette's upper edge over the head: hair, or what is worn on it."""
    over = (head.across[0] > -0.35) & (head.across[0] < 1.35) & head.inside.any(axis=0)
    first = np.argmax(head.inside, axis=0)
    row = np.arange(head.inside.shape[0])[:, None]
    line = (row >= first + 2) & (row < first + 9) & over  # past an outline of 2 pixels
    return (line & (head.down[first, np.arange(len(first))] < 0.75)).astype(np.float64)


def _solid(groups: Groups) -> NDArray[np.float64]:
    """Share of each group's pixels whose four neighbours are of the group: near 0 for outlines."""
    labels = groups.labels
    same = np.zeros(labels.shape, bool)
    core = labels[1:-1, 1:-1]
    same[1:-1, 1:-1] = (
        (core == labels[:-2, 1:-1])
        & (core == labels[2:, 1:-1])
        & (core == labels[1:-1, :-2])
        & (core == labels[1:-1, 2:])
    )
    return _lies_in(groups, same)


def _lies_in(groups: Groups, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of each group's pixels that lie in a mask."""
    chosen = where & (groups.labels >= 0)
    return np.bincount(groups.labels[chosen], minlength=len(groups.sizes)) / np.maximum(groups.sizes, 1)


def _mean_of(groups: Groups, value: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = groups.labels >= 0
    sums = np.bincount(groups.labels[chosen], value[chosen], len(groups.sizes))
    return sums / np.maximum(groups.sizes, 1)


def _like_skin(colours: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a colour may be human skin: between red and yellow, neither grey nor glaring.

    Drawn skin is often more vivid than photographed skin, whose hues lie between 30 and 75 degrees.
    """
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    hue = np.degrees(np.arctan2(colours[:, 2], colours[:, 1]))
    return (hue > 15) & (hue < 95) & (chroma > 6) & (chroma < 72) & (colours[:, 0] > 12)


def _order(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """(hair, skin): 1 where the hair lies clearly above the skin, little where it lies below."""
    return np.clip(0.6 + 1.6 * (height[None, :] - height[:, None]), 0.05, 1)


def _not_a_shade(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(hair, skin): less where the "hair" is only the skin in shade."""
    chroma = np.linalg.norm(colours[:, None, 1:] - colours[None, :, 1:], axis=2)
    darker = colours[None, :, 0] - colours[:, None, 0]
    return np.where((chroma < 9) & (darker > -8) & (darker < 14), 0.4, 1.0)


def _in_ordinary_light(pixels: Lab) -> NDArray[np.float64]:
    """Mean Lab without the shade (the darkest third) and the gloss (the lightest tenth)."""
    low, high = np.percentile(pixels[:, 0], [35, 90])
    lit = pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)]
    return lit.mean(axis=0, dtype=np.float64)


def _upper_end(figure: NDArray[np.bool_]) -> Fractions:
    """The head of a silhouette: as high as it is wide, at its top."""
    height, width = figure.shape
    rows = np.flatnonzero(figure.sum(axis=1) > 0.03 * width)
    if len(rows) < 5:
        return 0.2, 0.0, 0.8, 0.6
    top, tall = int(rows[0]), int(rows[-1]) + 1 - int(rows[0])
    band = figure[top : top + max(4, int(0.35 * tall))]
    wide = float(np.median(band.sum(axis=1)))
    middle = float(np.median(np.nonzero(band)[1]))
    high = min(float(tall), max(wide * 1.1, 0.25 * height))
    return (
        max(0.0, (middle - wide / 2) / width),
        top / height,
        min(1.0, (middle + wide / 2) / width),
        (top + high) / height,
    )


def _pixels(head: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    return head[0] * width, head[1] * height, head[2] * width, head[3] * height


def _scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _index(places: NDArray[np.float64], scale: float, length: int) -> NDArray[np.int64]:
    return np.clip((places * scale).astype(np.int64), 0, length - 1)


def _ramp(value: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """0 below ``low``, 1 above ``high``, a straight line between."""
    return np.clip((value - low) / (high - low), 0.0, 1.0)
