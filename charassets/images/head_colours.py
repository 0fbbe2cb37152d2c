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
_FEATURE = 0.06  # of the window's figure: an eye or a mouth at most
_RING = 4  # pixels around the face that are looked at: past an outline of 2
_TALL = 1.35  # height to width from which a figure is more than a bust
_SOME_SKIN = 10  # pixels
_MODELLED = 4.0  # standard deviation of L within a group: flat colours have 1-3, painted ones 5-9
_FEWEST = 40  # pixels of a figure in the window that can be judged


@dataclass(frozen=True)
class Head:
    """A head cut out and laid on a grid.

    Attributes:
        lab: (h, w, 3) the window around the head, the head's longer side being ``_HEAD`` pixels.
        inside: (h, w) what is no background.
        across: (h, w) place in the head's box: 0 at its left, 1 at its right edge.
        down: (h, w) 0 at its top, 1 at its bottom edge.
        groups: the colours inside.
        box: where the head is.
        plain: share of the picture's border that is plain background.
    """

    lab: Lab
    inside: NDArray[np.bool_]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    groups: Groups
    box: Fractions
    plain: float


@dataclass(frozen=True)
class HairAndSkin:
    """The two groups a head is made of.

    Attributes:
        hair: group of ``Head.groups``.
        skin: group of ``Head.groups``.
        colour: Lab of the hair in ordinary light.
        surely: 0-1, how much better this pair explains the head than any other hair would.
        share: share of the places where hair is that this group fills.
        modelled: standard deviation of L within the hair: 1-3 where it is flat, 5-9 where light and shade are painted.
    """

    hair: int
    skin: int
    colour: NDArray[np.float64]
    surely: float
    share: float
    modelled: float


@dataclass(frozen=True)
class Ground:
    """A figure against its background.

    Attributes:
        pixels: (H, W, 3) sRGB figure.
        lab: (h, w, 3) the same, small.
        background: (h, w) what lies behind it.
        plain: share of the border that is plain background.
    """

    pixels: NDArray[np.uint8]
    lab: Lab
    background: NDArray[np.bool_]
    plain: float


def ground_of(pixels: NDArray[np.uint8]) -> Ground:
    """Tell a figure, (H, W, 3) sRGB, from its background."""
    lab = lab_of(_scaled(pixels, min(1.0, _FIGURE / max(pixels.shape[:2]))))
    return Ground(pixels, lab, *background(lab))


def heads_of(ground: Ground, head: Fractions | None) -> list[Head]:
    """The head, cut out: once as the detector has it and, of a tall figure, once where the figure ends above.

    Detectors take a fist or a horse for a head, or the whole bust. Two looks that see the same colour confirm each other.

    Args:
        ground: the figure.
        head: its head as detected.
    """
    height, width = ground.pixels.shape[:2]
    tall = height > _TALL * width
    places = []
    if head is not None and not _misplaced(head, tall):
        places.append(head)
    if tall or not places:
        places.append(_upper_end(ground, tall))
    return [found for place in places if (found := _cut_out(ground, place)) is not None]


def _misplaced(head: Fractions, tall: bool) -> bool:
    middle, high = (head[1] + head[3]) / 2, head[3] - head[1]
    return (middle > 0.4 or high > 0.5) if tall else middle > 0.65


def _cut_out(ground: Ground, head: Fractions) -> Head | None:
    """One head; None where there is too little of a figure."""
    pixels, small = ground.pixels, ground.background
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = _pixels(head, width, height)
    across, down = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    left, right = max(0, int(x0 - _BESIDE * across)), min(width, int(x1 + _BESIDE * across) + 1)
    top, bottom = max(0, int(y0 - _ABOVE * down)), min(height, int(y1 + _BELOW * down) + 1)
    window = _scaled(np.ascontiguousarray(pixels[top:bottom, left:right]), _HEAD / max(across, down))
    xs = left + (np.arange(window.shape[1]) + 0.5) / window.shape[1] * (right - left)
    ys = top + (np.arange(window.shape[0]) + 0.5) / window.shape[0] * (bottom - top)
    inside = ~small[_index(ys, small.shape[0] / height, small.shape[0])][
        :, _index(xs, small.shape[1] / width, small.shape[1])
    ]
    if inside.sum() < _FEWEST:
        return None
    lab = lab_of(window)
    grid = np.meshgrid((xs - x0) / across, (ys - y0) / down)
    return Head(lab, inside, grid[0], grid[1], colour_groups(lab, inside), head, ground.plain)


