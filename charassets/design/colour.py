"""Colour features: statistics of RGB and HSV, warmth, palette. Formulas stand in the catalogue."""

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.design.canvas import Canvas, Mask, entropy, lab_mean, moments, share

_WARM, _COOL = 1 / 12, 7 / 12  # turns: orange and azure
_SPAN = 1 / 6
_BINS = 8
_HELD = 0.9


def colour_features(canvas: Canvas) -> dict[str, float]:
    """The features of group ``colour`` by name."""
    return {**_channels(canvas), **_hues(canvas), **_palette(canvas)}


def hue_distance(hue: NDArray[np.floating], centre: float) -> NDArray[np.floating]:
    """Distance in turns (0-0.5) of hues from one of them, around the circle."""
    away = np.abs(hue - np.float32(centre))
    return np.minimum(away, 1 - away)


def _channels(canvas: Canvas) -> dict[str, float]:
    red, green, blue = (np.ascontiguousarray(canvas.rgb[..., k]).astype(np.float32) / np.float32(255) for k in range(3))
    found = {}
    for name, channel in (("red", red), ("green", green), ("blue", blue), ("saturation", canvas.saturation)):
        found[f"{name}_mean"], found[f"{name}_std"], _, _ = moments(channel)
    found["value_mean"], found["value_std"], found["value_skew"], _ = moments(canvas.value)
    lab = lab_mean(canvas)
    red_green, yellow_blue = moments(red - green), moments(np.float32(0.5) * (red + green) - blue)
    return found | {
        "saturated_share": share((canvas.saturation > 0.5) & (canvas.value > 0.2)),
        "grey_share": share(canvas.saturation < 0.1),
        "colourfulness": float(np.hypot(red_green[1], yellow_blue[1]) + 0.3 * np.hypot(red_green[0], yellow_blue[0])),
        "lab_a_mean": float(lab[1]) / 128,
        "lab_b_mean": float(lab[2]) / 128,
    }


def _hues(canvas: Canvas) -> dict[str, float]:
    # Of the 256 hues of an 8-bit picture, so that trigonometry is done 256 times and not for every pixel.
    hues = (canvas.hue.ravel() * 256).astype(np.uint8)
    weights = np.bincount(hues, weights=canvas.chroma.ravel(), minlength=256)
    total = weights.sum()
    if total <= 0:
        names = ("hue_mean", "hue_concentration", "hue_opposition", "warm_share", "cool_share", "warmth")
        return dict.fromkeys(names, 0.0)
    turns = np.arange(256, dtype=np.float32) / 256
    around = np.exp(2j * np.pi * turns)
    once, twice = (weights @ around) / total, (weights @ around**2) / total
    warm, cool = (weights[_near(turns, centre)].sum() / total for centre in (_WARM, _COOL))
    return {
        "hue_mean": float(np.angle(once) / (2 * np.pi) % 1),
        "hue_concentration": min(1.0, float(abs(once))),
        "hue_opposition": min(1.0, float(abs(twice))),
        "warm_share": float(warm),
        "cool_share": float(cool),
        "warmth": float(warm - cool),
    }


def _near(turns: NDArray[np.floating], centre: float) -> Mask:
    return hue_distance(turns, centre) <= _SPAN


def _palette(canvas: Canvas) -> dict[str, float]:
    bounds = [0, 256, 0, 256, 0, 256]
    counts = cv2.calcHist([canvas.rgb], [0, 1, 2], None, [_BINS] * 3, bounds).ravel().astype(np.int64)
    ordered = np.sort(counts)[::-1].cumsum() / counts.sum()
    return {
        "palette_entropy": entropy(counts),
        "palette_size": float(np.log2(np.searchsorted(ordered, _HELD) + 1)),
        "dominant_share": float(counts.max() / counts.sum()),
    }
