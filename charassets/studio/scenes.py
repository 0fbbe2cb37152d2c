"""Whole pictures: nobody, one character or several, on a ground, in cells, before a mirror, in a light.

What belongs here: the kinds of picture and the order in which one is put together. Not here: its parts, the truth about it.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.backdrops import GROUND_TAGS, draw_backdrop
from charassets.studio.casting import FRAMINGS, Layout, Placed, alone, cast_group, cast_nobody, cast_single, place
from charassets.studio.chance import pick
from charassets.studio.characters import Figure, draw_character, in_mood
from charassets.studio.furnishing import bubbles, furnish
from charassets.studio.lights import COLORLESS, LIGHT_TAGS, lit, sample_light
from charassets.studio.likenesses import cast_gallery, cast_mirror, cast_statue
from charassets.studio.pages import cast_comic, cast_reference, cast_sheet, cast_sprites
from charassets.studio.pen import Pen, lay_over
from charassets.studio.posing import Pose, sample_pose
from charassets.studio.props import PROPS, draw_prop
from charassets.studio.styles import Pixels, Style, finish, grain_of, sample_style
from charassets.studio.traits import MOODS, Character
from charassets.studio.truth import SOLID, Drawn, Scene, describe

_CASTING: dict[str, tuple[float, Callable[[np.random.Generator, int, int, Style], Layout]]] = {
    "single": (0.4, cast_single),
    "group": (0.21, cast_group),
    "sheet": (0.07, cast_sheet),
    "comic": (0.04, cast_comic),
    "reference": (0.03, cast_reference),
    "sprites": (0.02, cast_sprites),
    "mirror": (0.02, cast_mirror),
    "nobody": (0.17, cast_nobody),
    "statue": (0.02, cast_statue),
    "gallery": (0.02, cast_gallery),
}
KINDS = tuple(_CASTING)
_WEIGHTS = tuple(weight for weight, _ in _CASTING.values())
_GLASS_OPACITY = 0.8  # of a reflection: the mirror's own colour shows through


def draw_scene(seed: int, size: int | tuple[int, int] = 256, *, kind: str | None = None) -> Scene:
    """Draw the scene that belongs to a seed.

    Args:
        seed: the same seed and size give the same pixels.
        size: side, or (width, height), in pixels.
        kind: one of ``KINDS``, sampled if not given.
    """
    rng = np.random.default_rng([seed, 0x5CE])
    width, height = (size, size) if isinstance(size, int) else size
    kind = kind or pick(rng, KINDS, _WEIGHTS)
    style = sample_style(rng, "pixel" if kind == "sprites" else None)
    layout = _CASTING[kind][1](rng, width, height, style)
    return compose(layout, style, (width, height), rng, kind=kind)


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
    """Draw one given character alone: the same identity in another pose, mood, style, framing and light for every seed."""
    rng = np.random.default_rng([seed, 0x90A])
    style = style or sample_style(rng)
    framing = framing or pick(rng, FRAMINGS, (0.1, 0.2, 0.3, 0.2, 0.2))
    if rng.random() < 0.6:
        who = in_mood(who, MOODS[rng.integers(len(MOODS))])
    placed = place(who, pose or sample_pose(rng), style, framing, (0, 0, size, size), rng)
    return compose(alone(placed), style, (size, size), rng, kind="single", backdrop=backdrop)


def compose(
    layout: Layout,
    style: Style,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    kind: str,
    backdrop: str | None = None,
) -> Scene:
    """Paint the ground, what stands on it, then the cast from back to front, then what the medium and the light do."""
    if backdrop is None and layout.grounds:
        backdrop = layout.grounds[rng.integers(len(layout.grounds))]
    canvas, ground = draw_backdrop(size, style, rng, backdrop)
    extra = [GROUND_TAGS[ground], *layout.tags]
    behind = Pen(*size, style, rng)
    furnish(behind, layout, rng)
    if kind == "nobody":
        extra += _scatter_props(behind, rng)
    elif layout.setting == "open" and ground not in {"white", "plain"} and rng.random() < 0.4:
        extra += _scatter_props(behind, rng, most=2)
    _lay(canvas, behind)
    drawn = _draw_cast(canvas, layout, rng)
    if layout.setting == "comic":
        over = Pen(*size, style, rng)
        extra += bubbles(over, layout, drawn.owners, rng)
        drawn.owners[_lay(canvas, over) > SOLID] = 0
    light = sample_light(rng)
    half_head = min((placed.half_head for placed in layout.cast), default=0.0)
    grain = grain_of(style, size[0], half_head, rng)
    pixels = lit(finish(canvas, style, rng, half_head=half_head, grain=grain), light, rng)
    if light in LIGHT_TAGS:
        extra.append(LIGHT_TAGS[light])
    return describe(pixels, drawn, kind, style, light, extra, rng, colored=light not in COLORLESS, grain=grain)


def _draw_cast(canvas: Pixels, layout: Layout, rng: np.random.Generator) -> Drawn:
    owners = np.zeros(canvas.shape[:2], np.uint8)
    figures = []
    for number, placed in enumerate(layout.cast, 1):
        figure = _drawn(placed, (canvas.shape[1], canvas.shape[0]), rng)
        x0, y0, x1, y1 = placed.cell
        window = (slice(max(0, y0), y1), slice(max(0, x0), x1))
        lay_over(canvas[window], figure.layer[window], figure.alpha[window])
        owners[window][figure.alpha[window] > SOLID] = 0 if placed.likeness else number
        figures.append(figure)
    return Drawn(layout.cast, figures, owners)


def _drawn(placed: Placed, size: tuple[int, int], rng: np.random.Generator) -> Figure:
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
    if placed.likeness == "reflection":
        return figure.thinned(np.full(size[::-1], _GLASS_OPACITY, np.float32))
    if placed.fading:
        return figure.thinned(_fading(placed, size, rng))
    return figure


def _fading(placed: Placed, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Opacity of a bust that the painter left unfinished below: none at its lower edge, ragged as brush strokes are."""
    width, height = size
    end = placed.y + placed.half_head * rng.uniform(1.9, 3.2)
    ragged = cv2.resize(rng.normal(0, 0.25, (1, 9)).astype(np.float32), (width, 1), interpolation=cv2.INTER_CUBIC)
    rows = np.arange(height, dtype=np.float32)[:, None]
    soft = placed.half_head * rng.uniform(0.3, 1.1)
    return np.clip((np.float32(end) + ragged * np.float32(placed.half_head) - rows) / np.float32(soft), 0, 1)