def hair_and_skin(head: Head) -> HairAndSkin | None:
    """The pair of colours that best explains a head: one lies at the top and the sides, the other in the middle of the face.

    Asked as a pair, since each alone is often mistaken: brown hair has the hue of skin, and a rough box is centred on the hair.
    """
    told = _features(head)
    usable = np.flatnonzero(head.groups.sizes >= _FEWEST / 2.5)
    if len(usable) < 2:
        return None
    pairs = told.hair[:, None] * told.skin[None, :] * _order(told.height) * _not_a_shade(head.groups.colours)
    pairs *= _reaches_down(told.temples, told.beside) * _borders(head, told.skin)
    np.fill_diagonal(pairs, 0.0)
    pairs = pairs[np.ix_(usable, usable)]
    hair, skin = np.unravel_index(pairs.argmax(), pairs.shape)
    best = pairs[hair, skin]
    rival = float(np.delete(pairs, hair, axis=0).max(initial=0.0))
    if best <= 0:
        return None
    chosen = int(usable[hair])
    pixels = head.lab[head.groups.labels == chosen]
    return HairAndSkin(
        hair=chosen,
        skin=int(usable[skin]),
        colour=_in_ordinary_light(pixels),
        surely=float((best - rival) / (best + rival)),
        share=float(told.share[chosen]),
        modelled=float(pixels[:, 0].std()),
    )


@dataclass(frozen=True)
class _Features:
    """(k,) how well each group would do as hair and as skin, its share of the hair's places, its mean height.

    Also its share of the temples, and ``beside``, the share of the temples that is figure at all.
    """

    hair: NDArray[np.float64]
    skin: NDArray[np.float64]
    share: NDArray[np.float64]
    height: NDArray[np.float64]
    temples: NDArray[np.float64]
    beside: float


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
    lower = groups.shares(lower_face.astype(np.float64))
    # On a painted ground what lies mostly away from the head is scenery.
    away = _lies_in(groups, ((np.abs(across - 0.5) > 0.75) | (down < -0.3)) & (down < 0.9))
    share = share * (1.0 - np.clip(2 * away - 0.4, 0, 1) * (1.0 - head.plain))
    hair = share * (0.2 + 0.8 * np.minimum(1, solid / 0.45)) * np.clip(1.15 - 1.2 * in_face, 0.1, 1) * (1 - 0.5 * lower)
    face = groups.shares(middle) + 0.5 * lower + 0.7 * _holds_features(head)
    skin = face**0.75 * np.where(_like_skin(groups.colours), 1.0, 0.3)
    skin *= 0.3 + 0.7 * np.minimum(1, solid / 0.4)
    beside_face = float((temples * head.inside).sum() / max(temples.sum(), 1e-9))
    return _Features(hair, skin, share, _mean_of(groups, down), groups.shares(temples), beside_face)


def _holds_features(head: Head) -> NDArray[np.float64]:
    """(k,) share of the borders of eyes and mouth, which are small patches low in the head, that each group holds."""
    groups = head.groups
    small = groups.sizes < _FEATURE * head.inside.sum()
    at = (np.abs(head.across - 0.5) < 0.55) & (head.down > 0.3) & (head.down < 1.05) & (groups.labels >= 0)
    feature = (at & small[groups.labels]).astype(np.uint8)
    around = (np.asarray(cv2.dilate(feature, np.ones((3, 3), np.uint8))) > 0) & ~feature.astype(bool)
    return groups.shares(around.astype(np.float64)) * ~small


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


