"""What clothes are cut from: the parts of an outfit, one body fitted with one, the outline of its trunk.

What belongs here: what garments, collars and trimmings share. Not here: the garments.
"""

from dataclasses import dataclass

import numpy as np

from charassets.studio.palette import Rgb
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose, Skeleton
from charassets.studio.shapes import Points, curve
from charassets.studio.traits import Character

NAVY, WHITE = (0.13, 0.16, 0.33), (0.94, 0.94, 0.96)


@dataclass(frozen=True)
class Outfit:
    """A cut.

    Attributes:
        sleeves: none, short, long or wide.
        bottom: trousers, shorts, skirt, gown (to the ankle), frock (to the knee) or legs (bare or skin-tight).
        details: names of ``DETAILS`` drawn on top, in order.
        fixed: RGB of the main cloth where the garment implies one, else the character's own colour.
        tight: the second skin of bodysuits and swimwear.
    """

    sleeves: str
    bottom: str
    details: tuple[str, ...]
    fixed: tuple[float, float, float] | None = None
    tight: bool = False


@dataclass(frozen=True)
class Fit:
    """One body in one outfit, ready to be drawn."""

    who: Character
    pose: Pose
    bones: Skeleton
    outfit: Outfit
    cloth: Rgb
    second: Rgb
    third: Rgb
    skin: Rgb


def torso_outline(fit: Fit, hem: float, *, grow: float = 0.0) -> Points:
    """Outline of the trunk down to ``hem``, ``grow`` wider than the body."""
    b = fit.bones
    slope = 0.16
    half = [
        (0.26, b.neck - 0.12), (b.shoulder * 0.72, b.neck + slope * 0.4), (b.shoulder + grow, b.neck + slope + 0.14),
        (b.shoulder * 0.9 + grow, b.neck + 0.35 * (b.waist - b.neck) + 0.1), (b.waist_width + grow, b.waist),
        (b.hip_width + grow, hem),
    ]  # fmt: skip
    return curve([*half, *[(-x, y) for x, y in reversed(half)]], samples=4)


def v_neck(fit: Fit, depth: float, half: float = 0.34) -> Points:
    """Triangle of a neckline open down to ``depth`` below the shoulder line."""
    top = fit.bones.neck - 0.1
    return np.array([(-half, top), (half, top), (0.0, top + depth)])


def cape(pen: Pen, fit: Fit) -> None:
    """The cape: the one detail that hangs behind the body."""
    b = fit.bones
    hem = b.hip + 0.8 * (b.foot - b.hip)
    half = b.shoulder * 1.5
    pen.fill(
        curve(
            [
                (-b.shoulder, b.neck),
                (b.shoulder, b.neck),
                (half, hem),
                (half * 0.3, hem - 0.12),
                (-half * 0.3, hem + 0.05),
                (-half, hem),
            ],
            samples=4,
        ),
        fit.third,
    )