def _lay(canvas: Pixels, pen: Pen) -> NDArray[np.uint8]:
    """Lay what a pen drew over the canvas; returns its coverage."""
    alpha = np.asarray(cv2.extractChannel(pen.layer, 3), np.uint8)
    lay_over(canvas, pen.layer, alpha)
    return alpha


def _collection(pen: Pen, rng: np.random.Generator) -> list[str]:
    """Many small things in rows, as a page of icons, tiles or finds."""
    height, width = pen.layer.shape[:2]
    across = int(rng.integers(2, 7))
    down = max(1, round(across * height / width))
    names = rng.choice(PROPS, int(rng.integers(1, 5)))
    for k in range(across * down):
        x, y = (k % across + 0.5) * width / across, (k // across + 0.5) * height / down
        draw_prop(pen, str(rng.choice(names)), x, y, 0.42 * width / across * rng.uniform(0.7, 1.1), rng)
    return [str(name) for name in names]


def _scatter_props(pen: Pen, rng: np.random.Generator, most: int = 5) -> list[str]:
    """Draw a few things; one large thing alone is the commonest negative."""
    height, width = pen.layer.shape[:2]
    if rng.random() < 0.12:
        return []
    if most > 2 and rng.random() < 0.12:
        return _collection(pen, rng)
    count = 1 if rng.random() < 0.5 and most > 2 else int(rng.integers(1, most + 1))
    names = []
    for _ in range(count):
        name = PROPS[rng.integers(len(PROPS))]
        half = min(width, height) * (rng.uniform(0.25, 0.6) if count == 1 else rng.uniform(0.08, 0.3))
        x, y = (rng.uniform(0.4, 0.6, 2) if count == 1 else rng.uniform(0.1, 0.9, 2)) * (width, height)
        draw_prop(pen, name, float(x), float(y), float(half), rng)
        names.append(name)
    return names
