"""Hair: a mass behind the body, a cap with a fringe over the skull, and what the style hangs, ties or spikes on it.

What belongs here: every hair style in every length, from any side. Not here: hats and ornaments on top of it.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.hairdos import CROPPED, HANGING, Hair
from charassets.studio.palette import Rgb, darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose
from charassets.studio.shapes import Points, arc, curve, ribbon
from charassets.studio.traits import Character

_WAVES = {"Wavy": (0.09, 2.6), "Curly": (0.13, 6.0), "Messy": (0.08, 5.0), "Drill": (0.04, 3.0)}  # amplitude, frequency
_TIED = {"Ponytail", "Twintails", "Braid", "Bun", "Drill"}
_SPIKED = {"Spiky", "Messy"}


def draw_back_hair(pen: Pen, who: Character, pose: Pose) -> None:
    """What hangs behind the shoulders; seen from behind, draw it after the body instead of before."""
    if who.attributes["Hair Length"] == "Bald":
        return
    hair = Hair(pen, who, pose)
    if hair.style in _SPIKED:
        _draw_spikes(hair)
    if hair.style in HANGING:
        HANGING[hair.style](hair)
    if hair.style not in _TIED | CROPPED | {"Afro", "Dreadlocks", "Spiky"} and hair.length != "Very Short":
        _draw_mass(hair)


def _draw_mass(hair: Hair) -> None:
    amount, frequency = _WAVES.get(hair.style, (0.015, 2.0))
    flare = {"Bob": 0.05, "Hime Cut": 0.0, "Messy": 0.25, "Curly": 0.25, "Wavy": 0.15}.get(hair.style, 0.08)
    steps = 12
    t = np.linspace(0, 1, steps)
    drop = hair.tip + 0.3
    sides = []
    for side in (-1, 1):
        sway = amount * np.sin(t * frequency * drop + side + hair.who.look.variant[5] * 3)
        jitter = hair.rng.normal(0, amount * 0.4, steps)
        x = hair.behind + side * (hair.rx + flare * t * min(drop, 2.0)) + sway + jitter
        if hair.style == "Bob":
            x = hair.behind + side * (hair.rx + 0.16 * np.sin(t * 2.6))
        sides.append(np.stack([x, -0.3 + t * drop], axis=1))
    left, right = sides
    count = 7
    ends = np.linspace(left[-1, 0], right[-1, 0], count + 2)[1:-1]
    ragged = 0.02 if hair.style in {"Hime Cut", "Bob"} else 0.12 + 0.05 * hair.tip
    hem = np.stack([ends, hair.tip + hair.rng.uniform(-0.3, 1.0, count) * ragged], axis=1)
    crown = arc(hair.behind, 0, hair.rx * 0.96, hair.ry * 0.98, 1.9 * np.pi, 1.1 * np.pi, 6)
    outline = np.vstack([left, hem, right[::-1], crown])
    if hair.pose.from_behind:
        hair.pen.mark("head", np.array([(-hair.rx, 0.0), (hair.rx, 0.9)]))
    hair.fill(curve(outline, samples=3), hair.color if hair.pose.from_behind else hair.inner)
    if hair.length != "Short":
        inset = [
            np.stack([hair.behind + (side[:, 0] - hair.behind) * k, side[:, 1]], axis=1)[3:-1]
            for side in sides
            for k in (0.55, 0.85)
        ]
        hair.strands(inset)


def draw_front_hair(pen: Pen, who: Character, pose: Pose) -> None:
    """The cap of hair over the skull with its fringe and side locks; marks the part ``head``."""
    if who.attributes["Hair Length"] == "Bald":
        return
    hair = Hair(pen, who, pose)
    if hair.style in CROPPED:
        _draw_cropped(hair)
        return
    if pose.from_behind and hair.style in _SPIKED:
        _draw_spikes(hair)
    cap = _cap(hair)
    hair.fill(cap, part="head")
    _draw_sheen(hair)
    if hair.second is not None:
        _draw_streak(hair, hair.second)
    if not pose.from_behind:
        _draw_side_locks(hair)


_Fringe = Callable[[float, int], float]
_FRINGE_HEIGHT: dict[str, _Fringe] = {  # angle in -1..1 and the index of the point to y
    "blunt": lambda u, k: -0.24 + 0.03 * (k % 2),
    "parted": lambda u, k: -0.74 + 0.62 * abs(u - 0.2) ** 0.8,
    "swept": lambda u, k: -0.42 + 0.3 * u + 0.05 * (k % 2),
    "spiky": lambda u, k: -0.52 + 0.42 * (k % 2),
    "curtain": lambda u, k: -0.82 + 0.75 * abs(u) ** 0.6,
    "back": lambda u, k: -0.74 + 0.3 * u * u,
    "wispy": lambda u, k: -0.4 + 0.2 * (k % 3 == 1),
}


def _cap(hair: Hair) -> Points:
    if hair.pose.from_behind:
        return curve(
            [
                *arc(0, 0, hair.rx, hair.ry, np.pi, 2 * np.pi, 12),
                (hair.rx * 0.9, 0.7),
                (0, 0.95),
                (-hair.rx * 0.9, 0.7),
            ],
            samples=3,
        )
    fringe = "back" if hair.length == "Very Short" or hair.style == "Dreadlocks" else hair.who.look.fringe
    fringe = "blunt" if hair.style == "Hime Cut" else fringe
    height = _FRINGE_HEIGHT[fringe]
    points = [*arc(hair.behind * 0.3, 0, hair.rx, hair.ry, np.pi, 2 * np.pi, 12)]
    low = 0.15 if hair.length == "Very Short" else 0.42
    points += _temple(hair, 1, low)
    angles = np.linspace(1.05, -1.05, 15)
    points += [(hair.head.x(a, 1.02), height(a / 1.05, k)) for k, a in enumerate(angles) if hair.head.facing(a) > 0.08]
    points += _temple(hair, -1, low)[::-1]
    return np.array(points)


def _temple(hair: Hair, side: int, low: float) -> list[tuple[float, float]]:
    """Outline from the top arc's end down the side of the head to the fringe, for the right side (+1) going inwards."""
    ear = hair.head.facing(side * 1.3)
    if ear < 0:  # this side of the head is turned away
        return [(side * hair.rx * 0.99, 0.02)]
    inner = hair.head.x(side * 1.28)
    nape = 0.72 if abs(hair.pose.yaw) > 0.5 else low
    return [(side * hair.rx * 1.0, 0.1), (side * hair.rx * 0.95, nape), (inner, low), (hair.head.x(side * 1.15), -0.2)]


