"""The colours of hair and skin in the picture of a head, found without learning: by where each colour lies.

What belongs here: what lies where in a head, the choice of hair and skin. Not here: the window around a head (``head_windows``),
colour groups (``colour_groups``), eyes and clothes (``figure_colours``), names of colours (``charassets.attributes``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.colour_groups import Groups, Lab
from charassets.images.head_windows import FEWEST, Head, like_skin

_FEATURE = 0.06  # of the window's figure: an eye or a mouth at most
_RING = 4  # pixels around the face that are looked at: past an outline of 2
_MODELLED = 4.0  # standard deviation of L within a group: flat colours have 1-3, painted ones 5-9


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


def hair_and_skin(head: Head) -> HairAndSkin | None:
    """The pair of colours that best explains a head: one lies at the top and the sides, the other in the middle of the face.

    Asked as a pair, since each alone is often mistaken: brown hair has the hue of skin, and a rough box is centred on the hair.
    """
    told = _features(head)
    usable = np.flatnonzero(head.groups.sizes >= FEWEST / 2.5)
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
    skin = face**0.75 * np.where(like_skin(groups.colours), 1.0, 0.3)
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


def _ramp(value: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """0 below ``low``, 1 above ``high``, a straight line between."""
    return np.clip((value - low) / (high - low), 0.0, 1.0)
