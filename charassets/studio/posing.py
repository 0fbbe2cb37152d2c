"""How a figure stands: its pose, and the joints that follow from pose and proportions.

What belongs here: pose sampling and the skeleton. Not here: what is drawn on it.
"""

from dataclasses import dataclass

import numpy as np

from charassets.studio.chance import pick
from charassets.studio.traits import Character

VIEWS = ("front", "three-quarter", "side", "back")
_VIEW_WEIGHTS = (0.44, 0.38, 0.11, 0.07)


@dataclass(frozen=True)
class Pose:
    """Angles in radians.

    Attributes:
        yaw: how far the head is turned from the viewer; pi is the back.
        tilt: head roll. lean: body roll.
        arms: for each side, upper-arm angle from hanging (outwards positive) and elbow bend.
        stride: distance of the feet as a share of the leg length.
        mirror: the whole figure flipped left to right.
        stretch: width of the drawing relative to its height; every artist squashes a little.
        held: prop in the right hand, empty for none.
    """

    yaw: float
    tilt: float
    lean: float
    arms: tuple[tuple[float, float], tuple[float, float]]
    stride: float
    mirror: bool
    held: str
    stretch: float = 1.0

    @property
    def view(self) -> str:
        """One of ``VIEWS``."""
        turn = abs(self.yaw)
        return "front" if turn < 0.2 else "three-quarter" if turn < 0.85 else "side" if turn < 1.8 else "back"

    @property
    def from_behind(self) -> bool:
        """Whether the face is turned away."""
        return self.view == "back"


_ARM_POSES = ((0.12, 0.1), (0.25, 0.25), (0.55, -1.7), (0.35, 1.2), (0.3, -1.9), (1.1, 0.5), (2.2, 0.5), (1.5, 1.3))
_ARM_WEIGHTS = (0.3, 0.2, 0.12, 0.12, 0.1, 0.06, 0.05, 0.05)
_HELD = ("", "staff", "sword", "book", "cup", "spear", "shield", "flower")
_HELD_WEIGHTS = (0.7, 0.06, 0.08, 0.04, 0.03, 0.03, 0.03, 0.03)


def sample_pose(rng: np.random.Generator, view: str | None = None) -> Pose:
    """Draw a pose, seen from the given side if one is given."""
    view = view or pick(rng, VIEWS, _VIEW_WEIGHTS)
    low, high = {"front": (0, 0.15), "three-quarter": (0.25, 0.8), "side": (0.95, 1.35), "back": (2.8, 3.14)}[view]
    arms = []
    for _ in range(2):
        upper, elbow = pick(rng, _ARM_POSES, _ARM_WEIGHTS)
        arms.append((float(upper + rng.normal(0, 0.1)), float(elbow + rng.normal(0, 0.12))))
    return Pose(
        yaw=float(rng.uniform(low, high)),
        tilt=float(rng.normal(0, 0.07)),
        lean=float(rng.normal(0, 0.03) if rng.random() < 0.75 else rng.normal(0, 0.16)),
        arms=(arms[0], arms[1]),
        stride=float(rng.uniform(0.05, 0.45) if rng.random() < 0.7 else rng.uniform(0.4, 0.8)),
        mirror=bool(rng.random() < 0.5),
        held=pick(rng, _HELD, _HELD_WEIGHTS),
        stretch=float(np.clip(rng.normal(1.0, 0.09), 0.78, 1.3)),
    )


@dataclass(frozen=True)
class Skeleton:
    """Joints of a figure in local units: the head is the unit circle around (0, 0), y grows downwards.

    Attributes:
        neck: y of the shoulder line. waist, hip, knee, foot: y of those.
        shoulder, waist_width, hip_width: half widths. limb: half thickness of an upper arm.
        hands, elbows: points, left then right (x negative first).
        feet: x of the feet, left then right.
    """

    neck: float
    waist: float
    hip: float
    knee: float
    foot: float
    shoulder: float
    waist_width: float
    hip_width: float
    limb: float
    elbows: tuple[tuple[float, float], tuple[float, float]]
    hands: tuple[tuple[float, float], tuple[float, float]]
    feet: tuple[float, float]


def skeleton(who: Character, pose: Pose) -> Skeleton:
    """Joints of this character in this pose.

    Proportions follow the artists' rule of heads: at 7.5 heads the hips sit half way down; a chibi is mostly head.
    """
    look = who.look
    tall = np.clip((look.heads - 2.2) / 5.3, 0, 1.1)
    neck = 1.06 + 0.26 * tall
    length = 2 * look.heads - 1 - neck
    hip, waist = neck + 0.42 * length, neck + 0.29 * length
    width = 0.62 + 0.72 * tall
    turned = 1 - 0.3 * abs(np.sin(pose.yaw))
    shoulder = width * look.shoulders * turned
    reach = 0.2 * length + 0.12
    elbows, hands = [], []
    for side, (upper, bend) in zip((-1, 1), pose.arms, strict=True):
        ex = side * (shoulder * 0.95 + reach * np.sin(upper))
        ey = neck + 0.2 + reach * np.cos(upper)
        fore = upper + bend
        elbows.append((float(ex), float(ey)))
        hands.append((float(ex + side * reach * np.sin(fore)), float(ey + reach * np.cos(fore))))
    leg = 0.58 * length
    hips = width * look.hips * turned
    return Skeleton(
        neck=neck,
        waist=waist,
        hip=hip,
        knee=hip + leg / 2,
        foot=2 * look.heads - 1,
        shoulder=shoulder,
        waist_width=width * look.waist * turned,
        hip_width=hips,
        limb=(0.17 + 0.08 * tall) * look.shoulders,
        elbows=(elbows[0], elbows[1]),
        hands=(hands[0], hands[1]),
        feet=(float(-hips * 0.5 - pose.stride * leg * 0.3), float(hips * 0.5 + pose.stride * leg * 0.3)),
    )
