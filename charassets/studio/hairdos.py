"""Hairdos: what a style hangs, ties or winds: tails, braids, buns, drills, afros, dreadlocks.

What belongs here: the parts of a style that are not the mass of hair and its fringe, and the measures of one head of hair.
Not here: the order in which hair is drawn.
"""

from collections.abc import Callable, Sequence

import numpy as np

from charassets.studio.faces import Head
from charassets.studio.palette import Rgb, darker
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
CROPPED = {"Mohawk", "Undercut"}


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
        volume = who.look.hair_volume * (0.5 if self.length == "Very Short" or self.style in CROPPED else 1.0)
        self.rx, self.ry = who.look.head_width + volume * 0.75, 1 + volume
        self.behind = -0.3 * who.look.head_width * float(np.sin(pose.yaw))

    def fill(self, outline: Points, color: Rgb | None = None, *, part: str = "") -> None:
        """Fill with the hair colour, or another."""
        self.pen.fill(outline, self.color if color is None else color, part=part)

    def strands(self, lines: Sequence[Points]) -> None:
        """A few darker lines along the fall of the hair."""
        for line in lines:
            self.pen.line(line, darker(self.color, 0.68), 0.03)


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


HANGING: dict[str, Callable[[Hair], None]] = {
    "Ponytail": _ponytail,
    "Twintails": _twintails,
    "Half Updo": _half_updo,
    "Braid": _braid,
    "Bun": _bun,
    "Drill": _drill,
    "Afro": _afro,
    "Dreadlocks": _dreadlocks,
}
