"""Things held: staffs, swords, books, cups.

What belongs here: props in the right hand of a pose. Not here: which pose holds what.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.clutter import skull
from charassets.studio.palette import lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose, Skeleton
from charassets.studio.shapes import box, curve, oval, star
from charassets.studio.traits import Character

_GOLD, _STEEL, _WOOD = np.array([0.88, 0.72, 0.28]), np.array([0.7, 0.72, 0.76]), np.array([0.45, 0.3, 0.17])


def draw_held(pen: Pen, who: Character, pose: Pose, bones: Skeleton) -> None:
    """The prop in the right hand, if the pose has one."""
    if pose.held:
        x, y = bones.hands[1]
        if pose.held in {"staff", "spear", "sword"} and y < bones.hip:
            x = max(x, who.look.head_width + 0.45)  # a long thing across the face would hide it
        _HELD[pose.held](pen, who, x, y, bones)


def _staff(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    top = min(-1.4, y - 2.5)
    pen.fill(box(x - 0.07, top, x + 0.07, bones.foot), _WOOD)
    kind = who.look.variant[2]
    if kind < 0.25:
        skull(pen, x, top, 0.2 + 0.8 * kind)
        return
    pen.fill(oval(x, top, 0.28) if kind < 0.65 else star(x, top, 0.4, 0.18), who.look.cloth[2])


def _sword(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    lean = 0.5 * (who.look.variant[3] - 0.5)
    tip = (x + lean * 3, y - 3.2)
    pen.fill(
        np.array(
            [
                (x - 0.12, y - 0.3),
                (x + 0.12, y - 0.3),
                (tip[0] + 0.05, tip[1] + 0.2),
                tip,
                (tip[0] - 0.08, tip[1] + 0.2),
            ]
        ),
        _STEEL,
    )
    pen.fill(box(x - 0.4, y - 0.34, x + 0.4, y - 0.2), _GOLD)
    pen.fill(box(x - 0.07, y - 0.22, x + 0.07, y + 0.25), _WOOD)


def _spear(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    top = min(-2.0, y - 3.2)
    pen.fill(box(x - 0.05, top, x + 0.05, bones.foot), _WOOD)
    pen.fill(np.array([(x, top - 0.7), (x + 0.2, top), (x - 0.2, top)]), _STEEL)


def _shield(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    color = who.look.cloth[2]
    pen.fill(
        curve(
            [(x - 0.8, y - 0.9), (x + 0.8, y - 0.9), (x + 0.7, y + 0.5), (x, y + 1.2), (x - 0.7, y + 0.5)], samples=3
        ),
        color,
    )
    pen.fill(star(x, y - 0.05, 0.5, 0.2, 4), lighter(color, 0.5), shade=False)


def _book(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    pen.fill(box(x - 0.45, y - 0.5, x + 0.45, y + 0.15), who.look.cloth[1])
    pen.fill(box(x - 0.38, y - 0.46, x + 0.4, y + 0.08), (0.96, 0.94, 0.88), outline=0.4)


def _cup(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    pen.fill(
        np.array([(x - 0.24, y - 0.45), (x + 0.24, y - 0.45), (x + 0.18, y + 0.1), (x - 0.18, y + 0.1)]),
        (0.95, 0.95, 0.95),
    )


def _flower(pen: Pen, who: Character, x: float, y: float, bones: Skeleton) -> None:
    pen.line(np.array([(x, y + 0.2), (x + 0.1, y - 0.8)]), (0.25, 0.55, 0.25), 0.06)
    for t in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        pen.fill(oval(x + 0.1 + 0.18 * np.cos(t), y - 0.85 + 0.18 * np.sin(t), 0.14), who.look.cloth[2], outline=0.4)


_HELD: dict[str, Callable[[Pen, Character, float, float, Skeleton], None]] = {
    "staff": _staff,
    "sword": _sword,
    "spear": _spear,
    "shield": _shield,
    "book": _book,
    "cup": _cup,
    "flower": _flower,
}
