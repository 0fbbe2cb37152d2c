"""What is built around characters: cells, gutters, speech bubbles, swatches, mirrors, frames, pedestals.

What belongs here: drawing a layout's setting, behind its cast or over it. Not here: who is in the cells.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from charassets.studio.casting import Cell, Layout
from charassets.studio.palette import cloth_color, darker, lighter, shade_of
from charassets.studio.pen import Pen
from charassets.studio.shapes import box, oval

Owners = NDArray[np.uint8]
_WOOD, _GOLD, _GLASS, _INK = (0.4, 0.26, 0.15), (0.82, 0.66, 0.26), (0.78, 0.87, 0.92), (0.08, 0.08, 0.09)
_LINES = {1: (0.0,), 2: (-0.22, 0.22), 3: (-0.36, 0.0, 0.36)}


def furnish(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    """Draw what stands behind the cast."""
    if layout.setting in _BEHIND:
        _BEHIND[layout.setting](pen, layout, rng)


def bubbles(pen: Pen, layout: Layout, owners: Owners, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw the speech bubbles of a comic, which lie over its cast; returns the tags of what there is.

    Args:
        pen: of a layer above the cast.
        layout: the page.
        owners: ``(H, W)``, 0 where nobody is; a bubble goes to the emptier upper corner of its panel.
        rng: decides who speaks.
    """
    spoken = [panel for panel in layout.cells if rng.random() < 0.6]
    for panel in spoken:
        _bubble(pen, panel, owners, rng)
    return ("speech bubble",) if spoken else ()


def _rectangle(cell: Cell, grow: float = 0.0) -> np.ndarray:
    x0, y0, x1, y1 = cell
    return box(x0 - grow, y0 - grow, x1 + grow, y1 + grow)


def _frame(pen: Pen, cell: Cell, wide: float, color: tuple[float, float, float], inside: np.ndarray) -> None:
    pen.fill(_rectangle(cell, wide), color)
    pen.fill(_rectangle(cell, 0.25 * wide), darker(np.asarray(color), 0.7), outline=0, shade=False)
    pen.fill(_rectangle(cell), inside, outline=0, shade=False)


def _cells(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    for cell in layout.cells:
        pen.fill(_rectangle(cell), rng.integers(150, 256, 3) / 255, outline=0, shade=False)


def _gutters(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    for panel in layout.cells:
        ground = np.ones(3) if rng.random() < 0.5 else lighter(cloth_color(rng), rng.uniform(0.3, 0.8))
        pen.fill(_rectangle(panel, 1.5), _INK, outline=0, shade=False)
        pen.fill(_rectangle(panel), ground, outline=0, shade=False)


def _swatches(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    look = layout.cast[0].who.look
    width, height = pen.layer.shape[1::-1]
    side = 0.05 * min(width, height)
    for k, color in enumerate((look.skin, look.hair, *look.cloth, look.eyes[0])):
        x, y = width - 1.6 * side, side * (0.8 + 1.5 * k)
        pen.fill(box(x, y, x + side, y + side), color, shade=False)


def _mirror(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    glass = layout.cells[0]
    rim = _GOLD if rng.random() < 0.5 else _WOOD
    _frame(pen, glass, 0.035 * pen.layer.shape[1], rim, np.asarray(_GLASS))


def _frames(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    for frame in layout.cells:
        rim = _GOLD if rng.random() < 0.6 else _WOOD
        _frame(pen, frame, 0.13 * (frame[2] - frame[0]), rim, darker(cloth_color(rng), 0.6))


def _pedestal(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    x0, y0, x1, y1 = layout.cells[0]
    stone, step = shade_of("Grey", rng), 0.12 * (x1 - x0)
    pen.fill(box(x0, y0 + step, x1, y1 + 5), stone)
    pen.fill(box(x0 - step, y0, x1 + step, y0 + 1.4 * step), lighter(stone, 0.15))


def _bubble(pen: Pen, panel: Cell, owners: Owners, rng: np.random.Generator) -> None:
    """An oval with a tail, in an upper corner of its panel, and strokes for the words."""
    x0, y0, x1, y1 = panel
    wide, tall = (x1 - x0) * rng.uniform(0.16, 0.24), (y1 - y0) * rng.uniform(0.1, 0.15)
    top = owners[y0 : y0 + int(2.4 * tall), x0:x1] > 0
    left = top[:, : top.shape[1] // 2].sum() <= top[:, top.shape[1] // 2 :].sum()
    x, y = (x0 + 1.1 * wide if left else x1 - 1.1 * wide), y0 + 1.2 * tall
    way = 0.5 * wide if left else -0.5 * wide
    tail = np.array([(x, y + 0.5 * tall), (x + way, y + 0.4 * tall), (x + way, y + 2.0 * tall)])
    ink = max(1.0, 0.012 * (x1 - x0))
    for shape in (oval(x, y, wide, tall), tail):
        pen.line(shape, _INK, 2 * ink, closed=True)
    for shape in (oval(x, y, wide, tall), tail):
        pen.fill(shape, (1.0, 1.0, 1.0), outline=0, shade=False)
    for level in _LINES[int(rng.integers(1, 4))]:
        reach = wide * rng.uniform(0.35, 0.7)
        pen.line(np.array([(x - reach, y + level * tall), (x + reach, y + level * tall)]), _INK, ink)


_BEHIND: dict[str, Callable[[Pen, Layout, np.random.Generator], None]] = {
    "sheet": _cells,
    "comic": _gutters,
    "reference": _swatches,
    "mirror": _mirror,
    "gallery": _frames,
    "statue": _pedestal,
}
SETTINGS = ("open", "sprites", *_BEHIND)
