"""What is behind the characters: plain grounds, patterns, landscapes, interiors.

What belongs here: backgrounds without anybody in them. Not here: objects that could be taken for a character.
"""

from collections.abc import Callable

import cv2
import numpy as np

from charassets.studio.chance import pick
from charassets.studio.palette import cloth_color, darker, lighter, shade_of
from charassets.studio.pen import Pen
from charassets.studio.shapes import Points, box, curve, oval
from charassets.studio.styles import Pixels, Style

GROUND_TAGS = {
    "white": "white background", "plain": "simple background", "gradient": "gradient background",
    "pattern": "patterned background", "landscape": "scenery", "interior": "indoors", "dark": "dark background",
    "texture": "abstract background", "vignette": "dark background",
    "disc": "simple background", "abstract": "abstract background",
}  # fmt: skip
BACKDROPS = tuple(GROUND_TAGS)
_WEIGHTS = (0.2, 0.1, 0.12, 0.08, 0.19, 0.08, 0.05, 0.07, 0.03, 0.04, 0.04)
_CLOUD_SIDE = 72  # px; clouds are smooth, so they are made small and enlarged
_GREENS = ("Green", "Green", "Brown", "Yellow", "Blonde")


def draw_backdrop(
    size: tuple[int, int], style: Style, rng: np.random.Generator, kind: str | None = None
) -> tuple[Pixels, str]:
    """Paint a ground of ``size`` (width, height).

    Returns:
        ``(H, W, 3)`` uint8 RGB and the kind drawn, one of ``BACKDROPS``.
    """
    kind = kind or pick(rng, BACKDROPS, _WEIGHTS)
    width, height = size
    if kind == "white":
        return np.full((height, width, 3), 255, np.uint8), kind
    pen = Pen(width, height, style, rng)
    pen.layer[...] = (*(_ground(rng, kind) * 255).astype(np.uint8), 255)
    if kind in _PAINTERS:
        _PAINTERS[kind](pen, width, height, rng)
    return np.asarray(cv2.cvtColor(pen.layer, cv2.COLOR_RGBA2RGB), np.uint8), kind


def _ground(rng: np.random.Generator, kind: str) -> np.ndarray:
    if kind == "dark":
        return darker(cloth_color(rng), 0.2)
    color = cloth_color(rng)
    return lighter(color, rng.uniform(0.3, 0.85)) if rng.random() < 0.65 else color


