"""The colours of a figure's hair, eyes and clothes, each with how far the measurement can be trusted.

What belongs here: one door to the measurements of a figure. Not here: how each is found (``head_colours``, ``eye_colours``,
``clothing_colours``), names of colours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.images.clothing_colours import cloth_colours
from charassets.images.eye_colours import Irises, irises
from charassets.images.head_colours import HairAndSkin, hair_and_skin
from charassets.images.head_windows import Fractions, ground_of, heads_of

# Trust in the choice of hair, by how much better its pair of colours is than the next. On flat art such choices are right more
# often (.98 from a lead of .8 on), on painted and hooded figures less often; the values lie between, and below a plain tag.
_LEAD = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_LEAD_TRUST = (0.3, 0.42, 0.58, 0.7, 0.82, 0.88)
_SAME = 12.0  # Lab: two looks at one head of hair, one more in the light than the other
_CONFIRMED, _DOUBTED = 0.7, 0.6
# On a painted ground scenery is taken for hair more often than on a plain one.
_PLAIN = (0.2, 0.5, 0.75, 1.0)
_PLAIN_TRUST = (0.45, 0.7, 1.0, 1.0)
# So it is where hair is painted with light and shade: at like leads it is right .98 of the time on flat art, .85 on painted.
_MODELLED = (3.0, 5.0)
_MODELLED_TRUST = (1.0, 0.75)
_TWO_EYES, _ONE_EYE = 0.85, 0.4
_CLOTH_TRUST = 0.9


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
    """Measure a figure: ``hair``, ``eyes`` and ``clothes``, each where it could be told from the rest.

    Args:
        pixels: (H, W, 3) sRGB crop of one figure, transparency composed on white.
        box: its head in fractions of the crop; None where it is not known.
    """
    ground = ground_of(pixels)
    looks = [(head, found) for head in heads_of(ground, box) if (found := hair_and_skin(head)) is not None]
    if not looks:
        return {}
    head, best = max(looks, key=lambda look: look[1].surely)
    trust = _trust([found for _, found in looks]) * float(np.interp(ground.plain, _PLAIN, _PLAIN_TRUST))
    trust *= float(np.interp(best.modelled, _MODELLED, _MODELLED_TRUST))
    skin = head.groups.colours[best.skin]
    eyes = irises(head, best)
    return {
        "hair": (Measured(best.colour, trust, best.share),),
        "eyes": () if eyes is None else (Measured(eyes.colour, trust * _eye_trust(eyes), 1.0),),
        "clothes": tuple(
            Measured(cloth.colour, min(trust, _CLOTH_TRUST) * cloth.share**0.5, cloth.share)
            for cloth in cloth_colours(ground, head.box, best, skin)
        ),
    }


def _eye_trust(eyes: Irises) -> float:
    """More for two eyes than for one, and for more than a few pixels."""
    return (_TWO_EYES if eyes.both else _ONE_EYE) * min(1.0, 0.4 + eyes.pixels / 20)


def _trust(looks: Sequence[HairAndSkin]) -> float:
    """Trust in the best of several looks at one head: more where they agree, less where they see different colours."""
    surely = max(look.surely for look in looks)
    if len(looks) > 1:
        apart = float(np.linalg.norm(looks[0].colour - looks[1].colour))
        surely = max(surely, _CONFIRMED) if apart < _SAME else surely * _DOUBTED
    return float(np.interp(surely, _LEAD, _LEAD_TRUST))
