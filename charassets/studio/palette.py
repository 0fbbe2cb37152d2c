"""Colours by name: the range of shades that a person would call by that name, and skin tones.

What belongs here: names to RGB. Not here: shading, which is the style's business.
"""

import colorsys

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.float64]
_SHADE_TINT = np.array([0.96, 0.96, 1.08])

# Hue, saturation, value ranges (0..1). Neighbouring names leave a gap: a shade two people would name differently is not drawn.
_HAIR_HSV = {
    "Black": ((0, 1), (0, 0.4), (0.02, 0.21)),
    "Brown": ((0.02, 0.09), (0.35, 0.85), (0.24, 0.6)),
    "Blonde": ((0.095, 0.155), (0.22, 0.78), (0.7, 1.0)),
    "Red": ((-0.025, 0.022), (0.7, 1.0), (0.42, 0.88)),
    "Orange": ((0.045, 0.085), (0.72, 1.0), (0.8, 1.0)),
    "Pink": ((0.88, 0.98), (0.25, 0.6), (0.85, 1.0)),
    "Purple": ((0.72, 0.83), (0.32, 0.85), (0.32, 0.95)),
    "Blue": ((0.575, 0.68), (0.45, 1.0), (0.32, 1.0)),
    "Aqua": ((0.465, 0.53), (0.35, 0.9), (0.55, 1.0)),
    "Green": ((0.24, 0.42), (0.4, 1.0), (0.28, 0.9)),
    "White": ((0, 1), (0, 0.08), (0.87, 1.0)),
    "Grey": ((0, 1), (0, 0.12), (0.36, 0.76)),
}
_OTHER_HSV = {"Yellow": ((0.13, 0.165), (0.65, 1.0), (0.8, 1.0)), "Gold": ((0.11, 0.14), (0.55, 0.85), (0.7, 0.95))}
_HSV = _HAIR_HSV | _OTHER_HSV
HAIR_COLORS = tuple(_HAIR_HSV)
# White, black, blue and grey twice: clothes have them more often than hair has.
CLOTH_COLORS = (*(name for name in HAIR_COLORS if name != "Blonde"), "Yellow", "White", "Black", "Blue", "Grey")

# Steps from porcelain to very dark; each tone is the stretch between two of them. The stretches do not touch.
_SKIN_STEPS = {
    "Pale": ("fff4ec", "ffe9dc"),
    "Light": ("ffdfc4", "eec39a"),
    "Tan": ("dca574", "b97a4a"),
    "Dark": ("8f5630", "3b2117"),
}
_FANTASY_SKIN = ("Green", "Blue", "Purple", "Grey", "Red", "Aqua")
_STYLISED_SKIN = 0.25  # share of skins that no paint box calls skin
_LUMA = np.array([0.299, 0.587, 0.114])
SKIN_TONES = (*_SKIN_STEPS, "Non-Human")


def _rgb(code: str) -> Rgb:
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def shade_of(name: str, rng: np.random.Generator) -> Rgb:
    """One RGB (0..1) that goes by ``name``.

    Raises:
        KeyError: the palette has no such colour.
    """
    hue, saturation, value = _HSV[name]
    h, s, v = (rng.uniform(low, high) for low, high in (hue, saturation, value))
    return np.array(colorsys.hsv_to_rgb(h % 1.0, s, v))


def cloth_color(rng: np.random.Generator) -> Rgb:
    """A colour for cloth; a third of them muted, as in painted work."""
    color = shade_of(CLOTH_COLORS[rng.integers(len(CLOTH_COLORS))], rng)
    if rng.random() < 0.35:
        color = color + (color.mean() - color) * rng.uniform(0.2, 0.7)
    return color


def skin_shade(tone: str, rng: np.random.Generator) -> Rgb:
    """A skin colour of one of ``SKIN_TONES``."""
    if tone == "Non-Human":
        return np.clip(shade_of(str(rng.choice(_FANTASY_SKIN)), rng) * 0.7 + 0.25, 0, 1)
    first, last = (_rgb(code) for code in _SKIN_STEPS[tone])
    skin = np.clip(first + (last - first) * rng.random() + rng.normal(0, 0.012, 3), 0, 1)
    return _stylised(skin, rng) if rng.random() < _STYLISED_SKIN else skin


def _stylised(skin: Rgb, rng: np.random.Generator) -> Rgb:
    """The skin as a cartoonist may paint it: as light as before, of a bolder and yellower, redder or duller colour."""
    hue, saturation, value = colorsys.rgb_to_hsv(*skin)
    hue = (hue + rng.uniform(-0.045, 0.06)) % 1.0
    bold = np.array(colorsys.hsv_to_rgb(hue, np.clip(saturation * rng.uniform(0.6, 2.4), 0, 0.95), value))
    return np.clip(bold * (skin @ _LUMA) / max(float(bold @ _LUMA), 1e-6), 0, 1)


def darker(color: Rgb, factor: float = 0.6) -> Rgb:
    """The colour in shade; the blue channel falls least, as in daylight."""
    return np.minimum(color * (factor * _SHADE_TINT), 1)


def lighter(color: Rgb, amount: float = 0.3) -> Rgb:
    """The colour mixed with white."""
    return color + (1 - color) * amount
