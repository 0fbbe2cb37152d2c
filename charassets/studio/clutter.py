"""Clutter on a costume: straps, studs, pouches, tufts of fur, charms and small skulls, as painters love them.

What belongs here: details without a name in the vocabulary, which a detector must not take for heads. Not here: garments.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.palette import Rgb, darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Skeleton
from charassets.studio.shapes import arc, curve, oval, ribbon
from charassets.studio.traits import Character

_BONE, _STEEL = np.array([0.9, 0.87, 0.76]), np.array([0.66, 0.68, 0.72])
_GOLD, _LEATHER = np.array([0.85, 0.68, 0.28]), np.array([0.4, 0.27, 0.16])
_WEARING = {
    "painterly": 0.7,
    "soft": 0.4,
    "cel": 0.3,
    "outlined": 0.12,
    "pixel": 0.3,
}  # share of costumes with clutter, by style
_DARK = (0.1, 0.08, 0.08)


def draw_clutter(pen: Pen, who: Character, bones: Skeleton) -> None:
    """Strew details over the body; the same on every picture of a character by one kind of hand."""
    rng = np.random.default_rng([who.look.curl, 0xC1])
    if rng.random() >= _WEARING.get(pen.style.name, 0.0):
        return
    colors = (*who.look.cloth, _STEEL, _GOLD, _LEATHER)
    if rng.random() < 0.5:
        _strap(pen, bones, colors[rng.integers(len(colors))], rng)
    for _ in range(int(rng.integers(3, 16))):
        x = rng.normal(0, 0.55) * bones.shoulder
        y = rng.uniform(bones.neck + 0.2, bones.hip + 0.6)
        draw = _THINGS[rng.integers(len(_THINGS))]
        draw(pen, float(x), float(y), float(rng.uniform(0.08, 0.34)), colors[rng.integers(len(colors))], rng)


def skull(pen: Pen, x: float, y: float, size: float) -> None:
    """A bare skull, ``size`` half its height: no character, however much it looks like one."""
    pen.fill(oval(x, y, size * 0.85, size), _BONE)
    for side in (-1, 1):
        pen.fill(oval(x + side * size * 0.36, y, size * 0.24, size * 0.26), _DARK, outline=0, shade=False)
    pen.line(np.array([(x, y + size * 0.3), (x, y + size * 0.5)]), _DARK, size * 0.15)


def _strap(pen: Pen, bones: Skeleton, color: Rgb, rng: np.random.Generator) -> None:
    side = 1 if rng.random() < 0.5 else -1
    middle = bones.waist * 0.6 + bones.neck * 0.4
    ends = [(side * bones.shoulder * 0.8, bones.neck), (0.0, middle), (-side * bones.waist_width, bones.hip)]
    pen.fill(ribbon(ends, (0.1, 0.12, 0.1)), darker(color, 0.8))


def _stud(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(oval(x, y, size * 0.6, size * 0.6), color)
    pen.fill(
        oval(x - size * 0.15, y - size * 0.2, size * 0.2, size * 0.15), lighter(color, 0.5), outline=0, shade=False
    )


def _buckle(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    pen.line(arc(x, y, size, size * 0.8, 0, 2 * np.pi, 12), color, 0.08)


def _pouch(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    bag = [
        (x - size, y),
        (x, y - size * 0.4),
        (x + size, y),
        (x + size * 0.9, y + size * 1.3),
        (x - size * 0.9, y + size * 1.3),
    ]
    pen.fill(curve(bag), color)
    pen.line(np.array([(x - size, y + size * 0.3), (x + size, y + size * 0.3)]), darker(color, 0.5), 0.05)


def _tuft(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    edge = np.linspace(0, 2 * np.pi, 15, endpoint=False)
    reach = size * (1 + 0.5 * (np.arange(15) % 2) + rng.normal(0, 0.1, 15))
    pen.fill(np.stack([x + 1.4 * reach * np.cos(edge), y + reach * np.sin(edge)], axis=1), lighter(color, 0.15))


def _skull(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    skull(pen, x, y, size)


def _fold(pen: Pen, x: float, y: float, size: float, color: Rgb, rng: np.random.Generator) -> None:
    drop = [(x, y), (x + rng.normal(0, 0.15), y + 2 * size), (x + rng.normal(0, 0.25), y + 4 * size)]
    pen.line(curve(drop, closed=False), darker(color, 0.5), 0.05)


_THINGS: tuple[Callable[[Pen, float, float, float, Rgb, np.random.Generator], None], ...] = (
    _stud, _stud, _buckle, _pouch, _tuft, _skull, _fold, _fold, _fold,
)  # fmt: skip