def _draw_sheen(hair: Hair) -> None:
    if hair.pen.style.shading == "flat" and hair.who.look.variant[2] < 0.6:
        return
    x = hair.behind * 0.3
    band = arc(x, 0.12, hair.rx * 0.72, hair.ry * 0.86, 1.25 * np.pi, 1.7 * np.pi, 8)
    hair.pen.line(band, lighter(hair.color, 0.35), 0.06)
    fall = [
        curve([(x + k * 0.1, -hair.ry * 0.95), (x + k * 0.55, -0.75), (x + k * 0.8, -0.4)], closed=False)
        for k in (-0.8, -0.3, 0.35, 0.8)
    ]
    hair.strands(fall)


def _draw_streak(hair: Hair, color: Rgb) -> None:
    if hair.who.look.variant[6] > 0.75 and not hair.pose.from_behind:
        half = [
            *arc(hair.behind * 0.3, 0, hair.rx * 0.98, hair.ry * 0.98, 1.5 * np.pi, 2 * np.pi, 8),
            (hair.rx * 0.9, 0.3),
            (hair.head.x(1.1), -0.25),
            (hair.head.x(0.1), -0.4),
        ]
        hair.fill(np.array(half), color)
        return
    for u in (-0.55, 0.1, 0.6):
        lock = ribbon([(u * 0.5, -hair.ry * 0.97), (u * 0.85, -0.72), (u * 0.95, -0.32)], (0.03, 0.12, 0.03))
        hair.pen.fill(lock, color, outline=0.4)


