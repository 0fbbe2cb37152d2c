"""Hair: a mass behind the body, a cap with a fringe over the skull, and what the style hangs, ties or spikes on it.

What belongs here: every hair style in every length, from any side. Not here: hats and ornaments on top of it.
"""

from collections.abc import Callable, Sequence

import numpy as np

from charassets.studio.faces import Head
from charassets.studio.palette import Rgb, darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose
from charassets.studio.shapes import Points, arc, curve, oval, ribbon
from charassets.studio.traits import Character

# y of the tips, in half heads: 1 is the chin.
_TIPS = {
    "Very Short": (-0.2, 0.1),
    "Short": (0.5, 0.9),
    "Medium": (1.3, 1.8),
    "Long": (2.4, 3.3),
    "Very Long": (4.0, 5.6),
}
_WAVES = {"Wavy": (0.09, 2.6), "Curly": (0.13, 6.0), "Messy": (0.08, 5.0), "Drill": (0.04, 3.0)}  # amplitude, frequency
_TIED = {"Ponytail", "Twintails", "Braid", "Bun", "Drill"}
_CROPPED = {"Mohawk", "Undercut"}
_SPIKED = {"Spiky", "Messy"}


class Hair:
    """Measures of one head of hair in one pose, and its pen strokes.

    Args:
        pen: draws.
        who: whose hair; bald characters have none and must not be asked.
        pose: how the head is turned.
    """

    def __init__(self, pen: Pen, who: Character, pose: Pose) -> None:
        self.pen, self.who, self.pose = pen, who, pose
        self.head = Head(who, pose)
        self.style, self.length = str(who.attributes["Hair Style"]), str(who.attributes["Hair Length"])
        self.rng = np.random.default_rng(who.look.curl)
        self.color, self.second = who.look.hair, who.look.hair_second
        self.inner = self.second if self.second is not None and who.look.variant[6] < 0.5 else darker(self.color, 0.82)
        low, high = _TIPS[self.length]
        self.tip = low + (high - low) * who.look.variant[7]
        volume = who.look.hair_volume * (0.5 if self.length == "Very Short" or self.style in _CROPPED else 1.0)
        self.rx, self.ry = who.look.head_width + volume * 0.75, 1 + volume
        self.behind = -0.3 * who.look.head_width * float(np.sin(pose.yaw))

    def fill(self, outline: Points, color: Rgb | None = None, *, part: str = "") -> None:
        """Fill with the hair colour, or another."""
        self.pen.fill(outline, self.color if color is None else color, part=part)

    def strands(self, lines: Sequence[Points]) -> None:
        """A few darker lines along the fall of the hair."""
        for line in lines:
            self.pen.line(line, darker(self.color, 0.68), 0.03)


def draw_back_hair(pen: Pen, who: Character, pose: Pose) -> None:
    """What hangs behind the shoulders; seen from behind, draw it after the body instead of before."""
    if who.attributes["Hair Length"] == "Bald":
        return
    hair = Hair(pen, who, pose)
    if hair.style in _SPIKED:
        _draw_spikes(hair)
    if hair.style in _HANGING:
        _HANGING[hair.style](hair)
    if hair.style not in _TIED | _CROPPED | {"Afro", "Dreadlocks", "Spiky"} and hair.length != "Very Short":
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


def _tail(hair: Hair, anchor: tuple[float, float], side: float, *, thick: float = 0.3, swing: float = 0.55) -> Points:
    x, y = anchor
    reach = max(hair.tip, y + 0.9)
    spine = [
        (x, y),
        (x + side * swing, y + 0.12),
        (x + side * (swing + 0.12), (y + reach) / 2),
        (x + side * swing * 0.8, reach),
    ]
    return ribbon(spine, (thick * 0.6, thick, thick * 0.85, 0.03))


