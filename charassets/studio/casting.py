"""Who stands where: one character, a group side by side, a sheet of cells, nobody.

What belongs here: choice and placing of characters within a picture. Not here: drawing them, the ground, the truth.
"""

from dataclasses import dataclass, replace

import numpy as np

from charassets.studio.chance import pick
from charassets.studio.posing import Pose, sample_pose
from charassets.studio.styles import Style, sample_style
from charassets.studio.traits import Character, sample_character

KINDS = ("single", "group", "sheet", "nobody")
KIND_WEIGHTS = (0.42, 0.24, 0.1, 0.24)
FRAMINGS = ("avatar", "head", "bust", "upper", "full")


@dataclass(frozen=True)
class Placed:
    """A character's place in a picture: cell is the part of the canvas it may cover."""

    who: Character
    pose: Pose
    style: Style
    x: float
    y: float
    half_head: float
    cell: tuple[int, int, int, int]
    head_only: bool = False


# For each framing: how many half heads the shorter side holds, and where in the height the middle of the head sits.
_SCALES = {"avatar": (2.9, 4.2), "head": (2.7, 3.9), "bust": (4.0, 5.8), "upper": (5.8, 8.5)}
_LEVELS = {"avatar": (0.47, 0.56), "head": (0.46, 0.58), "bust": (0.36, 0.48), "upper": (0.24, 0.34)}


def place(
    who: Character, pose: Pose, style: Style, framing: str, cell: tuple[int, int, int, int], rng: np.random.Generator
) -> Placed:
    """Choose scale and place so that the framing shows what its name says within the cell."""
    x0, y0, x1, y1 = cell
    width, height = x1 - x0, y1 - y0
    if framing == "full":
        half = height * rng.uniform(0.82, 0.97) / (2 * who.look.heads + 1.2)
        y = y0 + height - (2 * who.look.heads - 0.6) * half - rng.uniform(0.0, 0.05) * height
        room = max(0.0, (width - 4 * half) / 2)
    else:
        half = min(width, height) / rng.uniform(*_SCALES[framing])
        y = y0 + height * rng.uniform(*_LEVELS[framing])
        room = 0.08 * width
    x = (x0 + x1) / 2 + rng.uniform(-room, room) * 0.8
    head_only = framing == "avatar" or (framing == "head" and rng.random() < 0.25)
    return Placed(who, pose, style, x, y, half, cell, head_only)


def _cast_single(rng: np.random.Generator, seed: int, width: int, height: int, style: Style) -> list[Placed]:
    framing = pick(rng, FRAMINGS, (0.12, 0.14, 0.24, 0.22, 0.28))
    who = sample_character(int(rng.integers(1 << 40)))
    cell = (0, 0, width, height)
    if framing == "full" and rng.random() < 0.35:  # small in the picture
        half_w, half_h = int(width * rng.uniform(0.3, 0.5)), int(height * rng.uniform(0.45, 0.8))
        x, y = int(rng.uniform(0, width - half_w)), height - half_h
        cell = (x, y, x + half_w, y + half_h)
        placed = place(who, sample_pose(rng), style, framing, cell, rng)
        return [Placed(placed.who, placed.pose, style, placed.x, placed.y, placed.half_head, (0, 0, width, height))]
    return [place(who, sample_pose(rng), style, framing, cell, rng)]


def _cast_group(rng: np.random.Generator, seed: int, width: int, height: int, style: Style) -> list[Placed]:
    count = pick(rng, (2, 3, 4, 5, 6), (0.42, 0.26, 0.16, 0.1, 0.06))
    framing = pick(rng, ("bust", "upper", "full"), (0.25, 0.4, 0.35))
    spread = width / count
    cast = []
    for k in rng.permutation(count):
        who = sample_character(int(rng.integers(1 << 40)))
        overlap = rng.uniform(1.0, 1.5)
        middle = spread * (k + 0.5 + rng.normal(0, 0.08))
        half = spread * overlap / 2
        top = int(rng.uniform(0.0, 0.3) * height)
        cell = (int(middle - half), top, int(middle + half) + 1, height)
        hand = style if rng.random() < 0.85 else sample_style(rng)
        placed = place(who, sample_pose(rng), hand, framing, cell, rng)
        cast.append(replace(placed, cell=(0, 0, width, height)))
    return cast


def _cast_sheet(rng: np.random.Generator, seed: int, width: int, height: int, style: Style) -> list[Placed]:
    columns, rows = ((2, 1), (2, 2), (3, 1), (3, 2), (2, 2), (1, 2))[rng.integers(6)]
    framing = pick(rng, ("avatar", "head", "bust", "full"), (0.2, 0.25, 0.35, 0.2))
    same = rng.random() < 0.3
    first = int(rng.integers(1 << 40))
    cast = []
    for row in range(rows):
        for column in range(columns):
            cell = (
                column * width // columns,
                row * height // rows,
                (column + 1) * width // columns,
                (row + 1) * height // rows,
            )
            who = sample_character(first if same else int(rng.integers(1 << 40)))
            cast.append(place(who, sample_pose(rng), style, framing, cell, rng))
    return cast


def _cast_nobody(rng: np.random.Generator, seed: int, width: int, height: int, style: Style) -> list[Placed]:
    return []


CASTING = {"single": _cast_single, "group": _cast_group, "sheet": _cast_sheet, "nobody": _cast_nobody}
