"""The main colours of what a figure wears: what lies below the head and is neither ground, skin nor hair.

What belongs here: finding clothes. Not here: the head (``head_colours``) and names of colours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.images.colour_groups import Lab, colour_groups, squared
from charassets.images.head_colours import HairAndSkin
from charassets.images.head_windows import Fractions, Ground

_BELOW = 0.12  # head heights under the chin at which clothes begin
_LEAST_SHARE = 0.3  # of the clothes that a main colour covers
_SKIN_LIKE, _HAIR_LIKE = (
    14.0,
    10.0,
)  # Lab, lightness halved: an arm in shade is still skin, long hair over a coat still hair
_FEWEST = 120  # pixels of the small picture


@dataclass(frozen=True)
class ClothColour:
    """A main colour: mean Lab, and the share of the clothes it covers."""

    colour: NDArray[np.float64]
    share: float


def cloth_colours(
    ground: Ground, box: Fractions, known: HairAndSkin, skin: NDArray[np.float64]
) -> tuple[ClothColour, ...]:
    """The main colours under a head, the larger first; at most three, none where too little of a body is seen.

    Args:
        ground: the figure.
        box: its head.
        known: the head's hair.
        skin: Lab of its skin.
    """
    height, width = ground.background.shape
    rows = (np.arange(height) + 0.5)[:, None] / height
    columns = (np.arange(width) + 0.5)[None, :] / width
    under = rows > box[3] + _BELOW * (box[3] - box[1])
    reach = 1.2 * (box[2] - box[0])
    beside = np.abs(columns - (box[0] + box[2]) / 2) < max(reach, 0.3)
    body = under & beside & ~ground.background
    pixels = ground.lab[body]
    body[body] = ~_near(pixels, skin, _SKIN_LIKE) & ~_near(pixels, known.colour, _HAIR_LIKE)
    if body.sum() < _FEWEST:
        return ()
    groups = colour_groups(ground.lab, body)
    shares = groups.sizes / body.sum()
    return tuple(
        ClothColour(groups.colours[k], float(shares[k])) for k in np.argsort(-shares) if shares[k] >= _LEAST_SHARE
    )


def _near(pixels: Lab, colour: NDArray[np.float64], reach: float) -> NDArray[np.bool_]:
    return squared((pixels - colour) * (0.5, 1.0, 1.0)) < reach**2
