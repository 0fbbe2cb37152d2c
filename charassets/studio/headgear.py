"""Things on top of the head: hats, hoods, helmets, crowns, ornaments, horns and animal ears.

What belongs here: everything that is put on over finished hair. Not here: things worn on the face.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.faces import Head
from charassets.studio.palette import darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose
from charassets.studio.shapes import arc, box, curve, oval, ribbon, star
from charassets.studio.traits import Character

_INK = np.array([0.08, 0.08, 0.1])
_GOLD, _STEEL, _WOOD = np.array([0.88, 0.72, 0.28]), np.array([0.7, 0.72, 0.76]), np.array([0.45, 0.3, 0.17])


def draw_on_head(pen: Pen, who: Character, pose: Pose) -> None:
    """Horns, animal ears, hair ornaments and headwear; extends the part ``head`` by what is worn."""
    look = who.look
    if who.has("Horns"):
        for s in (-1, 1):
            x = s * look.head_width * 0.55
            horn = ribbon(
                [(x, -0.85), (x + s * 0.25, -1.25), (x + s * 0.15, -1.75 - 0.3 * look.variant[1])], (0.16, 0.12, 0.01)
            )
            pen.fill(horn, lighter(_WOOD, 0.25 * look.variant[2]))
    if who.has("Animal Ears"):
        _animal_ears(pen, who)
    if who.has("Hair Ornament"):
        _hair_ornament(pen, who, pose)
    kind = str(who.attributes["Headwear"])
    if kind in _HEADWEAR:
        _HEADWEAR[kind](pen, who, pose)


def _animal_ears(pen: Pen, who: Character) -> None:
    look = who.look
    color = look.hair if who.attributes["Hair Length"] != "Bald" else look.cloth[1]
    tall = 0.55 if look.variant[3] < 0.7 else 1.3
    for s in (-1, 1):
        x = s * look.head_width * 0.6
        pen.fill(curve([(x - 0.24, -0.85), (x + s * 0.14, -0.95 - tall), (x + 0.24, -0.8)], samples=4), color)
        pen.fill(
            curve([(x - 0.11, -0.95), (x + s * 0.12, -0.9 - tall * 0.75), (x + 0.12, -0.92)], samples=4),
            (0.95, 0.7, 0.72),
            outline=0,
        )


def _hair_ornament(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    side = 1 if look.variant[5] < 0.5 else -1
    x, y = side * look.head_width * 0.75, -0.62
    color = look.cloth[2]
    if look.variant[6] < 0.4:  # a bow
        for s in (-1, 1):
            pen.fill(curve([(x, y), (x + s * 0.38, y - 0.24), (x + s * 0.38, y + 0.2)]), color)
        pen.fill(oval(x, y, 0.1), darker(color, 0.8))
    elif look.variant[6] < 0.75:  # a flower
        for t in np.linspace(0, 2 * np.pi, 5, endpoint=False):
            pen.fill(oval(x + 0.17 * np.cos(t), y + 0.17 * np.sin(t), 0.14), color, outline=0.5)
        pen.fill(oval(x, y, 0.09), _GOLD, outline=0)
    else:  # a hairclip
        pen.fill(ribbon([(x - 0.25, y - 0.06), (x + 0.22, y + 0.1)], (0.07, 0.07)), color)
    if look.variant[7] < 0.3 and not pose.from_behind:
        pen.line(arc(0, 0.12, look.head_width * 1.06, 1.16, 1.08 * np.pi, 1.92 * np.pi), color, 0.13)


def _hat(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    w, color, band = look.head_width + look.hair_volume * 0.8, look.cloth[1], look.cloth[2]
    kind = look.variant[0]
    if kind < 0.3:  # pointed
        tip = (0.5 - look.variant[1], -2.9)
        pen.fill(
            curve([(-w * 0.85, -0.7), (-0.25, -1.7), tip, (0.4, -1.6), (w * 0.85, -0.7)], samples=3), color, part="head"
        )
        pen.fill(oval(0, -0.66, w * 1.7, 0.3), color)
        pen.line(arc(0, -0.9, w * 0.8, 0.22, 0.1, np.pi - 0.1), band, 0.14)
    elif kind < 0.6:  # brimmed
        pen.fill(oval(0, -0.62, w * 1.55, 0.26), darker(color, 0.9))
        pen.fill(
            curve([(-w * 0.85, -0.62), (-w * 0.8, -1.4), (0, -1.5), (w * 0.8, -1.4), (w * 0.85, -0.62)], samples=3),
            color,
            part="head",
        )
        pen.line(arc(0, -0.85, w * 0.84, 0.16, 0.1, np.pi - 0.1), band, 0.16)
    elif kind < 0.8:  # top hat
        pen.fill(box(-w * 0.8, -2.1, w * 0.8, -0.65), color, part="head")
        pen.fill(oval(0, -0.64, w * 1.3, 0.16), color)
        pen.fill(box(-w * 0.8, -0.98, w * 0.8, -0.76), band, outline=0)
    else:  # beret or knitted hat
        pen.fill(
            curve(
                [(-w * 1.1, -0.5), (-w * 1.15, -1.1), (0.2, -1.5), (w * 1.25, -1.0), (w * 1.05, -0.5), (0, -0.42)],
                samples=4,
            ),
            color,
            part="head",
        )
        pen.line(arc(0, -0.75, w * 1.02, 0.28, 0.1, np.pi - 0.1), band, 0.16)


def _cap(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    w, color = look.head_width + look.hair_volume * 0.8, look.cloth[1]
    pen.fill(np.vstack([arc(0, -0.35, w * 1.04, 0.98, np.pi, 2 * np.pi), [(0, -0.3)]]), color, part="head")
    pen.line(np.array([(0, -1.3), (0, -0.5)]), darker(color, 0.7), 0.04)
    if not pose.from_behind:
        way = float(np.sin(pose.yaw)) * w
        pen.fill(
            curve(
                [
                    (-w * 0.9 + way * 0.5, -0.4),
                    (way, -0.56),
                    (w * 0.9 + way * 0.5, -0.4),
                    (w * 0.7 + way * 1.4, -0.16),
                    (-w * 0.7 + way * 1.4, -0.16),
                ],
                samples=3,
            ),
            darker(color, 0.85),
        )


def _hood(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    w, color = look.head_width + look.hair_volume * 0.8, look.cloth[0]
    outer = [
        (-w * 0.9, 1.35),
        (-w * 1.3, 0.4),
        (-w * 1.2, -0.7),
        (-0.2, -1.45),
        (0.25, -1.4),
        (w * 1.2, -0.7),
        (w * 1.3, 0.4),
        (w * 0.9, 1.35),
    ]
    if pose.from_behind:
        pen.fill(curve([*outer, (0.0, 1.5)]), color, part="head")
        return
    way = float(np.sin(pose.yaw)) * w * 0.35
    opening = curve(
        [
            (way - w * 0.62, 1.12),
            (way - w * 0.86, 0.3),
            (way - w * 0.74, -0.5),
            (way, -0.86),
            (way + w * 0.74, -0.5),
            (way + w * 0.86, 0.3),
            (way + w * 0.62, 1.12),
        ],
        closed=False,
    )
    pen.fill(np.vstack([curve(outer, closed=False), opening[::-1]]), color, part="head")
    pen.line(opening, darker(color, 0.6), 0.07)


def _helmet(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    w, color = look.head_width + 0.14, _STEEL if look.variant[0] < 0.7 else _GOLD
    closed = look.variant[1] < 0.3
    low = 1.02 if closed or pose.from_behind else -0.25
    dome = [*arc(0, -0.2, w * 1.03, 1.06, np.pi, 2 * np.pi), (w, low), (0, low + (0.1 if closed else -0.06)), (-w, low)]
    pen.fill(np.array(dome), color, part="head")
    if pose.from_behind:
        return
    if closed:
        pen.fill(box(-w * 0.72, -0.08, w * 0.72, 0.12), _INK, outline=0, shade=False)
        for x in (-0.25, 0.0, 0.25):
            pen.line(np.array([(x, 0.35), (x, 0.75)]), _INK, 0.05)
    else:
        for s in (-1, 1):
            pen.fill(
                np.array([(s * w * 1.03, -0.3), (s * w * 0.72, -0.3), (s * w * 0.78, 0.55), (s * w * 0.98, 0.6)]), color
            )
        nose = Head(who, pose).x(0.0)
        pen.fill(np.array([(nose - 0.07, -0.4), (nose + 0.07, -0.4), (nose + 0.04, 0.25), (nose - 0.04, 0.25)]), color)
    if look.variant[2] < 0.5:
        pen.fill(ribbon([(0, -1.15), (-0.35, -1.75), (-1.0, -1.45)], (0.1, 0.24, 0.04)), look.cloth[2])


def hides_hair(who: Character) -> bool:
    """Whether a closed helmet leaves no hair to see."""
    return who.attributes["Headwear"] == "Helmet" and who.look.variant[1] < 0.3


def _crown(pen: Pen, who: Character, pose: Pose) -> None:
    w = who.look.head_width * 0.72
    spikes = [(u * w, -1.6 if k % 2 else -1.22) for k, u in enumerate(np.linspace(-1, 1, 7))]
    pen.fill(np.array([(-w, -0.9), *spikes, (w, -0.9), (0, -0.8)]), _GOLD, part="head")
    for u in (-0.5, 0.0, 0.5):
        pen.fill(oval(u * w, -1.0, 0.08), who.look.cloth[2], outline=0, shade=False)


def _headband(pen: Pen, who: Character, pose: Pose) -> None:
    look = who.look
    w = look.head_width + look.hair_volume * 0.6
    band = [*arc(0, -0.42, w, 0.16, np.pi, 0, 9), *arc(0, -0.64, w * 0.95, 0.16, 0, np.pi, 9)]
    pen.fill(np.array(band), look.cloth[2])
    if look.variant[0] < 0.4:
        pen.fill(star(Head(who, pose).x(0.0), -0.42, 0.14, 0.06), _GOLD, outline=0, shade=False)


_HEADWEAR: dict[str, Callable[[Pen, Character, Pose], None]] = {
    "Hat": _hat,
    "Cap": _cap,
    "Hood": _hood,
    "Helmet": _helmet,
    "Crown": _crown,
    "Headband": _headband,
}
