"""The hand that draws: how shapes are filled, shaded and outlined, and what is done to the finished picture.

What belongs here: style parameters, their sampling, whole-picture finishing. Not here: what is drawn.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.chance import pick

Pixels = NDArray[np.uint8]

STYLE_NAMES = ("flat", "outlined", "cel", "soft", "painterly", "lineart", "pixel")
STYLE_WEIGHTS = (0.14, 0.17, 0.2, 0.12, 0.24, 0.05, 0.08)


@dataclass(frozen=True)
class Style:
    """One drawing hand.

    Attributes:
        name: one of ``STYLE_NAMES``.
        shading: flat, cel (two tones) or soft (graded).
        outline: line width in local units (half a head is 1); 0 draws no outlines.
        ink: outlines in near-black instead of a dark shade of the fill.
        strokes: strength of visible brush strokes, 0..1.
        contrast: strength of light and shade, 0..1.
        light: unit vector towards the light, in pixels.
        warmth: RGB tint of lit areas; shadows take the complement.
        eyes: dot, slit, round, oval, anime or painted.
        mute: how far colours are pulled to grey in the end, 0..1.
        weight: width of the lines within a face or a garment, as a multiple of the usual.
    """

    name: str
    shading: str
    outline: float
    ink: bool
    strokes: float
    contrast: float
    light: tuple[float, float]
    warmth: tuple[float, float, float]
    eyes: str
    mute: float
    weight: float

    @property
    def colored(self) -> bool:
        """Whether fills carry colour at all."""
        return self.name != "lineart"


_SQUARES = 4.0  # of a pixel grid, in half a head at least
_SMEARED_HEAD = 14.0  # px of half a head below which a broad brush would wipe the face away
_SHADING = {"flat": "flat", "outlined": "flat", "cel": "cel", "soft": "soft", "painterly": "soft", "lineart": "flat"}
_OUTLINE = {
    "flat": (0, 0),
    "outlined": (0.03, 0.14),
    "cel": (0.015, 0.06),
    "soft": (0, 0.03),
    "painterly": (0, 0.02),
    "lineart": (0.03, 0.07),
    "pixel": (0, 0.09),
}
_EYES = {
    "flat": ("dot", "dot", "slit", "round", "oval", "anime"),
    "outlined": ("dot", "dot", "slit", "round", "oval", "anime"),
    "cel": ("anime", "anime", "anime", "oval"),
    "soft": ("anime", "anime", "oval", "painted"),
    "painterly": ("painted", "painted", "painted", "anime"),
    "lineart": ("anime", "oval", "painted"),
    "pixel": ("dot", "round", "oval", "anime"),
}


def sample_style(rng: np.random.Generator, name: str | None = None) -> Style:
    """Draw a style, of the given name if one is given."""
    name = name or pick(rng, STYLE_NAMES, STYLE_WEIGHTS)
    angle = rng.uniform(-2.9, -0.25)
    return Style(
        name=name,
        shading=_SHADING.get(name) or ("flat", "cel")[rng.integers(2)],
        outline=float(rng.uniform(*_OUTLINE[name])) * float(rng.random() < 0.85 or name in {"lineart", "outlined"}),
        ink=bool(rng.random() < (0.75 if name in {"outlined", "lineart"} else 0.35)),
        strokes=float(rng.uniform(0.3, 1.0)) if name == "painterly" else 0.0,
        contrast=float(rng.uniform(0.5, 1.0) if name == "painterly" else rng.uniform(0.25, 0.8)),
        light=(float(np.cos(angle)), float(np.sin(angle))),
        warmth=(float(rng.uniform(0.99, 1.11)), float(rng.uniform(0.94, 1.06)), float(rng.uniform(0.89, 1.01))),
        eyes=_EYES[name][rng.integers(len(_EYES[name]))],
        mute=float(rng.uniform(0.05, 0.55)) if name == "painterly" else float(max(0.0, rng.normal(-0.05, 0.12))),
        weight=float(np.exp(rng.normal(0.0, 0.35))),
    )


def relight(layer: NDArray[np.uint8], alpha: NDArray[np.uint8], style: Style) -> None:
    """Light over a whole figure, in place: brighter towards the light, darker away from it, a bright rim in soft styles.

    Args:
        layer: ``(H, W, 4)`` uint8 premultiplied RGBA of the figure.
        alpha: ``(H, W)`` uint8, its coverage.
        style: says where the light is and how strong.
    """
    x, y, width, height = cv2.boundingRect(alpha)
    if style.shading != "soft" or not width:
        return
    window = (slice(y, y + height), slice(x, x + width))
    across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(style.light[0] * 0.35 * style.contrast)
    down = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(style.light[1] * 0.35 * style.contrast)
    light = across + down[:, None]
    cover = alpha[window]
    rim = np.maximum(light, 0) * (255 - cv2.blur(cover, (5, 5))) * (cover * np.float32(1.5 / 255))
    figure = layer[window]
    lit = cv2.multiply(figure, cv2.merge([light + 1] * 3 + [np.ones_like(light)]), dtype=cv2.CV_8U)
    cv2.add(lit, cv2.merge([rim] * 3 + [np.zeros_like(rim)]), dst=lit, dtype=cv2.CV_8U)
    figure[...] = lit


def grain_of(style: Style, width: int, half_head: float, rng: np.random.Generator) -> float:
    """Pixels of one square of the pixel grid; 0 for other media.

    Args:
        style: the hand.
        width: of the picture in pixels.
        half_head: half the smallest head in pixels, 0 where there is none; it stays a few squares high, or nobody would know it.
        rng: decides.
    """
    if style.name != "pixel":
        return 0.0
    least = min(56.0, max(18.0, _SQUARES * width / half_head)) if half_head else 18.0
    return width / float(np.exp(rng.uniform(np.log(least), np.log(112))))


def finish(pixels: Pixels, style: Style, rng: np.random.Generator, *, half_head: float, grain: float) -> Pixels:
    """What the medium does to the whole picture: pixel grid, canvas grain, muted colours, harsh light.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        style: the hand that drew it.
        rng: source of grain and grading.
        half_head: half the smallest head in pixels, 0 where there is none.
        grain: pixels of one square of the pixel grid.

    Returns:
        An array of the same shape.
    """
    if style.name == "pixel":
        return _on_pixel_grid(pixels, grain, rng)
    if style.strokes:
        height, width = pixels.shape[:2]
        canvas = rng.normal(1, 0.05 * style.strokes, (height // 3 + 1, width // 3 + 1)).astype(np.float32)
        canvas = cv2.resize(canvas, (width, height))
        pixels = np.asarray(cv2.multiply(pixels, cv2.merge([canvas] * 3), dtype=cv2.CV_8U), np.uint8)
        pixels = graded(_smeared(pixels, half_head, rng), rng.uniform(0.85, 1.3))
    if style.mute:
        mean = cv2.transform(pixels, _MEAN)
        pixels = np.asarray(cv2.addWeighted(pixels, 1 - style.mute, mean, style.mute, 0), np.uint8)
    return pixels


_MEAN = np.full((3, 3), 1 / 3, np.float32)


def graded(pixels: Pixels, gamma: float) -> Pixels:
    """Every channel to the power of ``gamma``: above 1 the middle tones darken, below 1 they lighten."""
    curve = (255 * np.linspace(0, 1, 256) ** gamma).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, curve), np.uint8)


def _smeared(pixels: Pixels, half_head: float, rng: np.random.Generator) -> Pixels:
    """Edges lost under a broad brush, or found again by a sharp one; on heads large enough to bear it."""
    choice = rng.random()
    if half_head and half_head < _SMEARED_HEAD or choice < 0.4:
        return pixels
    if choice < 0.7:
        return np.asarray(cv2.medianBlur(pixels, 5 if half_head > 2 * _SMEARED_HEAD else 3), np.uint8)
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
    return np.asarray(cv2.addWeighted(pixels, 1.7, soft, -0.7, 0), np.uint8)


def _on_pixel_grid(pixels: Pixels, grain: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    cells, levels = max(8, round(width / grain)), int(rng.integers(6, 20))
    small = cv2.resize(pixels, (cells, max(8, cells * height // width)), interpolation=cv2.INTER_AREA)
    steps = (np.round(np.arange(256) / 255 * levels) / levels * 255).astype(np.uint8)
    return np.asarray(cv2.resize(cv2.LUT(small, steps), (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
