"""Whole pictures with exact truth: nobody, one character or several, on a ground, in a grid, alone on white.

What belongs here: composition, boxes, counts, words of a scene. Not here: how a character or a thing is drawn.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.backdrops import draw_backdrop
from charassets.studio.casting import CASTING, FRAMINGS, KIND_WEIGHTS, KINDS, Placed, place
from charassets.studio.chance import pick
from charassets.studio.characters import Figure, draw_character, in_mood, visible_attributes
from charassets.studio.pen import Bounds, Pen, lay_over
from charassets.studio.posing import Pose, sample_pose
from charassets.studio.props import PROPS, draw_prop
from charassets.studio.styles import Pixels, Style, finish, sample_style
from charassets.studio.traits import MOODS, Attributes, Character
from charassets.studio.wording import sentence, tag_line

_MIN_VISIBLE = 0.3  # a figure or head less visible than this is not counted: a person could not be sure of it either
_SOLID = 127  # coverage from which a pixel belongs to a figure


@dataclass(frozen=True)
class Box:
    """An axis-parallel box in pixels, ``label`` one of person, head, face."""

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Scene:
    """A picture and everything true about it.

    Attributes:
        pixels: ``(H, W, 3)`` uint8 RGB.
        owners: ``(H, W)`` uint8; 0 is the ground, k the k-th character.
        boxes: of every character: its visible person box, then head and face where they can be seen.
        attributes: visible attributes a character, in the order of ``owners``.
        identities: seed of each character.
        tags: danbooru-like tag line. caption: one sentence.
        kind: one of ``KINDS``. style: name of the drawing hand.
    """

    pixels: Pixels
    owners: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    attributes: tuple[Attributes, ...]
    identities: tuple[int, ...]
    tags: str
    caption: str
    kind: str
    style: str

    @property
    def n_characters(self) -> int:
        """How many characters a viewer would count."""
        return len(self.attributes)


def draw_scene(seed: int, size: int | tuple[int, int] = 256, *, kind: str | None = None) -> Scene:
    """Draw the scene that belongs to a seed.

    Args:
        seed: the same seed and size give the same pixels.
        size: side, or (width, height), in pixels.
        kind: one of ``KINDS``, sampled if not given.
    """
    rng = np.random.default_rng([seed, 0x5CE])
    width, height = (size, size) if isinstance(size, int) else size
    kind = kind or pick(rng, KINDS, KIND_WEIGHTS)
    style = sample_style(rng)
    cast = CASTING[kind](rng, seed, width, height, style)
    ground = ("white", "plain", "gradient") if kind == "sheet" else (None,)
    choice = rng.choice(np.array(ground, object))
    return compose(cast, style, (width, height), rng, kind=kind, backdrop=choice)


def draw_portrait(
    who: Character,
    seed: int,
    size: int = 128,
    *,
    framing: str | None = None,
    style: Style | None = None,
    backdrop: str | None = None,
    pose: Pose | None = None,
) -> Scene:
    """Draw one given character alone: the same identity in another pose, mood, style and framing for every seed."""
    rng = np.random.default_rng([seed, 0x90A])
    style = style or sample_style(rng)
    framing = framing or pick(rng, FRAMINGS, (0.1, 0.2, 0.3, 0.2, 0.2))
    if rng.random() < 0.6:
        who = in_mood(who, MOODS[rng.integers(len(MOODS))])
    placed = place(who, pose or sample_pose(rng), style, framing, (0, 0, size, size), rng)
    return compose([placed], style, (size, size), rng, kind="single", backdrop=backdrop)


def compose(
    cast: list[Placed],
    style: Style,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    kind: str,
    backdrop: str | None,
) -> Scene:
    """Paint the ground, then the cast from back to front, then let the medium have its way with the whole."""
    canvas, ground = draw_backdrop(size, style, rng, backdrop)
    if kind == "sheet":
        _frame_cells(canvas, cast, rng)
    extra = [_GROUND_TAGS[ground]]
    if kind == "nobody":
        extra += _scatter_props(canvas, style, rng)
    elif ground not in {"white", "plain"} and rng.random() < 0.4:
        extra += _scatter_props(canvas, style, rng, most=2)
    owners = np.zeros(canvas.shape[:2], np.uint8)
    figures = []
    for number, placed in enumerate(cast, 1):
        figure = draw_character(
            placed.who,
            placed.pose,
            placed.style,
            size=size,
            at=(placed.x, placed.y),
            half_head=placed.half_head,
            seed=int(rng.integers(1 << 30)),
            head_only=placed.head_only,
        )
        _paste(canvas, owners, figure, placed.cell, number)
        figures.append(figure)
    return _describe(finish(canvas, style, rng), owners, cast, figures, kind, style, extra, rng)


_GROUND_TAGS = {
    "white": "white background", "plain": "simple background", "gradient": "gradient background",
    "pattern": "patterned background", "landscape": "scenery", "interior": "indoors", "dark": "dark background",
    "texture": "abstract background",
}  # fmt: skip


def _paste(
    canvas: Pixels, owners: NDArray[np.uint8], figure: Figure, cell: tuple[int, int, int, int], number: int
) -> None:
    x0, y0, x1, y1 = cell
    alpha = figure.alpha[y0:y1, x0:x1]
    lay_over(canvas[y0:y1, x0:x1], figure.layer[y0:y1, x0:x1], alpha)
    owners[y0:y1, x0:x1][alpha > _SOLID] = number


def _describe(
    pixels: Pixels,
    owners: NDArray[np.uint8],
    cast: list[Placed],
    figures: list[Figure],
    kind: str,
    style: Style,
    extra: list[str],
    rng: np.random.Generator,
) -> Scene:
    boxes: list[Box] = []
    shown: list[Attributes] = []
    identities: list[int] = []
    final = np.zeros_like(owners)
    for number, (placed, figure) in enumerate(zip(cast, figures, strict=True), 1):
        mine = owners == number
        x0, y0, x1, y1 = placed.cell
        drawn = int((figure.alpha[y0:y1, x0:x1] > _SOLID).sum())
        if mine.sum() < max(_MIN_VISIBLE * drawn, 0.0004 * owners.size):
            continue
        boxes += _boxes_of(mine, figure)
        torso = figure.torso_visible and placed.y + 2.4 * placed.half_head < y1
        shown.append(
            visible_attributes(placed.who, placed.pose, placed.style, half_head=placed.half_head, torso_visible=torso)
        )
        identities.append(placed.who.seed)
        final[mine] = len(shown)
    line = tag_line(shown, extra, rng)
    return Scene(
        pixels, final, tuple(boxes), tuple(shown), tuple(identities), line, sentence(shown, extra), kind, style.name
    )


def _extent(mask: NDArray[np.bool_]) -> Bounds:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _boxes_of(mine: NDArray[np.bool_], figure: Figure) -> list[Box]:
    boxes = [Box("person", *_extent(mine))]
    for label, bounds in (("head", figure.head), ("face", figure.face)):
        if bounds is None:
            continue
        x0, y0, x1, y1 = (int(round(v)) for v in bounds)
        whole = max(1, (x1 - x0) * (y1 - y0))
        part = np.zeros_like(mine)
        window = (slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1)))
        part[window] = mine[window]
        own = (figure.alpha[window] > _SOLID).sum()
        if part.sum() >= max(_MIN_VISIBLE * own, _MIN_VISIBLE * 0.5 * whole, 12):
            boxes.append(Box(label, *_extent(part)))
    return boxes


def _frame_cells(canvas: Pixels, cast: list[Placed], rng: np.random.Generator) -> None:
    for placed in cast:
        x0, y0, x1, y1 = placed.cell
        canvas[y0:y1, x0:x1] = rng.integers(150, 256, 3)


def _scatter_props(canvas: Pixels, style: Style, rng: np.random.Generator, most: int = 5) -> list[str]:
    """Draw a few things onto the canvas; one large thing alone is the commonest negative."""
    height, width = canvas.shape[:2]
    if rng.random() < 0.12:
        return []
    pen = Pen(width, height, style, rng)
    count = 1 if rng.random() < 0.5 and most > 2 else int(rng.integers(1, most + 1))
    names = []
    for _ in range(count):
        name = str(rng.choice(PROPS))
        half = min(width, height) * (rng.uniform(0.25, 0.6) if count == 1 else rng.uniform(0.08, 0.3))
        x, y = (rng.uniform(0.4, 0.6, 2) if count == 1 else rng.uniform(0.1, 0.9, 2)) * (width, height)
        draw_prop(pen, name, float(x), float(y), float(half), rng)
        names.append(name)
    lay_over(canvas, pen.layer, np.asarray(cv2.extractChannel(pen.layer, 3), np.uint8))
    return names