def _gradient(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    top, bottom = (lighter(cloth_color(rng), rng.uniform(0, 0.6)) for _ in range(2))
    t = np.linspace(0, 1, height)[:, None, None] if rng.random() < 0.7 else np.linspace(0, 1, width)[None, :, None]
    pen.layer[..., :3] = np.broadcast_to((top * (1 - t) + bottom * t) * 255, (height, width, 3)).astype(np.uint8)


def _pattern(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    color, step = lighter(cloth_color(rng), 0.4), rng.uniform(0.08, 0.2) * width
    kind = rng.integers(4)
    for i in range(int(width / step) + 2):
        for j in range(int(height / step) + 2) if kind else (0,):
            x, y = i * step, j * step
            if kind == 0:
                pen.fill(
                    np.array([(x, 0), (x + step / 2, 0), (x + step * 0.3, height), (x - step * 0.2, height)]),
                    color,
                    outline=0,
                    shade=False,
                )
            elif kind == 1:
                pen.fill(oval(x, y, step * 0.25), color, outline=0, shade=False)
            elif kind == 2 and (i + j) % 2:
                pen.fill(box(x, y, x + step, y + step), color, outline=0, shade=False)
            elif kind == 3:
                pen.line(np.array([(x, y), (x + step * 0.6, y + step * 0.6)]), color, step * 0.08)


def _ridge(width: int, height: int, level: float, rough: float, rng: np.random.Generator) -> Points:
    xs = np.linspace(-0.1, 1.1, 9) * width
    ys = height * (level + rng.normal(0, rough, 9))
    return np.vstack(
        [curve(np.stack([xs, ys], 1), closed=False), [(1.1 * width, 1.1 * height), (-0.1 * width, 1.1 * height)]]
    )


def _landscape(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    sky = np.array([0.55, 0.75, 0.95]) * rng.uniform(0.55, 1.0) + rng.normal(0, 0.08, 3)
    t = np.linspace(0, 1, height)[:, None, None]
    pen.layer[..., :3] = np.clip((sky * (1 - t) + lighter(np.clip(sky, 0, 1), 0.7) * t) * 255, 0, 255).astype(np.uint8)
    horizon = rng.uniform(0.3, 0.7)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(2, 5))):
            x, y, s = rng.uniform(0, width), rng.uniform(0, horizon * height * 0.7), rng.uniform(0.05, 0.14) * width
            for k in (-1, 0, 1):
                pen.fill(oval(x + k * s, y + abs(k) * s * 0.2, s, s * 0.5), (0.97, 0.97, 0.98), outline=0)
    if rng.random() < 0.6:
        mountain = shade_of("Grey", rng) * np.array([0.8, 0.9, 1.1])
        xs = np.linspace(-0.1, 1.1, 8) * width
        ys = height * (horizon - rng.uniform(0.0, 0.3, 8) * (np.arange(8) % 2))
        pen.fill(np.vstack([np.stack([xs, ys], 1), [(width, height), (0, height)]]), np.clip(mountain, 0, 1))
    ground = shade_of(str(rng.choice(_GREENS)), rng)
    for k in range(int(rng.integers(1, 4))):
        pen.fill(_ridge(width, height, horizon + 0.14 * k, 0.03, rng), darker(ground, 1 - 0.15 * k))
    for _ in range(int(rng.integers(0, 7))):
        _tree(pen, rng.uniform(0, width), height * rng.uniform(horizon, 0.95), rng.uniform(0.08, 0.28) * height, rng)
    if rng.random() < 0.3:
        _castle(pen, rng.uniform(0.1, 0.9) * width, height * (horizon + 0.06), rng.uniform(0.1, 0.25) * height, rng)


def _tree(pen: Pen, x: float, y: float, tall: float, rng: np.random.Generator) -> None:
    leaf = shade_of("Green", rng) * rng.uniform(0.6, 1)
    pen.fill(box(x - tall * 0.06, y - tall * 0.5, x + tall * 0.06, y), (0.35, 0.24, 0.15), outline=0)
    if rng.random() < 0.5:
        for k in range(3):
            half, top = tall * (0.36 - 0.08 * k), y - tall * (0.35 + 0.25 * k)
            pen.fill(np.array([(x - half, top), (x + half, top), (x, top - tall * 0.4)]), leaf, outline=0)
    else:
        for _ in range(4):
            pen.fill(
                oval(x + rng.normal(0, 0.14) * tall, y - tall * rng.uniform(0.5, 0.9), tall * 0.26),
                leaf * rng.uniform(0.85, 1.1),
                outline=0,
            )


def _castle(pen: Pen, x: float, y: float, tall: float, rng: np.random.Generator) -> None:
    stone = shade_of("Grey", rng)
    for k in (-1, 0, 1):
        left, top = x + k * tall * 0.5, y - tall * rng.uniform(0.6, 1.1)
        pen.fill(box(left - tall * 0.2, top, left + tall * 0.2, y), stone, outline=0)
        pen.fill(
            np.array([(left - tall * 0.25, top), (left + tall * 0.25, top), (left, top - tall * 0.4)]),
            (0.5, 0.2, 0.2),
            outline=0,
        )


def _interior(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    floor = rng.uniform(0.6, 0.85) * height
    pen.fill(box(-5, floor, width + 5, height + 5), shade_of("Brown", rng), outline=0)
    for _ in range(int(rng.integers(1, 4))):
        x, y, w, h = (
            rng.uniform(0, width),
            rng.uniform(0.05, 0.4) * height,
            rng.uniform(0.1, 0.3) * width,
            rng.uniform(0.15, 0.35) * height,
        )
        pen.fill(box(x - 4, y - 4, x + w + 4, y + h + 4), (0.35, 0.25, 0.18), outline=0)
        pen.fill(box(x, y, x + w, y + h), lighter(cloth_color(rng), 0.5), outline=0)
        pen.line(np.array([(x + w / 2, y), (x + w / 2, y + h)]), (0.35, 0.25, 0.18), 3)
    if rng.random() < 0.6:
        x, w = rng.uniform(0, 0.7) * width, rng.uniform(0.2, 0.45) * width
        pen.fill(box(x, floor - 0.15 * height, x + w, floor + 0.05 * height), cloth_color(rng))


def _texture(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    first, second = cloth_color(rng), cloth_color(rng)
    noise = np.zeros((_CLOUD_SIDE, _CLOUD_SIDE), np.float32)
    for k in (4, 9, 20, 45):
        octave = rng.standard_normal((k, k), np.float32) / np.float32(np.sqrt(k))
        noise += cv2.resize(octave, noise.shape, interpolation=cv2.INTER_CUBIC)
    levels = cv2.resize(
        (255 / (1 + np.exp(-3 * noise))).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    shares = np.linspace(0, 1, 256)[:, None]
    shades = (255 * (first * (1 - shares) + second * shares)).astype(np.uint8)
    pen.layer[..., :3] = shades[np.asarray(levels, np.uint8)]


def _vignette(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    """The studio wall of a painted portrait: a dim glow behind the head that the corners lose."""
    _texture(pen, width, height, rng)
    wall = darker(cloth_color(rng), rng.uniform(0.25, 0.55)) * 255
    x, y = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.25, 0.5)
    across = (np.arange(width, dtype=np.float32) - np.float32(x)) / np.float32(width)
    down = (np.arange(height, dtype=np.float32)[:, None] - np.float32(y)) / np.float32(height)
    glow = np.exp(-rng.uniform(2.0, 6.0) * (across**2 + down**2))[..., None]
    pen.layer[..., :3] = np.clip((0.15 * pen.layer[..., :3] + 0.85 * wall) * (0.25 + 0.9 * glow), 0, 255)


def _disc(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    """The round field of an avatar, or a soft-cornered one, of one colour."""
    x, y, half = width / 2, height * rng.uniform(0.45, 0.6), min(width, height) * rng.uniform(0.35, 0.52)
    color = cloth_color(rng) if rng.random() < 0.5 else lighter(cloth_color(rng), 0.5)
    shape = oval(x, y, half) if rng.random() < 0.75 else curve(box(x - half, y - half, x + half, y + half))
    pen.fill(shape, color, outline=0, shade=False)


def _abstract(pen: Pen, width: int, height: int, rng: np.random.Generator) -> None:
    """Large plain shapes over each other, of which nobody is made."""
    for _ in range(int(rng.integers(2, 7))):
        x, y, half = rng.uniform(0, width), rng.uniform(0, height), min(width, height) * rng.uniform(0.08, 0.55)
        color, kind = cloth_color(rng), rng.integers(4)
        if kind == 0:
            pen.line(oval(x, y, half), color, half * rng.uniform(0.1, 0.4), closed=True)
            continue
        turn = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, kind + 2, endpoint=False)
        corners = np.stack([x + half * np.cos(turn), y + half * np.sin(turn)], axis=1)
        pen.fill(oval(x, y, half) if kind == 3 else corners, color, outline=0, shade=False)


_PAINTERS: dict[str, Callable[[Pen, int, int, np.random.Generator], None]] = {
    "gradient": _gradient,
    "pattern": _pattern,
    "landscape": _landscape,
    "interior": _interior,
    "texture": _texture,
    "vignette": _vignette,
    "disc": _disc,
    "abstract": _abstract,
}