def _like_skin(colours: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether a colour may be human skin: between red and yellow, neither grey nor glaring.

    Drawn skin is often more vivid than photographed skin, whose hues lie between 30 and 75 degrees.
    """
    chroma = np.hypot(colours[..., 1], colours[..., 2])
    hue = np.degrees(np.arctan2(colours[..., 2], colours[..., 1]))
    return (hue > 15) & (hue < 95) & (chroma > 6) & (chroma < 72) & (colours[..., 0] > 12)


def _borders(head: Head, skin: NDArray[np.float64]) -> NDArray[np.float64]:
    """(hair, skin): less for what hardly borders the upper face: a hood borders the hair, and the hair the brow.

    Asked of the three likeliest skins; the others lose by their own score.
    """
    groups = head.groups
    found = np.ones((len(skin), len(skin)))
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RING + 1, 2 * _RING + 1))
    upper = (head.down < 0.6) & (head.down > -0.2)
    for k in np.argsort(-skin)[:3]:
        face = (groups.labels == k).astype(np.uint8)
        around = (np.asarray(cv2.dilate(face, ring)) > 0) & ~face.astype(bool) & upper
        shares = groups.shares(around.astype(np.float64))
        found[:, k] = 0.35 + 0.65 * np.minimum(1.0, shares / 0.25)
    return found


def _order(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """(hair, skin): 1 where the hair lies clearly above the skin, little where it lies below."""
    return np.clip(0.75 + 1.6 * (height[None, :] - height[:, None]), 0.05, 1)


def _reaches_down(temples: NDArray[np.float64], beside: float) -> NDArray[np.float64]:
    """(hair, skin): less for what ends above the temples while something else that is no skin lies beside the face.

    Then that is the hair, and this a hat or a band.
    """
    other = beside * np.maximum(0.0, 1.0 - temples[None, :] - temples[:, None])
    return 1.0 - 0.9 * np.minimum(1.0, other / 0.5) * np.clip(1.0 - temples[:, None] / 0.15, 0.0, 1.0)


def _not_a_shade(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(hair, skin): less where the "hair" is only the skin in shade."""
    chroma = np.linalg.norm(colours[:, None, 1:] - colours[None, :, 1:], axis=2)
    darker = colours[None, :, 0] - colours[:, None, 0]
    return np.where((chroma < 9) & (darker > -8) & (darker < 14), 0.4, 1.0)


def _in_ordinary_light(pixels: Lab) -> NDArray[np.float64]:
    """Mean Lab without shade and gloss: people name hair by its lit parts, the more so the more its painter modelled it."""
    modelled = float(pixels[:, 0].std()) > _MODELLED
    low, high = np.percentile(pixels[:, 0], (50.0, 95.0) if modelled else (35.0, 90.0))
    lit = pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)]
    return lit.mean(axis=0, dtype=np.float64)


def _upper_end(ground: Ground, tall: bool) -> Fractions:
    """The head of a silhouette: at its top, where skin is if it shows; as high as it is wide, or a fifth of a tall figure."""
    figure = ~ground.background
    height, width = figure.shape
    rows = np.flatnonzero(figure.sum(axis=1) > 0.05 * width)
    if len(rows) < 5:
        return 0.2, 0.0, 0.8, 0.6
    top, reach = int(rows[0]), int(rows[-1]) + 1 - int(rows[0])
    band = figure[top : top + max(4, int((0.2 if tall else 0.35) * reach))]
    skin = band & _like_skin(ground.lab[top : top + len(band)])
    middle = float(np.median(np.nonzero(skin if skin.sum() > _SOME_SKIN else band)[1]))
    wide = 0.16 * reach if tall else float(np.median(band.sum(axis=1)))
    high = min(float(reach), 0.2 * reach if tall else max(wide * 1.1, 0.25 * height))
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
