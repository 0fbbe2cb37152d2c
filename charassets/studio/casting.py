"""Who stands where: one character, a group side by side, nobody; and what every other kind of picture is made of.

What belongs here: choosing and placing characters within a picture of one scene. Not here: pages of several pictures
(``pages``), pictures of pictures (``likenesses``), drawing any of it.
"""

from dataclasses import dataclass, replace

import numpy as np

from charassets.studio.chance import pick
from charassets.studio.posing import Pose, sample_pose
from charassets.studio.styles import Style, sample_style
from charassets.studio.traits import Character, sample_character

FRAMINGS = ("avatar", "head", "bust", "upper", "full")
_FADING = {"painterly": 0.35, "soft": 0.15}  # share of busts whose lower edge is left unfinished
Cell = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels


@dataclass(frozen=True)
class Placed:
    """A character's place in a picture.

    Attributes:
        who: the identity. pose: how it stands. style: the hand that draws it.
        x, y: the middle of the head in pixels. half_head: half its height in pixels.
        cell: the part of the canvas it may cover.
        head_only: without a body, as avatars and emotes are.
        likeness: ``reflection``, ``statue`` or ``portrait`` if this is the picture of a character; empty for the character.
        fading: the figure dissolves towards its lower edge, as painted busts do.
    """

    who: Character
    pose: Pose
    style: Style
    x: float
    y: float
    half_head: float
    cell: Cell
    head_only: bool = False
    likeness: str = ""
    fading: bool = False


@dataclass(frozen=True)
class Layout:
    """What a picture is made of.

    Attributes:
        cast: everyone in it, from back to front.
        setting: what is built around them, one of ``furnishing.SETTINGS``.
        cells: the pictures within the picture, for settings that have some.
        tags: what the setting adds to the tag line.
        grounds: names of backdrops that go with it; any, if empty.
    """

    cast: tuple[Placed, ...] = ()
    setting: str = "open"
    cells: tuple[Cell, ...] = ()
    tags: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()


# For each framing: how many half heads the shorter side holds, and where in the height the middle of the head sits.
_SCALES = {"avatar": (2.9, 4.2), "head": (2.7, 3.9), "bust": (4.0, 5.8), "upper": (5.8, 8.5)}
_LEVELS = {"avatar": (0.47, 0.56), "head": (0.46, 0.58), "bust": (0.36, 0.48), "upper": (0.24, 0.34)}


def place(who: Character, pose: Pose, style: Style, framing: str, cell: Cell, rng: np.random.Generator) -> Placed:
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
    fading = framing == "bust" and rng.random() < _FADING.get(style.name, 0.0)
    return Placed(who, pose, style, x, y, half, cell, head_only, fading=fading)


def anybody(rng: np.random.Generator) -> Character:
    """A character nobody has seen before."""
    return sample_character(int(rng.integers(1 << 40)))


def cast_single(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """One character; a third of the full figures small in the picture."""
    framing = pick(rng, FRAMINGS, (0.12, 0.14, 0.24, 0.22, 0.28))
    who = anybody(rng)
    canvas = cell = (0, 0, width, height)
    if framing == "full" and rng.random() < 0.35:
        half_w, half_h = int(width * rng.uniform(0.3, 0.5)), int(height * rng.uniform(0.45, 0.8))
        x, y = int(rng.uniform(0, width - half_w)), height - half_h
        cell = (x, y, x + half_w, y + half_h)
    return alone(replace(place(who, sample_pose(rng), style, framing, cell, rng), cell=canvas))


def alone(placed: Placed) -> Layout:
    """A picture of one character; what fades does so into an empty ground, as cut-out busts and studio portraits do."""
    return Layout((placed,), grounds=("white", "white", "plain", "vignette", "dark") if placed.fading else ())


def cast_group(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """Two to six characters side by side, overlapping; one in seven by another hand."""
    count = pick(rng, (2, 3, 4, 5, 6), (0.42, 0.26, 0.16, 0.1, 0.06))
    framing = pick(rng, ("bust", "upper", "full"), (0.25, 0.4, 0.35))
    spread = width / count
    cast = []
    for k in rng.permutation(count):
        who = anybody(rng)
        overlap = rng.uniform(1.0, 1.5)
        middle = spread * (k + 0.5 + rng.normal(0, 0.08))
        half = spread * overlap / 2
        top = int(rng.uniform(0.0, 0.3) * height)
        cell = (int(middle - half), top, int(middle + half) + 1, height)
        hand = style if rng.random() < 0.85 else sample_style(rng)
        placed = place(who, sample_pose(rng), hand, framing, cell, rng)
        cast.append(replace(placed, cell=(0, 0, width, height), fading=False))
    return Layout(tuple(cast))


def cast_nobody(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """Things and places only."""
    return Layout()
