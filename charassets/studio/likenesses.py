"""Pictures of pictures: a character before a mirror, statues, portraits on a wall.

What belongs here: what looks like a character and is not one more. A reflection is the same character, so the picture shows one; a
statue and a painting show nobody. Not here: drawing frames and pedestals (``furnishing``).
"""

from dataclasses import replace

import numpy as np

from charassets.studio.casting import Cell, Layout, Placed, anybody, place
from charassets.studio.palette import darker, lighter, shade_of
from charassets.studio.posing import sample_pose
from charassets.studio.styles import Style, sample_style
from charassets.studio.traits import Character


def cast_mirror(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """One character beside its own reflection, which shows the other side of it."""
    who, left = anybody(rng), bool(rng.random() < 0.5)
    views = ("back", "front") if rng.random() < 0.4 else ("three-quarter", "three-quarter")
    top, low = int(height * rng.uniform(0.05, 0.15)), int(height * rng.uniform(0.75, 0.92))
    near, far = int(width * rng.uniform(0.5, 0.58)), int(width * rng.uniform(0.92, 0.97))
    glass = (near, top, far, low) if left else (width - far, top, width - near, low)
    half = (0, 0, int(width * 0.56), height) if left else (width - int(width * 0.56), 0, width, height)
    pose = replace(sample_pose(rng, views[0]), mirror=not left)
    placed = place(who, pose, style, "upper", half, rng)
    seen = replace(pose, mirror=left, yaw=sample_pose(rng, views[1]).yaw, lean=-pose.lean, held="")
    x, size = (glass[0] + glass[2]) / 2, placed.half_head * rng.uniform(0.72, 0.9)
    image = Placed(who, seen, style, x, placed.y, size, glass, likeness="reflection")
    cast = (image, replace(placed, cell=(0, 0, width, height), fading=False))
    return Layout(cast, "mirror", (glass,), ("mirror", "reflection"), ("plain", "interior", "gradient"))


def cast_statue(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """A figure of stone or bronze on its pedestal."""
    base = int(height * rng.uniform(0.72, 0.85))
    spot = (int(width * 0.2), int(height * 0.04), int(width * 0.8), base)
    hand = sample_style(rng, ("soft", "cel", "outlined")[rng.integers(3)])
    pose = replace(sample_pose(rng), lean=0.0, held="", stride=0.1)
    placed = place(_petrified(anybody(rng), rng), pose, hand, "full", spot, rng)
    half = int(placed.half_head * 2.2)
    pedestal = (int(placed.x) - half, base - int(0.3 * placed.half_head), int(placed.x) + half, height)
    y = base - (2 * placed.who.look.heads - 1) * placed.half_head
    placed = replace(placed, y=y, cell=(0, 0, width, height), likeness="statue")
    return Layout((placed,), "statue", (pedestal,), ("statue",))


def cast_gallery(rng: np.random.Generator, width: int, height: int, style: Style) -> Layout:
    """One to three framed portraits, small on the wall of a room."""
    count = int(rng.integers(1, 4))
    tall = height * rng.uniform(0.26, 0.4)
    top = rng.uniform(0.06, 0.25) * height
    frames: list[Cell] = []
    for k in range(count):
        middle, wide = width * (k + 0.5) / count, min(tall * 0.78, 0.8 * width / count)
        frames.append((int(middle - wide / 2), int(top), int(middle + wide / 2), int(top + tall)))
    cast = tuple(
        replace(place(anybody(rng), sample_pose(rng), style, "bust", frame, rng), likeness="portrait", fading=False)
        for frame in frames
    )
    return Layout(cast, "gallery", tuple(frames), ("portrait (object)", "picture frame"), ("interior", "plain"))


def _petrified(who: Character, rng: np.random.Generator) -> Character:
    """The same figure cut from one block."""
    stone = shade_of("Grey", rng) if rng.random() < 0.75 else np.array([0.42, 0.36, 0.24])
    shades = (stone, darker(stone, 0.88), lighter(stone, 0.15))
    look = replace(who.look, skin=stone, hair=shades[1], hair_second=None, eyes=(shades[1], shades[1]), cloth=shades)
    worn = {"Accessories": (), "Dress": "Robe", "Headwear": "None", "Facial Expression": "Serious"}
    return replace(who, attributes=who.attributes | worn, look=look)
