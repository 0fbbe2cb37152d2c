"""A figure told from its ground, and its head cut out of it on a grid, ready to be asked for colours.

What belongs here: the window around a head, and where the head is when the detector is not to be believed. Not here: which colour
of it is hair and which skin (``head_colours``).
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
_TALL = 1.35  # height to width from which a figure is more than a bust
_SOME_SKIN = 10  # pixels

FEWEST = 40
"""Pixels of a figure in the window that can be judged."""


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
    if inside.sum() < FEWEST:
        return None
    lab = lab_of(window)
    grid = np.meshgrid((xs - x0) / across, (ys - y0) / down)
    return Head(lab, inside, grid[0], grid[1], colour_groups(lab, inside), head, ground.plain)


def like_skin(colours: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether a colour may be human skin: between red and yellow, neither grey nor glaring.

    Drawn skin is often more vivid than photographed skin, whose hues lie between 30 and 75 degrees.
    """
    chroma = np.hypot(colours[..., 1], colours[..., 2])
    hue = np.degrees(np.arctan2(colours[..., 2], colours[..., 1]))
    return (hue > 15) & (hue < 95) & (chroma > 6) & (chroma < 72) & (colours[..., 0] > 12)


def _upper_end(ground: Ground, tall: bool) -> Fractions:
    """The head of a silhouette: at its top, where skin is if it shows; as high as it is wide, or a fifth of a tall figure."""
    figure = ~ground.background
    height, width = figure.shape
    rows = np.flatnonzero(figure.sum(axis=1) > 0.05 * width)
    if len(rows) < 5:
        return 0.2, 0.0, 0.8, 0.6
    top, reach = int(rows[0]), int(rows[-1]) + 1 - int(rows[0])
    band = figure[top : top + max(4, int((0.2 if tall else 0.35) * reach))]
    skin = band & like_skin(ground.lab[top : top + len(band)])
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
