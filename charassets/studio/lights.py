"""Light and tone over a whole picture: harsh sun, dusk, candles, night, old paper, no colour at all.

What belongs here: what falls on everything alike after it is drawn. Not here: light on a shape (``shading``) or a figure.
Casts of colour stay so faint that a person still names the colours as they are; where they are gone, ``COLORLESS`` says so.
"""

from collections.abc import Callable

import cv2
import numpy as np

from charassets.studio.chance import pick
from charassets.studio.styles import Pixels, graded

_GREY = np.tile(np.array([0.299, 0.587, 0.114], np.float32), (3, 1))
_OLD_PAPER = np.array([[1.07], [0.93], [0.74]], np.float32)
COLORLESS = {"greyscale", "sepia"}
LIGHT_TAGS = {
    "greyscale": "greyscale", "sepia": "sepia", "night": "night", "harsh": "shadow", "vignette": "vignetting",
}  # fmt: skip


def sample_light(rng: np.random.Generator) -> str:
    """One of ``LIGHTS``; seven times in ten the even light of a clean drawing."""
    return pick(rng, LIGHTS, _WEIGHTS)


def lit(pixels: Pixels, light: str, rng: np.random.Generator) -> Pixels:
    """The picture ``(H, W, 3)`` uint8 RGB under one of ``LIGHTS``."""
    return _LIGHTS[light](pixels, rng) if light in _LIGHTS else pixels


def _gained(pixels: Pixels, gain: np.ndarray) -> Pixels:
    """Every pixel times a float32 gain of shape ``(H, W)``."""
    return np.asarray(cv2.multiply(pixels, cv2.merge([gain] * 3), dtype=cv2.CV_8U), np.uint8)


def _tinted(pixels: Pixels, red: float, green: float, blue: float) -> Pixels:
    return np.asarray(cv2.transform(pixels, np.diag([red, green, blue]).astype(np.float32)), np.uint8)


def _harsh(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A hard-edged shadow across the picture and blown-out light beside it."""
    height, width = pixels.shape[:2]
    turn, cut = rng.uniform(0, 2 * np.pi), rng.uniform(-0.25, 0.25)
    across = np.cos(turn) * np.linspace(-0.5, 0.5, width, dtype=np.float32)
    down = np.sin(turn) * np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    edge = np.clip((across + down - cut) * min(width, height) / 3, 0, 1).astype(np.float32)
    shade = np.float32(rng.uniform(0.5, 0.7))
    return _gained(pixels, shade + (np.float32(rng.uniform(1.1, 1.3)) - shade) * edge)


def _dim(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Overcast: less light, less colour."""
    pull = rng.uniform(0.15, 0.4)
    grey = cv2.transform(pixels, _GREY)
    return graded(np.asarray(cv2.addWeighted(pixels, 1 - pull, grey, pull, 0), np.uint8), rng.uniform(1.15, 1.6))


def _warm(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return _tinted(pixels, rng.uniform(1.0, 1.08), rng.uniform(0.93, 1.0), rng.uniform(0.78, 0.92))


def _night(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    dark = rng.uniform(0.55, 0.75)
    return _tinted(pixels, 0.82 * dark, 0.9 * dark, 1.12 * dark)


def _vignette(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return _gained(pixels, falloff(pixels.shape[1], pixels.shape[0], rng.uniform(0.35, 0.7)))


def _greyscale(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.asarray(cv2.transform(pixels, _GREY), np.uint8)


def _sepia(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.asarray(cv2.transform(pixels, _GREY * _OLD_PAPER), np.uint8)


def falloff(width: int, height: int, depth: float) -> np.ndarray:
    """Gain ``(height, width)`` float32: 1 in the middle, 1 - ``depth`` in the corners."""
    across = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    return 1 - np.float32(depth / 2) * (across + down)


_LIGHTS: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "harsh": _harsh, "dim": _dim, "warm": _warm, "night": _night, "vignette": _vignette, "greyscale": _greyscale,
    "sepia": _sepia,
}  # fmt: skip
LIGHTS = ("even", *_LIGHTS)
_WEIGHTS = (0.7, 0.06, 0.07, 0.05, 0.03, 0.05, 0.03, 0.01)
