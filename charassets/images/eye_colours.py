"""The colour of the eyes in the picture of a head: small vivid patches, at one height, beside white or black.

What belongs here: finding the irises. Not here: hair and skin (``head_colours``) and names of colours.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.colour_groups import Lab, squared
from charassets.images.head_colours import HairAndSkin
from charassets.images.head_windows import Head

_LEAST_CHROMA = 14.0  # below it an iris is grey or black, and not told from pupils and lashes
_SMALLEST, _LARGEST = 3, 150  # pixels of an iris in a head of 56: from a dot to the eyes of a comic
_WIDEST = 0.32  # of the head's width: what is wider is a frame of glasses or a fringe
_LEVEL = 0.12  # of the head's height between the two eyes at most
_ALIKE = 26.0  # Lab between them at most, else they are heterochromatic or no eyes
_APART = 18.0  # Lab from hair and skin at least
_RIM = np.ones((5, 5), np.uint8)
_BORDERED = 0.25  # share of a patch's surroundings that is white of the eye, pupil or lash, at least


@dataclass(frozen=True)
class Irises:
    """The eyes' colour: mean Lab, the pixels it was seen on, and whether it was seen on both sides of the face."""

    colour: NDArray[np.float64]
    pixels: int
    both: bool


@dataclass(frozen=True)
class _Patch:
    across: float
    down: float
    pixels: int
    colour: NDArray[np.float64]


def irises(head: Head, known: HairAndSkin) -> Irises | None:
    """The most iris-like pair of patches, or the one patch of a face in profile; None where there is none."""
    patches = list(_patches(head, known))
    pairs = [(a, b) for i, a in enumerate(patches) for b in patches[i + 1 :] if _are_eyes(a, b)]
    if pairs:
        left, right = max(pairs, key=lambda pair: pair[0].pixels + pair[1].pixels)
        pixels = left.pixels + right.pixels
        return Irises((left.colour * left.pixels + right.colour * right.pixels) / pixels, pixels, both=True)
    if len(patches) == 1:
        return Irises(patches[0].colour, patches[0].pixels, both=False)
    return None


def _are_eyes(one: _Patch, other: _Patch) -> bool:
    apart = abs(one.across - other.across)
    level = abs(one.down - other.down) < _LEVEL
    alike = float(np.linalg.norm(one.colour - other.colour)) < _ALIKE
    return level and alike and 0.18 < apart < 0.75 and max(one.pixels, other.pixels) < 4 * min(one.pixels, other.pixels)


def _patches(head: Head, known: HairAndSkin) -> Iterator[_Patch]:
    """Patches that could be an iris: vivid, neither hair nor skin, where eyes are, and set in white or black."""
    lab, groups = head.lab, head.groups
    where = (np.abs(head.across - 0.5) < 0.45) & (head.down > 0.32) & (head.down < 0.8) & head.inside
    # The skin's own group takes blush and lips in; hair's takes a fringe. Patches far from both remain.
    vivid = np.hypot(lab[..., 1], lab[..., 2]) > _LEAST_CHROMA
    mask = where & vivid & (groups.labels != known.skin)
    pixels = lab[mask]
    mask[mask] = np.minimum(squared(pixels - groups.colours[known.skin]), squared(pixels - known.colour)) > _APART**2
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    setting = ((lab[..., 0] > 82) & ~vivid) | (lab[..., 0] < 22)
    across_pixel = float(head.across[0, -1] - head.across[0, 0]) / max(1, head.across.shape[1] - 1)
    for k in range(1, count):
        pixels = int(boxes[k, cv2.CC_STAT_AREA])
        wide = boxes[k, cv2.CC_STAT_WIDTH] * across_pixel
        if not _SMALLEST <= pixels <= _LARGEST or wide > _WIDEST:
            continue
        near = _window(boxes[k], labels.shape)
        patch = labels[near] == k
        around = (np.asarray(cv2.dilate(patch.astype(np.uint8), _RIM)) > 0) & ~patch
        if setting[near][around].mean() >= _BORDERED:
            places = float(head.across[near][patch].mean()), float(head.down[near][patch].mean())
            yield _Patch(*places, pixels, _middle(lab[near][patch]))


def _window(box: NDArray[np.int32], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """A component's box with the rim around it."""
    x, y = int(box[cv2.CC_STAT_LEFT]), int(box[cv2.CC_STAT_TOP])
    wide, high = int(box[cv2.CC_STAT_WIDTH]), int(box[cv2.CC_STAT_HEIGHT])
    return slice(max(0, y - 2), min(shape[0], y + high + 2)), slice(max(0, x - 2), min(shape[1], x + wide + 2))


def _middle(pixels: Lab) -> NDArray[np.float64]:
    """Mean Lab of a patch's more vivid half: its rim is mixed with the white around it."""
    chroma = np.hypot(pixels[:, 1], pixels[:, 2])
    return pixels[chroma >= np.median(chroma)].mean(axis=0, dtype=np.float64)
