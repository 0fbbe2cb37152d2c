"""A picture as a few groups of like colours, and which of it is background.

What belongs here: CIE Lab, groups, the background seen at the border. Not here: which group is hair (``figure_colours``) and what a
colour is called (``charassets.attributes.colour_names``).
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.float32]
"""(..., 3) CIE Lab under D65: L 0-100, a and b about -110 to 110."""

_LAB_STEPS, _LAB_ZEROS = (
    np.array([100 / 255, 1, 1], np.float32),
    np.array([0, 128, 128], np.float32),
)  # OpenCV's 8-bit Lab
_LIGHTNESS = 0.5  # weight of L within a group: light and shade of one thing are one colour
_CELL = 4.0  # side of a histogram cell in weighted Lab: a little more than a just noticeable difference
_RADIUS = 9.0  # weighted Lab within which colours are one group
_MOST = 10  # groups; what is left is detail

_BACKGROUND_REACH = 7.0  # Lab: JPEG and WebP noise stays within
_BACKGROUND_SHARE = 0.15  # of the border that a colour fills at least to be background
_BACKGROUND_COLOURS = 3
_CORNER, _IN_CORNERS = (
    0.06,
    0.2,
)  # side of a corner in shares of the picture's, and the share of both that a ground fills at least


@dataclass(frozen=True)
class Groups:
    """Pixels by colour group.

    Attributes:
        labels: (H, W) int64 group of each pixel; -1 outside.
        colours: (k, 3) mean Lab of each group.
        sizes: (k,) pixels.
    """

    labels: NDArray[np.int64]
    colours: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def shares(self, weight: NDArray[np.floating]) -> NDArray[np.float64]:
        """(k,) share of a (H, W) weight that lies on each group; zeros where all of it lies outside."""
        places, labels = self._inside
        sums = np.bincount(labels, weight.ravel()[places], len(self.sizes))
        return sums / max(float(sums.sum()), 1e-9)

    @cached_property
    def _inside(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the grouped pixels in the flat picture, and the group of each."""
        flat = self.labels.ravel()
        places = np.flatnonzero(flat >= 0)
        return places, flat[places]


def lab_of(pixels: NDArray[np.uint8]) -> Lab:
    """(H, W, 3) Lab of an sRGB picture, to whole steps of a and b: 8-bit conversion is a table, and ten times as fast."""
    stored = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.float32)
    return stored * _LAB_STEPS - _LAB_ZEROS


def squared(difference: NDArray[np.floating]) -> NDArray[np.floating]:
    """Sum of squares over the last axis of length 3; numpy's own reduction is slow on so short an axis."""
    return np.einsum("...i,...i->...", difference, difference)


def background(lab: Lab) -> tuple[NDArray[np.bool_], float]:
    """What the border's main colours fill from the border inwards.

    The lower border is not asked, since figures stand on it; and a colour has to reach an upper corner, or it is hair or a
    sleeve that the border cuts.

    Returns:
        (H, W) mask, and the share of the border that it explains: near 1 for a plain or transparent ground (composed on white),
        near 0 for a painted one.
    """
    border = np.concatenate([lab[0], lab[:, 0], lab[:, -1]])
    corners = _upper_corners(lab)
    left = np.ones(len(border), bool)
    mask = np.zeros(lab.shape[:2], bool)
    explained = 0.0
    for _ in range(_BACKGROUND_COLOURS):
        if left.mean() < _BACKGROUND_SHARE:
            break
        colour = _commonest(border[left])
        near = left & _like(border, colour)
        if near.mean() < _BACKGROUND_SHARE:
            break
        if _like(corners, colour).mean() > _IN_CORNERS:
            mask |= _like(lab, colour)
            explained += float((near & left).mean())
        left &= ~near
    return _from_border(mask), explained


def colour_groups(lab: Lab, inside: NDArray[np.bool_]) -> Groups:
    """Group the pixels inside a mask: the most frequent colour takes all like it, then the next, ``_MOST`` times.

    A histogram instead of k-means: no seed, no iterations, and a colour seen once decides nothing.

    Args:
        lab: (H, W, 3) picture.
        inside: (H, W) pixels to group.
    """
    pixels = lab[inside].astype(np.float64)
    weighted = pixels * (_LIGHTNESS, 1.0, 1.0)
    cell, counts = _occupied(weighted / _CELL)
    means = np.stack([np.bincount(cell, weighted[:, i]) / counts for i in range(3)], axis=1)
    group = _taken(means, counts)
    number = int(group.max(initial=-1)) + 1
    labels = np.full(inside.shape, -1)
    labels[inside] = group[cell]
    chosen = labels[inside]
    kept = chosen >= 0
    sizes = np.bincount(chosen[kept], minlength=number).astype(np.float64)
    sums = np.stack([np.bincount(chosen[kept], pixels[kept, i], number) for i in range(3)], axis=1)
    return Groups(labels, sums / np.maximum(sizes, 1)[:, None], sizes)


def _occupied(cells: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The histogram cell of each (n, 3) colour, numbered through the cells that occur, and the colours in each."""
    whole = np.floor(cells).astype(np.int64)
    counts = np.bincount(keys := (whole[:, 0] << 12) + ((whole[:, 1] + 32) << 6) + whole[:, 2] + 32)
    present = np.flatnonzero(counts)
    number = np.zeros(len(counts), np.int64)
    number[present] = np.arange(len(present))
    return number[keys], counts[present].astype(np.float64)


def _taken(means: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """The group of each histogram cell; -1 for the rest."""
    group = np.full(len(means), -1)
    left = counts.copy()
    for number in range(_MOST):
        if not left.any():
            break
        seed = int(left.argmax())
        near = (left > 0) & (squared(means - means[seed]) < _RADIUS**2)
        centre = counts[near] @ means[near] / counts[near].sum()
        near = (left > 0) & (squared(means - centre) < _RADIUS**2)
        near[seed] = True
        group[near] = number
        left[near] = 0
    return group


def _upper_corners(lab: Lab) -> Lab:
    high, wide = (max(2, round(_CORNER * side)) for side in lab.shape[:2])
    return np.concatenate([lab[:high, :wide].reshape(-1, 3), lab[:high, -wide:].reshape(-1, 3)])


def _like(lab: Lab, colour: NDArray[np.float32]) -> NDArray[np.bool_]:
    return squared(lab - colour) < _BACKGROUND_REACH**2


def _commonest(colours: Lab) -> NDArray[np.float32]:
    cell, counts = _occupied(colours / 6)
    return colours[cell == counts.argmax()].mean(axis=0)


def _from_border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of a mask that touch its border."""
    labels = np.asarray(cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[1], np.int64)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    reached = np.zeros(int(labels.max()) + 1, bool)
    reached[edge] = True
    reached[0] = False
    return reached[labels]
