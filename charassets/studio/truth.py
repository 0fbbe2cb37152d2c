"""What is true about a finished picture: boxes, owners of pixels, visible attributes, words.

What belongs here: reading off the truth from what was drawn where. Not here: drawing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.casting import Cell, Placed
from charassets.studio.characters import Figure, visible_attributes
from charassets.studio.pen import Bounds
from charassets.studio.sentences import sentence
from charassets.studio.styles import Pixels, Style
from charassets.studio.traits import Attributes
from charassets.studio.wording import STYLE_TAGS, tag_line, view_tags

SOLID = 127  # coverage from which a pixel belongs to a figure
_MIN_VISIBLE = 0.3  # a figure or head less visible than this is not counted: a person could not be sure of it either
_MIN_EYE = 0.5  # an eye is either seen or not
_CHIBI = 3.4  # heads tall


@dataclass(frozen=True)
class Box:
    """An axis-parallel box in pixels, ``label`` one of person, head, face; eye; reflection, statue, portrait."""

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
        owners: ``(H, W)`` uint8, the masks of all characters in one; 0 is the ground, k the k-th character.
        boxes: of every character: its visible person box, then head and face where they can be seen.
        eyes: a box for each eye that can be seen, of all characters.
        likenesses: boxes of reflections, statues and portraits, which are no characters of their own.
        attributes: visible attributes a character, in the order of ``owners``.
        identities: seed of each character; pages show one identity several times.
        tags: danbooru-like tag line. caption: one sentence.
        kind: one of ``scenes.KINDS``. style: name of the drawing hand. light: one of ``lights.LIGHTS``.
    """

    pixels: Pixels
    owners: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    eyes: tuple[Box, ...]
    likenesses: tuple[Box, ...]
    attributes: tuple[Attributes, ...]
    identities: tuple[int, ...]
    tags: str
    caption: str
    kind: str
    style: str
    light: str

    @property
    def n_characters(self) -> int:
        """How many characters a viewer would count; on pages, every drawing of one counts."""
        return len(self.attributes)


@dataclass(frozen=True)
class Drawn:
    """A canvas once everyone is on it: who stands where, their layers, and the owner of every pixel, 1 for the first."""

    cast: Sequence[Placed]
    figures: Sequence[Figure]
    owners: NDArray[np.uint8]


def describe(
    pixels: Pixels,
    drawn: Drawn,
    kind: str,
    style: Style,
    light: str,
    extra: Sequence[str],
    rng: np.random.Generator,
    *,
    colored: bool,
    grain: float,
) -> Scene:
    """Say what can be seen.

    Args:
        pixels: the finished picture.
        drawn: what it was made of.
        kind: of picture.
        style: the hand.
        light: that lies over it.
        extra: tags of the scene.
        rng: decides which tags were forgotten.
        colored: whether colours can be told.
        grain: pixels of one square of a pixel grid; 0 for other media.
    """
    boxes: list[Box] = []
    eyes: list[Box] = []
    shown: list[tuple[Placed, Attributes]] = []
    owners = np.zeros_like(drawn.owners)
    for number, (placed, figure) in enumerate(zip(drawn.cast, drawn.figures, strict=True), 1):
        mine = (drawn.owners == number).view(np.uint8)
        if placed.likeness or not _counts(mine, figure, placed.cell):
            continue
        boxes += _boxes_of(mine, figure)
        eyes += _eyes_of(mine, figure)
        shown.append((placed, _visible(placed, figure, colored=colored, grain=grain)))
        owners[mine > 0] = len(shown)
    attributes = _with_reflections(drawn, shown, colored=colored, grain=grain)
    identities = tuple(placed.who.seed for placed, _ in shown)
    tags = [*STYLE_TAGS.get(style.name, ()), *_single_tags(shown, pixels.shape[0]), *extra]
    return Scene(
        pixels,
        owners,
        tuple(boxes),
        tuple(eyes),
        tuple(_likenesses(drawn)),
        attributes,
        identities,
        tag_line(attributes, identities, tags, rng),
        sentence(attributes, identities, extra),
        kind,
        style.name,
        light,
    )


