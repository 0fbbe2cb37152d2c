"""The hand that draws: how shapes are filled, shaded and outlined, and what is done to the finished picture.

What belongs here: style parameters, their sampling, whole-picture finishing. Not here: what is drawn.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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
        eyes: dot, oval, anime or painted.
        mute: how far colours are pulled to grey in the end, 0..1.
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

    @property
    def colored(self) -> bool:
        """Whether fills carry colour at all."""
        return self.name != "lineart"


_SHADING = {"flat": "flat", "outlined": "flat", "cel": "cel", "soft": "soft", "painterly": "soft", "lineart": "flat"}
_OUTLINE = {
    "flat": (0, 0),
    "outlined": (0.03, 0.11),
    "cel": (0.015, 0.06),
    "soft": (0, 0.03),
    "painterly": (0, 0.02),
    "lineart": (0.03, 0.07),
    "pixel": (0, 0.09),
}
_EYES = {
    "flat": ("dot", "oval", "oval", "anime"),
    "outlined": ("dot", "oval", "anime"),
    "cel": ("anime", "anime", "anime", "oval"),
    "soft": ("anime", "anime", "oval", "painted"),
    "painterly": ("painted", "painted", "painted", "anime"),
    "lineart": ("anime", "oval", "painted"),
    "pixel": ("dot", "oval", "anime"),
}


def sample_style(rng: np.random.Generator, name: str | None = None) -> Style:
    """Draw a style, of the given name if one is given."""
    name = name or str(rng.choice(STYLE_NAMES, p=STYLE_WEIGHTS))
    angle = rng.uniform(-2.9, -0.25)
    return Style(
        name=name,
        shading=_SHADING.get(name) or str(rng.choice(["flat", "cel"])),
        outline=float(rng.uniform(*_OUTLINE[name])) * float(rng.random() < 0.85 or name in {"lineart", "outlined"}),
        ink=bool(rng.random() < (0.75 if name in {"outlined", "lineart"} else 0.35)),
        strokes=float(rng.uniform(0.3, 1.0)) if name == "painterly" else 0.0,
        contrast=float(rng.uniform(0.5, 1.0) if name == "painterly" else rng.uniform(0.25, 0.8)),
        light=(float(np.cos(angle)), float(np.sin(angle))),
        warmth=(float(rng.uniform(0.99, 1.11)), float(rng.uniform(0.94, 1.06)), float(rng.uniform(0.89, 1.01))),
        eyes=str(rng.choice(_EYES[name])),
        mute=float(rng.uniform(0.05, 0.55)) if name == "painterly" else float(max(0.0, rng.normal(-0.05, 0.12))),
    )


def relight(pixels: Pixels, alpha: NDArray[np.uint8], style: Style) -> Pixels:
    """Light over a whole figure: brighter towards the light, darker away from it, a bright rim in soft styles.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB of the figure's layer.
        alpha: ``(H, W)`` uint8 coverage.
        style: says where the light is and how strong.
    """
    if style.shading != "soft":
        return pixels
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return pixels
    down = np.linspace(-1, 1, rows[-1] - rows[0] + 1, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, columns[-1] - columns[0] + 1, dtype=np.float32)[None, :]
    light = (across * style.light[0] + down * style.light[1]) * 0.35 * style.contrast
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    cover = cv2.blur(alpha[window], (5, 5)).astype(np.float32) / 255
    rim = (1 - cover) * np.maximum(light, 0) * 1.5
    out = pixels.copy()
    out[window] = np.clip(pixels[window] * (1 + light[..., None]) + 255 * rim[..., None], 0, 255).astype(np.uint8)
    return out


def finish(pixels: Pixels, style: Style, rng: np.random.Generator) -> Pixels:
    """What the medium does to the whole picture: pixel grid, canvas grain, muted colours, harsh light.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        style: the hand that drew it.
        rng: source of grain and grading.

    Returns:
        A new array of the same shape.
    """
    height, width = pixels.shape[:2]
    if style.name == "pixel":
        cells = int(rng.integers(56, 112))
        small = cv2.resize(pixels, (cells, max(8, cells * height // width)), interpolation=cv2.INTER_AREA)
        levels = int(rng.integers(6, 20))
        small = (np.round(small / 255 * levels) / levels * 255).astype(np.uint8)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    out = pixels.astype(np.float32)
    if style.strokes:
        grain = cv2.resize(rng.normal(0, 1, (height // 3 + 1, width // 3 + 1)).astype(np.float32), (width, height))
        out *= 1 + grain[..., None] * (0.05 * style.strokes)
        out = 255 * (np.clip(out, 0, 255) / 255) ** rng.uniform(0.85, 1.3)
    if style.mute:
        out += (out.mean(axis=2, keepdims=True) - out) * style.mute
    return np.clip(out, 0, 255).astype(np.uint8)
