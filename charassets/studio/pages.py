"""Pages of several pictures: sheets of cells, comics, reference sheets, sprite sheets.

What belongs here: cutting a page into cells and casting each of them. Not here: frames, bubbles and gutters (``furnishing``).
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from charassets.studio.casting import Cell, Layout, Placed, anybody, place
from charassets.studio.chance import pick
from charassets.studio.posing import sample_pose
from charassets.studio.styles import Style, sample_style

_GUTTER = 0.022  # of the page's shorter side
_SAME = ("multiple views",)
_BREADTH = 4.4  # half heads that a standing figure is wide


def cast_sheet(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """Cells with one character each: a collection of avatars, or one character several times."""
    columns, rows = ((2, 1), (2, 2), (3, 1), (3, 2), (2, 2), (1, 2))[rng.integers(6)]
    framing = pick(rng, ("avatar", "head", "bust", "full"), (0.2, 0.25, 0.35, 0.2))
    same = anybody(rng) if rng.random() < 0.3 else None
    cells = _grid(columns, rows, (0, 0, width, height))
    cast = tuple(place(same or anybody(rng), sample_pose(rng), style, framing, cell, rng) for cell in cells)
    return Layout(cast, "sheet", cells, _SAME if same else (), ("white", "plain", "gradient"))


def cast_reference(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """One character from several sides, standing straight, with swatches of its colours and sometimes a close-up."""
    who = anybody(rng)
    views = ("front", "side", "back") if rng.random() < 0.6 else ("front", "back")
    close_up = rng.random() < 0.4
    cells = _grid(len(views) + close_up, 1, (0, 0, width, height))
    calm = {"lean": 0.0, "held": "", "mirror": False, "arms": ((0.2, 0.1), (0.2, 0.1)), "stride": 0.1}
    framings = ["full"] * len(views) + ["bust"] * close_up
    cast: list[Placed] = []
    for cell, view, framing in zip(cells, (*views, "three-quarter"), framings, strict=False):
        placed = place(who, replace(sample_pose(rng, view), **calm), style, framing, cell, rng)
        x, y, half = (cell[0] + cell[2]) / 2, placed.y, placed.half_head
        if framing == "full":  # all views stand on one line, equally tall
            half = min(cast[0].half_head if cast else half, (cell[2] - cell[0]) / _BREADTH)
            y = 0.97 * height - (2 * who.look.heads - 1) * half
        cast.append(replace(placed, x=x, y=y, half_head=half, fading=False))
    tags = (*_SAME, "reference sheet")
    return Layout(tuple(cast), "reference", cells, tags, ("white", "plain"))


def cast_sprites(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """The frames of an animation: one small figure over and over, in rows that face one way each."""
    columns, rows = ((3, 2), (4, 2), (3, 3), (4, 3))[rng.integers(4)]
    who, hand = anybody(rng), sample_style(rng, "pixel")
    cells = _grid(columns, rows, (0, 0, width, height))
    views = [pick(rng, ("front", "side", "back", "three-quarter"), (0.4, 0.3, 0.1, 0.2)) for _ in range(rows)]
    held = sample_pose(rng).held
    cast = tuple(
        replace(
            place(who, replace(sample_pose(rng, views[k // columns]), held=held, lean=0.0), hand, "full", cell, rng),
            x=(cell[0] + cell[2]) / 2,
        )
        for k, cell in enumerate(cells)
    )
    return Layout(cast, "sprites", cells, (*_SAME, "sprite sheet", "pixel art"), ("white", "plain", "dark"))


def cast_comic(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """Panels of two recurring characters, most with one of them, some with both, some with nobody."""
    panels = _panels(rng, width, height)
    leads = (anybody(rng), anybody(rng))
    cast: list[Placed] = []
    for panel in panels:
        present = pick(rng, (0, 1, 2), (0.15, 0.6, 0.25)) if cast else 1
        framing = pick(rng, ("head", "bust", "upper", "full"), (0.2, 0.35, 0.3, 0.15))
        for k, who in enumerate(rng.permutation(2)[:present]):
            part = _grid(present, 1, panel)[k]
            placed = place(leads[who], sample_pose(rng), style, framing, part, rng)
            cast.append(replace(placed, cell=panel, fading=False))
    colorless = () if style.colored else ("monochrome",)
    return Layout(tuple(cast), "comic", panels, ("comic", *colorless), ("white",))


def _grid(columns: int, rows: int, page: Cell) -> tuple[Cell, ...]:
    xs = np.linspace(page[0], page[2], columns + 1).astype(int).tolist()
    ys = np.linspace(page[1], page[3], rows + 1).astype(int).tolist()
    return tuple((x0, y0, x1, y1) for y0, y1 in pairwise(ys) for x0, x1 in pairwise(xs))


def _panels(rng: np.random.Generator, width: int, height: int) -> tuple[Cell, ...]:
    """Two or three strips of one or two panels, with gutters between them."""
    gap = max(1, round(_GUTTER * min(width, height)))
    strips = int(rng.integers(2, 4))
    ys = np.cumsum([0.0, *rng.uniform(0.8, 1.3, strips)])
    panels = []
    for y0, y1 in pairwise((ys / ys[-1] * height).astype(int).tolist()):
        cut = int(width * rng.uniform(0.35, 0.65))
        xs = (0, cut, width) if rng.random() < 0.6 else (0, width)
        panels += [(x0 + gap, y0 + gap, x1 - gap, y1 - gap) for x0, x1 in pairwise(xs)]
    return tuple(panels)
