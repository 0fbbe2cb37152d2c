"""The colours of a figure's hair, eyes and clothes, each with how far the measurement can be trusted.

What belongs here: one door to the measurements of a figure. Not here: how each is found (``head_colours``), names of colours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.images.head_colours import Fractions, HairAndSkin, Head, hair_and_skin, head_of

# Trust in the choice of hair, by how much better its pair of colours is than the next: the share of right choices among flat and
# painted pictures with such a lead, rounded down.
_LEAD = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_TRUST = (0.3, 0.45, 0.65, 0.8, 0.93, 0.97)


@dataclass(frozen=True)
class Measured:
    """One measured colour.

    Attributes:
        lab: CIE Lab in ordinary light.
        trust: 0-1, chance that it is the colour of the part it is said to be.
        share: share of the part's place that has it.
    """

    lab: NDArray[np.float64]
    trust: float
    share: float


def measure(pixels: NDArray[np.uint8], box: Fractions | None) -> Mapping[str, tuple[Measured, ...]]:
    """Measure a figure: ``hair``, where it could be told from skin and ground.

    Args:
        pixels: (H, W, 3) sRGB crop of one figure, transparency composed on white.
        box: its head in fractions of the crop; None where it is not known.
    """
    head = head_of(pixels, box)
    found = hair_and_skin(head) if head is not None else None
    if head is None or found is None:
        return {}
    return {"hair": (_hair(head, found),)}


def _hair(head: Head, found: HairAndSkin) -> Measured:
    return Measured(found.colour, float(np.interp(found.surely, _LEAD, _TRUST)), found.share)
