"""Things that are not characters and should not be taken for one: objects, creatures, statues, emblems, letters, maps.

What belongs here: the negatives of the detector's world, each drawn inside a unit square. Not here: landscapes.
"""

from collections.abc import Callable

import cv2
import numpy as np

from charassets.studio.palette import Rgb, cloth_color, darker, lighter, shade_of
from charassets.studio.pen import Pen
from charassets.studio.shapes import arc, box, curve, oval, ribbon, star

_WOOD, _STEEL, _GOLD = np.array([0.45, 0.3, 0.17]), np.array([0.68, 0.7, 0.75]), np.array([0.88, 0.72, 0.28])
_LETTERS = "ABCDEFGHIKLMNOPRSTUVWXYZ0123456789"


def _sword(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(np.array([(-0.08, 0.45), (0.08, 0.45), (0.07, -0.8), (0, -0.98), (-0.07, -0.8)]), _STEEL)
    pen.fill(box(-0.3, 0.42, 0.3, 0.52), _GOLD)
    pen.fill(box(-0.05, 0.5, 0.05, 0.9), _WOOD)
    pen.fill(oval(0, 0.93, 0.08), color)


def _axe(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(box(-0.05, -0.9, 0.05, 0.95), _WOOD)
    for s in (-1, 1) if rng.random() < 0.5 else (1,):
        pen.fill(
            curve(
                [(s * 0.04, -0.75), (s * 0.5, -0.95), (s * 0.6, -0.5), (s * 0.5, -0.05), (s * 0.04, -0.35)], samples=3
            ),
            _STEEL,
        )


def _bow(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(ribbon([(-0.1, -0.95), (0.45, -0.3), (0.45, 0.3), (-0.1, 0.95)], (0.03, 0.08, 0.03)), _WOOD)
    pen.line(np.array([(-0.1, -0.95), (-0.1, 0.95)]), (0.8, 0.8, 0.8), 0.02)


def _orb(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(oval(0, 0, 0.6), color)
    pen.fill(oval(-0.2, -0.22, 0.16, 0.11), lighter(color, 0.7), outline=0, shade=False)


def _bottle(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(
        curve(
            [
                (-0.12, -0.7),
                (0.12, -0.7),
                (0.14, -0.25),
                (0.5, 0.3),
                (0.35, 0.85),
                (-0.35, 0.85),
                (-0.5, 0.3),
                (-0.14, -0.25),
            ],
            samples=4,
        ),
        color,
    )
    pen.fill(box(-0.16, -0.85, 0.16, -0.65), _WOOD)


def _book(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(np.array([(-0.7, -0.6), (0.6, -0.75), (0.7, 0.55), (-0.6, 0.75)]), color)
    pen.fill(star(0, 0, 0.3, 0.14, int(rng.integers(4, 8))), _GOLD, shade=False)


def _chest(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(box(-0.75, -0.1, 0.75, 0.65), _WOOD)
    pen.fill(np.vstack([arc(0, -0.1, 0.75, 0.45, np.pi, 2 * np.pi)]), darker(_WOOD, 0.85))
    pen.fill(box(-0.12, -0.2, 0.12, 0.15), _GOLD)


def _house(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(box(-0.6, -0.1, 0.6, 0.8), lighter(color, 0.4))
    pen.fill(np.array([(-0.8, -0.05), (0.8, -0.05), (0.0, -0.85)]), (0.6, 0.25, 0.2))
    pen.fill(box(-0.15, 0.3, 0.15, 0.8), _WOOD)
    for x in (-0.4, 0.4):
        pen.fill(oval(x, 0.25, 0.13), (0.75, 0.9, 1.0))


def _plant(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.line(curve([(0, 0.9), (0.08, 0.3), (0, -0.3)], closed=False), (0.25, 0.5, 0.22), 0.06)
    for t in np.linspace(0, 2 * np.pi, int(rng.integers(5, 9)), endpoint=False):
        pen.fill(oval(0.33 * np.cos(t), -0.4 + 0.33 * np.sin(t), 0.24, 0.16, angle=t), color)
    pen.fill(oval(0, -0.4, 0.18), _GOLD)


def _wheel(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    for k, r in enumerate(np.linspace(0.9, 0.15, int(rng.integers(2, 6)))):
        pen.fill(oval(0, 0, r), color if k % 2 else lighter(color, 0.5), shade=False)
    if rng.random() < 0.5:
        for t in np.linspace(0, np.pi, 4, endpoint=False):
            pen.line(
                np.array([(-0.85 * np.cos(t), -0.85 * np.sin(t)), (0.85 * np.cos(t), 0.85 * np.sin(t))]),
                darker(color, 0.6),
                0.05,
            )


def _gem(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(np.array([(-0.6, -0.3), (-0.3, -0.65), (0.3, -0.65), (0.6, -0.3), (0, 0.75)]), color)
    pen.line(np.array([(-0.6, -0.3), (0.6, -0.3), (0, 0.75), (-0.2, -0.3), (0.0, -0.65)]), lighter(color, 0.5), 0.03)


def _shapes(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(2, 5))):
        x, y, s, turn = *rng.uniform(-0.5, 0.5, 2), rng.uniform(0.2, 0.8), rng.uniform(0, 6)
        sides = int(rng.choice([3, 4, 4, 6, 20]))
        shape = np.array(
            [
                (x + s * np.cos(turn + t), y + s * np.sin(turn + t))
                for t in np.linspace(0, 2 * np.pi, sides, endpoint=False)
            ]
        )
        if rng.random() < 0.35:
            pen.line(shape, cloth_color(rng), 0.08, closed=True)
        else:
            pen.fill(shape, cloth_color(rng), shade=False)


def _heap(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    for _ in range(9):
        x, y = rng.normal(0, 0.3), rng.normal(0.2, 0.2)
        pen.fill(
            curve(
                [
                    (x + 0.3 * np.cos(t) * rng.uniform(0.6, 1.2), y + 0.25 * np.sin(t))
                    for t in np.linspace(0, 2 * np.pi, 7, endpoint=False)
                ]
            ),
            color * rng.uniform(0.6, 1.1),
        )


def _beast(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    """A quadruped in profile."""
    for x in (-0.5, -0.3, 0.3, 0.48):
        pen.fill(ribbon([(x, 0.1), (x + rng.normal(0, 0.05), 0.75)], (0.12, 0.07)), darker(color, 0.85))
    pen.fill(ribbon([(0.6, -0.05), (0.85, -0.3), (0.95, -0.1)], (0.1, 0.08, 0.02)), color)
    pen.fill(curve([(-0.6, -0.15), (0, -0.28), (0.6, -0.15), (0.65, 0.25), (0, 0.35), (-0.6, 0.3)]), color)
    pen.fill(curve([(-0.5, -0.3), (-0.75, -0.5), (-1.0, -0.3), (-0.98, -0.12), (-0.6, 0.1)]), color)
    for x in (-0.62, -0.74):
        pen.fill(np.array([(x - 0.08, -0.4), (x + 0.02, -0.72), (x + 0.1, -0.4)]), darker(color, 0.8))
    pen.fill(oval(-0.8, -0.33, 0.04), (0.05, 0.05, 0.05), outline=0, shade=False)


def _bird(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(curve([(-0.2, -0.3), (0.5, 0.1), (0.95, 0.1), (0.4, 0.45), (-0.3, 0.4), (-0.5, 0)]), color)
    pen.fill(oval(-0.45, -0.3, 0.27), color)
    pen.fill(np.array([(-0.68, -0.35), (-0.98, -0.22), (-0.68, -0.18)]), (0.95, 0.65, 0.15))
    pen.fill(curve([(-0.1, 0.0), (0.35, 0.05), (0.6, 0.5), (0.1, 0.3)]), darker(color, 0.7))
    pen.fill(oval(-0.5, -0.36, 0.045), (0.05, 0.05, 0.05), outline=0, shade=False)


def _fish(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(np.array([(0.5, 0), (0.95, -0.4), (0.85, 0), (0.95, 0.4)]), darker(color, 0.8))
    pen.fill(oval(-0.1, 0, 0.7, 0.38), color)
    pen.fill(oval(-0.5, -0.08, 0.07), (0.98, 0.98, 0.98), shade=False)


def _slime(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(curve([(-0.8, 0.6), (-0.7, -0.1), (0, -0.6), (0.7, -0.1), (0.8, 0.6)]), color)
    for s in (-1, 1):
        pen.fill(oval(s * 0.25, 0.05, 0.07, 0.12), (0.05, 0.05, 0.05), outline=0, shade=False)


def _statue(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    """A winged beast of stone on a pedestal."""
    stone = shade_of("Grey", rng)
    pen.fill(box(-0.6, 0.6, 0.6, 0.95), darker(stone, 0.8))
    pen.fill(box(-0.45, 0.45, 0.45, 0.62), stone)
    for s in (-1, 1):
        pen.fill(
            np.array([(s * 0.1, 0.1), (s * 0.5, -0.8), (s * 0.85, -0.4), (s * 0.6, 0.1), (s * 0.35, 0.2)]),
            darker(stone, 0.9),
        )
    pen.fill(curve([(-0.3, 0.5), (-0.25, -0.1), (0, -0.3), (0.25, -0.1), (0.3, 0.5)]), stone)
    pen.fill(curve([(-0.2, -0.3), (-0.35, -0.5), (0, -0.75), (0.2, -0.55), (0.15, -0.25)]), stone)


def _emblem(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    outer = (
        curve([(-0.8, -0.8), (0.8, -0.8), (0.75, 0.3), (0, 0.95), (-0.75, 0.3)], samples=3)
        if rng.random() < 0.6
        else oval(0, 0, 0.9)
    )
    pen.fill(outer, color)
    if rng.random() < 0.6:
        pen.fill(star(0, -0.05, 0.5, 0.2, int(rng.integers(3, 9))), lighter(color, 0.6), shade=False)
    else:
        pen.fill(box(-0.12, -0.6, 0.12, 0.6), lighter(color, 0.6), shade=False)
        pen.fill(box(-0.5, -0.2, 0.5, 0.04), lighter(color, 0.6), shade=False)


def _rock(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    stone = shade_of("Grey", rng) * rng.uniform(0.6, 1.0)
    for _ in range(int(rng.integers(2, 6))):
        x, y, s = rng.uniform(-0.5, 0.5), rng.uniform(-0.1, 0.5), rng.uniform(0.25, 0.55)
        turns = np.linspace(0, 2 * np.pi, 7, endpoint=False)
        edge = np.stack([x + s * np.cos(turns), y + 0.8 * s * np.sin(turns)], axis=1) * rng.uniform(0.85, 1.15, (7, 1))
        pen.fill(edge, stone * rng.uniform(0.8, 1.15))


def _ruin(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    """Walls, towers and spires: tall things with dark openings, as unlike a person as a detector must learn."""
    stone = shade_of("Grey", rng) * rng.uniform(0.7, 1.0)
    for x in np.sort(rng.uniform(-0.8, 0.8, int(rng.integers(3, 7)))):
        half, top = rng.uniform(0.08, 0.24), rng.uniform(-0.8, 0.3)
        pen.fill(box(x - half, top, x + half, 0.9), stone * rng.uniform(0.8, 1.1))
        if rng.random() < 0.6:
            roof = np.array([(x - half * 1.2, top), (x + half * 1.2, top), (x, top - rng.uniform(0.2, 0.6))])
            pen.fill(roof, cloth_color(rng) * 0.7)
        for y in np.arange(top + 0.15, 0.8, 0.25):
            pen.fill(oval(x, y, half * 0.22, half * 0.4), darker(stone, 0.35), outline=0, shade=False)
    pen.fill(box(-0.95, 0.6, 0.95, 0.95), darker(stone, 0.85))


def _tiles(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    """A map seen from above: patches of terrain on a grid."""
    ground = [shade_of(str(rng.choice(["Green", "Brown", "Grey", "Blue", "Blonde"])), rng) * 0.7 for _ in range(4)]
    step = rng.uniform(0.15, 0.4)
    for i, x in enumerate(np.arange(-1, 1, step)):
        for y in np.arange(-1, 1, step):
            if rng.random() < 0.75:
                turns = np.linspace(0, 2 * np.pi, 6, endpoint=False)
                shift = step / 2 * (i % 2)
                hexagon = np.stack([x + step * 0.6 * np.cos(turns), y + shift + step * 0.6 * np.sin(turns)], axis=1)
                pen.fill(hexagon, ground[rng.integers(4)] * rng.uniform(0.8, 1.2), outline=0)


def _boot(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(curve([(-0.3, -0.9), (0.2, -0.9), (0.22, 0.2), (0.8, 0.5), (0.75, 0.8), (-0.35, 0.8)], samples=3), color)
    pen.fill(box(-0.36, 0.78, 0.78, 0.9), darker(color, 0.5))


def _shield(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(oval(0, 0, 0.9), _STEEL)
    pen.fill(oval(0, 0, 0.75), color)
    pen.fill(oval(0, 0, 0.25), _GOLD)
    for t in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        pen.fill(oval(0.6 * np.cos(t), 0.6 * np.sin(t), 0.06), _STEEL, outline=0.4)


def _fire(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    for k, shade in enumerate(((0.85, 0.25, 0.1), (0.95, 0.6, 0.15), (1.0, 0.92, 0.5))):
        s = 1 - 0.3 * k
        tips = [
            (-0.5 * s, 0.7),
            (-0.6 * s, 0.0),
            (-0.25 * s, -0.2),
            (-0.1 * s, -0.9 * s),
            (0.3 * s, -0.2),
            (0.6 * s, 0.0),
            (0.5 * s, 0.7),
        ]
        pen.fill(curve(tips, samples=3), np.asarray(shade), outline=0)


def _letters(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    _write(pen, 0.0, 0.0, 0.5, "".join(rng.choice(list(_LETTERS), int(rng.integers(1, 5)))), color, rng)


def _page(pen: Pen, color: Rgb, rng: np.random.Generator) -> None:
    pen.fill(box(-0.75, -0.98, 0.75, 0.98), (0.96, 0.93, 0.84))
    for y in np.linspace(-0.7, 0.75, 10):
        _write(
            pen,
            0.0,
            y,
            0.06,
            " ".join("".join(rng.choice(list(_LETTERS), int(rng.integers(2, 7)))) for _ in range(3)),
            np.array([0.2, 0.15, 0.1]),
            rng,
        )


def _write(pen: Pen, x: float, y: float, tall: float, text: str, color: Rgb, rng: np.random.Generator) -> None:
    """Letters straight into the layer; OpenCV's stroke font is enough to look like writing."""
    scale = tall * pen.unit / 22
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX]))
    thick = max(1, int(scale * 2))
    (w, h), _ = cv2.getTextSize(text, font, scale, thick)
    at = pen.to_pixels(np.array([[x, y]]))[0]
    spot = (int(at[0] - w / 2), int(at[1] + h / 2))
    cv2.putText(pen.layer, text, spot, font, scale, (*(np.asarray(color) * 255).tolist(), 255), thick, cv2.LINE_AA)


_PROPS: dict[str, Callable[[Pen, Rgb, np.random.Generator], None]] = {
    "sword": _sword, "axe": _axe, "bow": _bow, "orb": _orb, "bottle": _bottle, "book": _book, "chest": _chest,
    "house": _house, "plant": _plant, "wheel": _wheel, "gem": _gem, "shapes": _shapes, "heap": _heap, "beast": _beast,
    "bird": _bird, "fish": _fish, "slime": _slime, "statue": _statue, "emblem": _emblem, "rock": _rock, "ruin": _ruin,
    "tiles": _tiles, "boot": _boot, "shield": _shield, "fire": _fire, "letters": _letters, "page": _page,
}  # fmt: skip
PROPS = tuple(_PROPS)
_UPRIGHT = {"letters", "page", "house", "statue", "beast", "ruin", "rock", "tiles", "fire"}


def draw_prop(pen: Pen, name: str, x: float, y: float, half: float, rng: np.random.Generator) -> None:
    """Draw one thing centred at (x, y), ``half`` pixels from its middle to its edge."""
    upright = name in _UPRIGHT
    turn = rng.normal(0, 0.08) if upright else rng.uniform(-0.9, 0.9)
    with pen.placed(x, y, scale=half, angle=float(turn), mirror=bool(rng.random() < 0.5) and not upright):
        _PROPS[name](pen, cloth_color(rng), rng)