def _ponytail(hair: Hair) -> None:
    high = hair.who.look.variant[0] < 0.6
    side = 1.0 if hair.who.look.variant[1] < 0.5 else -1.0
    anchor = (hair.behind + side * 0.25, -hair.ry * 0.85) if high else (hair.behind + side * 0.5, 0.55)
    outline = _tail(hair, anchor, side, thick=0.34, swing=0.75 if high else 0.5)
    if high:
        hair.pen.mark("head", np.array([anchor]))
    hair.fill(outline)
    hair.strands([outline[2 : len(outline) // 2 - 1] * 0.97])
    hair.pen.fill(oval(*anchor, 0.18, 0.15), hair.who.look.cloth[2], shade=False)


def _twintails(hair: Hair) -> None:
    low = hair.who.look.variant[0] < 0.3
    for side in (-1.0, 1.0):
        anchor = (side * hair.rx * (0.85 if low else 0.8), 0.5 if low else -0.55)
        outline = _tail(hair, anchor, side, thick=0.3, swing=0.3 if low else 0.6)
        hair.fill(outline, hair.second if hair.second is not None and side > 0 else None)
        hair.strands([outline[2 : len(outline) // 2 - 1] * 0.97])
        hair.pen.fill(oval(anchor[0] + side * 0.08, anchor[1], 0.13, 0.16), hair.who.look.cloth[2], shade=False)


def _half_updo(hair: Hair) -> None:
    top = (hair.behind, -hair.ry * 0.9)
    hair.fill(oval(top[0], top[1] - 0.1, 0.32, 0.24))
    for side in (-1, 1):
        hair.pen.fill(
            curve([top, (top[0] + side * 0.35, top[1] - 0.25), (top[0] + side * 0.38, top[1] + 0.12)]),
            hair.who.look.cloth[2],
        )


def _plait(hair: Hair, spine: Sequence[tuple[float, float]], thick: float) -> None:
    line = curve(spine, closed=False, samples=8)
    gaps = np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()
    beads = max(3, int(gaps[-1] / (thick * 0.9)))
    for k, at in enumerate(np.linspace(0, gaps[-1], beads)):
        x, y = (np.interp(at, gaps, line[1:, i]) for i in (0, 1))
        size = thick * (1 - 0.35 * k / beads)
        hair.fill(oval(float(x), float(y), size, size * 0.75, angle=0.5 if k % 2 else -0.5))
    hair.pen.fill(
        oval(float(line[-1, 0]), float(line[-1, 1]), thick * 0.6, thick * 0.4), hair.who.look.cloth[2], shade=False
    )


def _braid(hair: Hair) -> None:
    twin = hair.who.look.variant[0] < 0.5
    for side in (-1.0, 1.0) if twin else (1.0 if hair.who.look.variant[1] < 0.5 else -1.0,):
        reach = max(hair.tip, 1.5)
        _plait(hair, [(side * hair.rx * 0.85, 0.4), (side * hair.rx * 1.1, 0.9), (side * hair.rx * 1.05, reach)], 0.2)


def _bun(hair: Hair) -> None:
    double = hair.who.look.variant[0] < 0.4
    size = 0.28 + 0.2 * hair.who.look.variant[1]
    for x in (-0.7 * hair.rx, 0.7 * hair.rx) if double else (hair.behind * 1.5,):
        y = -hair.ry * (0.85 if double else 1.0)
        hair.fill(oval(x, y - size * 0.3, size, size * 0.9), part="head")
        hair.strands([arc(x, y - size * 0.3, size * 0.6, size * 0.5, 0.5, 4.5, 8)])


def _drill(hair: Hair) -> None:
    for side in (-1.0, 1.0):
        x, reach = side * hair.rx * 1.15, max(hair.tip, 1.2)
        hair.fill(
            ribbon([(x, -0.35), (x + side * 0.15, (reach - 0.3) / 2), (x + side * 0.05, reach)], (0.3, 0.3, 0.05))
        )
        for k in range(5):
            y = -0.15 + k * (reach - 0.1) / 5
            turn = [(x - 0.22, y), (x + 0.05, y + 0.16), (x + 0.34 * side + 0.05, y + 0.02)]
            hair.pen.line(curve(turn, closed=False), darker(hair.color, 0.62), 0.05)


def _afro(hair: Hair) -> None:
    size = 1.25 + 0.35 * hair.who.look.variant[0] + (0.2 if hair.length == "Medium" else 0.0)
    t = np.linspace(0, 2 * np.pi, 44, endpoint=False)
    bumps = size * (1 + 0.035 * np.cos(t * 11) + hair.rng.normal(0, 0.015, 44))
    hair.fill(np.stack([hair.behind + bumps * np.cos(t) * 0.98, -0.35 + bumps * np.sin(t)], axis=1), part="head")


def _dreadlocks(hair: Hair) -> None:
    for k, u in enumerate(np.linspace(-1, 1, 11)):
        x = hair.behind + u * hair.rx
        sway = hair.rng.normal(0, 0.08)
        spine = [(x * 0.8, -0.5), (x * 1.08, 0.4), (x * 1.12 + sway, hair.tip + hair.rng.normal(0, 0.12))]
        hair.fill(ribbon(spine, (0.12, 0.13, 0.09)), hair.color if k % 2 else darker(hair.color, 0.85))


_HANGING: dict[str, Callable[[Hair], None]] = {
    "Ponytail": _ponytail,
    "Twintails": _twintails,
    "Half Updo": _half_updo,
    "Braid": _braid,
    "Bun": _bun,
    "Drill": _drill,
    "Afro": _afro,
    "Dreadlocks": _dreadlocks,
}


def draw_front_hair(pen: Pen, who: Character, pose: Pose) -> None:
    """The cap of hair over the skull with its fringe and side locks; marks the part ``head``."""
    if who.attributes["Hair Length"] == "Bald":
        return
    hair = Hair(pen, who, pose)
    if hair.style in _CROPPED:
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