def _counts(mine: NDArray[np.uint8], figure: Figure, cell: Cell) -> bool:
    x0, y0, x1, y1 = cell
    drawn = _area(figure.alpha[y0:y1, x0:x1] > SOLID)
    return _area(mine) >= max(_MIN_VISIBLE * drawn, 0.0004 * mine.size, 1)


def _area(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))


def _visible(placed: Placed, figure: Figure, *, colored: bool, grain: float) -> Attributes:
    torso = figure.torso_visible and placed.y + 2.4 * placed.half_head < placed.cell[3] and not placed.fading
    return visible_attributes(
        placed.who,
        placed.pose,
        half_head=placed.half_head,
        torso_visible=torso,
        colored=colored and placed.style.colored,
        grain=grain,
    )


def _with_reflections(
    drawn: Drawn, shown: list[tuple[Placed, Attributes]], *, colored: bool, grain: float
) -> tuple[Attributes, ...]:
    """What a mirror shows of a character is seen too."""
    mirrored: dict[int, Attributes] = {}
    for placed, figure in zip(drawn.cast, drawn.figures, strict=True):
        if placed.likeness == "reflection":
            mirrored[placed.who.seed] = _visible(placed, figure, colored=colored, grain=grain)
    return tuple(mirrored.get(placed.who.seed, {}) | seen for placed, seen in shown)


def _extent(mask: NDArray[np.uint8], left: int = 0, top: int = 0) -> Bounds:
    """Bounds of the pixels that are not 0, in a window at (left, top)."""
    x, y, width, height = cv2.boundingRect(mask)
    return float(left + x), float(top + y), float(left + x + width), float(top + y + height)


def _window(bounds: Bounds) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (max(0, round(v)) for v in bounds)
    return slice(y0, y1), slice(x0, x1)


def _boxes_of(mine: NDArray[np.uint8], figure: Figure) -> list[Box]:
    boxes = [Box("person", *_extent(mine))]
    for label, bounds in (("head", figure.head), ("face", figure.face)):
        if bounds is None:
            continue
        rows, columns = window = _window(bounds)
        part = np.ascontiguousarray(mine[window])
        whole = max(1.0, (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]))
        own = _area(figure.alpha[window] > SOLID)
        if _area(part) >= max(_MIN_VISIBLE * own, _MIN_VISIBLE * 0.5 * whole, 12):
            boxes.append(Box(label, *_extent(part, columns.start, rows.start)))
    return boxes


def _eyes_of(mine: NDArray[np.uint8], figure: Figure) -> list[Box]:
    height, width = mine.shape
    eyes = []
    for bounds in figure.eyes:
        seen = mine[_window(bounds)]
        if seen.size and _area(seen) >= _MIN_EYE * (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]):
            x0, y0, x1, y1 = (float(v) for v in bounds)
            eyes.append(Box("eye", max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1)))
    return eyes


def _likenesses(drawn: Drawn) -> list[Box]:
    found = []
    for placed, figure in zip(drawn.cast, drawn.figures, strict=True):
        if not placed.likeness:
            continue
        x0, y0, x1, y1 = placed.cell
        seen = (figure.alpha[y0:y1, x0:x1] > SOLID) & (drawn.owners[y0:y1, x0:x1] == 0)
        if seen.any():
            found.append(Box(placed.likeness, *_extent(seen.astype(np.uint8), x0, y0)))
    return found


def _single_tags(shown: list[tuple[Placed, Attributes]], height: int) -> list[str]:
    """View and framing, which taggers give where there is one figure."""
    if len(shown) != 1:
        return []
    placed, seen = shown[0]
    feet = placed.y + (2 * placed.who.look.heads - 1.4) * placed.half_head
    whole = not placed.head_only and not placed.fading
    framing = "full body" if whole and feet < height else "upper body" if whole and "Dress" in seen else "portrait"
    return [*view_tags(placed.pose.view), framing, *(["chibi"] if placed.who.look.heads < _CHIBI and whole else [])]
