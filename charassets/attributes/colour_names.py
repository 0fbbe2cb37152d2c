"""What a measured colour is called: the value of the vocabulary whose shades lie nearest.

What belongs here: colours against shades. Not here: measuring (``charassets.images``), and the shades, which stand in the
vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.attributes.vocabulary import Attribute

_SPREAD = 6.0  # of the kernel: about as far as two people who name the same thing differ
_LIGHTNESS = 0.75  # weight of L: light and shade move a colour along it, and names follow hue first
_CHROMA = 0.02  # differences between vivid colours look smaller; CIE94 divides by 1 + .045 chroma
_FAR = 1e-4  # support of a name nothing speaks for, so that a colour far from every shade has no sure name


@dataclass(frozen=True)
class ColourNames:
    """Names with their shades.

    Attributes:
        names: values of the attribute that are colours.
        places: (shades, 3) shades in the space in which nearness means likeness.
        owner: (shades,) index of each shade's name.
    """

    names: tuple[str, ...]
    places: NDArray[np.float64]
    owner: NDArray[np.int64]

    def chances(self, lab: NDArray[np.floating]) -> NDArray[np.float64]:
        """(names,) how likely each name is for one Lab colour, summing to 1 at most.

        A Gaussian kernel over the shades: a colour between two names gets both, one far from all gets none with certainty.
        """
        distances = ((self.places - _place(np.asarray(lab, np.float64))) ** 2).sum(axis=1)
        support = np.bincount(self.owner, np.exp(-distances / (2 * _SPREAD**2)), len(self.names))
        return support / (support.sum() + _FAR * len(self.names))


def names_of(attribute: Attribute) -> ColourNames:
    """The colour names of an attribute of the vocabulary."""
    named = [value for value in attribute.values if value.shades]
    shades = [shade for value in named for shade in value.shades]
    owner = np.repeat(np.arange(len(named)), [len(value.shades) for value in named])
    return ColourNames(tuple(value.name for value in named), _place(_lab(shades)), owner)


def _lab(shades: Sequence[tuple[int, int, int]]) -> NDArray[np.float64]:
    rgb = np.array([shades], np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0], np.float64)


def _place(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lab with lightness discounted and vivid colours drawn together."""
    squeeze = 1 / (1 + _CHROMA * np.hypot(lab[..., 1], lab[..., 2]))
    return np.stack([lab[..., 0] * _LIGHTNESS, lab[..., 1] * squeeze, lab[..., 2] * squeeze], axis=-1)