def _draw_side_locks(hair: Hair) -> None:
    if (
        hair.length in {"Very Short", "Short"}
        or hair.style in {"Afro", "Dreadlocks", "Bun"}
        and hair.who.look.variant[3] < 0.6
    ):
        return
    if hair.who.look.fringe == "back" and hair.style != "Hime Cut":
        return
    reach = {"Hime Cut": 1.0, "Bob": min(hair.tip, 1.1)}.get(hair.style, min(hair.tip, 0.9 + hair.who.look.variant[3]))
    wide = 0.16 if hair.style == "Hime Cut" else 0.11
    for side in (-1, 1):
        if hair.head.facing(side * 1.2) > 0.0:
            x = hair.head.x(side * 1.2, 1.06)
            ends = (wide, wide * 0.9) if hair.style == "Hime Cut" else (wide, wide, 0.02)
            hair.fill(
                ribbon([(x, -0.35), (x + side * 0.06, 0.3), (x, reach)], ends),
                hair.second if hair.second is not None else None,
            )


def _draw_spikes(hair: Hair) -> None:
    """Spikes around the crown: even and long for Spiky, small and irregular for Messy."""
    spiky = hair.style == "Spiky"
    count = int(hair.rng.integers(7, 11)) if spiky else 13
    size = ((0.3 if hair.length == "Very Short" else 0.5) if spiky else 0.2) * (0.8 + 0.5 * hair.who.look.variant[0])
    start, stop = 0.93 * np.pi, 2.07 * np.pi
    lean = hair.rng.normal(0, 0.2)
    points = []
    for t in np.linspace(start, stop, count):
        out = 1 + size * hair.rng.uniform(0.7, 1.2)
        step = (stop - start) / count / 2
        points.append((hair.rx * np.cos(t - step), hair.ry * np.sin(t - step)))
        points.append((hair.rx * out * np.cos(t + lean * size), hair.ry * out * np.sin(t + lean * size)))
    points.append((hair.rx * 0.9, 0.3 if spiky else 0.1))
    points.append((-hair.rx * 0.9, 0.3 if spiky else 0.1))
    hair.fill(np.array(points), part="head")


def _draw_cropped(hair: Hair) -> None:
    """Shaved sides with a crest (Mohawk) or a full top (Undercut)."""
    shaved = darker(hair.who.look.skin * 0.5 + hair.color * 0.5, 0.8)
    side_cap = [*arc(0, -0.02, hair.who.look.head_width * 1.0, 1.02, np.pi, 2 * np.pi, 12)]
    edge = (
        []
        if hair.pose.from_behind
        else [
            (hair.head.x(a), -0.55 + 0.35 * abs(a)) for a in np.linspace(1.05, -1.05, 7) if hair.head.facing(a) > 0.05
        ]
    )
    low = 0.75 if hair.pose.from_behind else 0.05
    hair.pen.fill(
        np.array([*side_cap, (hair.rx * 0.9, low), *edge, (-hair.rx * 0.9, low)]), shaved, outline=0.3, part="head"
    )
    top = hair.head.x(0.0, 0.5) if not hair.pose.from_behind else 0.0
    if hair.style == "Mohawk":
        tall = 0.45 + 0.5 * hair.who.look.variant[0]
        half = 0.26 + 0.1 * hair.who.look.variant[1] + 0.35 * abs(np.sin(hair.pose.yaw))
        spikes = [
            (top + u * half, -0.95 - (tall if k % 2 else tall * 0.6)) for k, u in enumerate(np.linspace(-1.1, 1.1, 7))
        ]
        hair.fill(np.array([(top - half, -0.5), *spikes, (top + half, -0.5), (top, -0.38)]), part="head")
        return
    sweep = 1 if hair.who.look.variant[0] < 0.5 else -1
    rx = hair.who.look.head_width * 0.86
    crest = [
        (-rx, -0.62),
        (-rx * 0.95, -1.05),
        (sweep * 0.1, -1.28 - 0.2 * hair.who.look.variant[1]),
        (rx * 0.95, -1.05),
        (rx, -0.62),
        (sweep * 0.4, -0.5),
        (0, -0.6),
    ]
    hair.fill(curve(crest), part="head")
