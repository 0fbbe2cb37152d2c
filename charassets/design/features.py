"""All design features of a picture, in the catalogue's order."""

import numpy as np
from numpy.typing import NDArray

from charassets.design.canvas import prepare
from charassets.design.catalogue import NAMES
from charassets.design.colour import colour_features
from charassets.design.mood import mood_features
from charassets.design.shape import shape_features
from charassets.design.texture import texture_features


def design_features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure a picture.

    Args:
        pixels: (H, W, 3) uint8 RGB of any size; measured at 256 px on the long side.

    Returns:
        (len(NAMES),) float32, finite, in the order of ``catalogue.NAMES``.
    """
    canvas = prepare(pixels)
    found = {
        **colour_features(canvas),
        **texture_features(canvas),
        **shape_features(canvas),
        **mood_features(canvas),
    }
    return np.array([found[name] for name in NAMES], np.float32)
