"""A picture prepared once for all features: scaled, in the colour spaces they need, its figure told from the ground.

What belongs here: what several groups of features share. Not here: any feature.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Long side in pixels at which every feature is measured; gradients and marks mean nothing without a scale."""

_BORDER = 0.03  # of the sides: the strip whose colours are taken for the ground
_GROUND_COLOURS = 4  # clusters of the strip: a plain page needs one, a sky above a floor two or three
_GROUND_DISTANCE = 14.0  # CIE76: about six just noticeable differences, above shading and JPEG noise of a plain page
_SMALL_PART = 0.02  # of the figure's largest part; smaller ones are specks

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Canvas:
    """A scaled picture.

    Attributes:
        rgb: (h, w, 3) uint8.
        grey: (h, w) float32, 0-1.
        hue: (h, w) float32 in turns, 0-1.
        saturation: (h, w) float32, 0-1.
        value: (h, w) float32, 0-1.
        lab: (h, w, 3) uint8: L* * 255 / 100, a* + 128, b* + 128, as OpenCV packs them; see ``lab_mean``.
        figure: (h, w) bool: not the ground's colour; all True where everything is.
        aspect: width over height before scaling.
    """

    rgb: NDArray[np.uint8]
    grey: Floats
    hue: Floats
    saturation: Floats
    value: Floats
    lab: NDArray[np.uint8]
    figure: Mask
    aspect: float

    @property
    def chroma(self) -> Floats:
        """(h, w) float32: S times V, by which hues are weighed."""
        return self.saturation * self.value


def prepare(pixels: NDArray[np.uint8]) -> Canvas:
    """Prepare a picture.

    Args:
        pixels: (H, W, 3) uint8 RGB of any size.
    """
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    rgb = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rgb = np.ascontiguousarray(rgb, np.uint8)
    hsv = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV_FULL))
    lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.uint8)
    return Canvas(
        rgb=rgb,
        grey=_unit(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))),
        hue=hsv[..., 0].astype(np.float32) / np.float32(256),
        saturation=_unit(hsv[..., 1]),
        value=_unit(hsv[..., 2]),
        lab=lab,
        figure=_figure(lab),
        aspect=width / height,
    )


def lab_mean(canvas: Canvas, where: Mask | None = None) -> NDArray[np.float64]:
    """Mean L* (0-100), a*, b* within a mask."""
    packed = cv2.mean(canvas.lab, None if where is None else where.astype(np.uint8))[:3]
    return np.array(packed) * [100 / 255, 1, 1] - [0, 128, 128]


def share(mask: Mask) -> float:
    """Share of a mask that is set."""
    return float(np.count_nonzero(mask)) / max(1, mask.size)


def mean(values: Floats, where: Mask) -> float:
    """Mean within a mask; 0 where it is empty."""
    picked = values[where]
    return float(picked.mean()) if picked.size else 0.0


def moments(values: NDArray[np.floating]) -> tuple[float, float, float, float]:
    """Mean, standard deviation, skewness and excess kurtosis; the last two are 0 where nothing varies."""
    centred = values.ravel() - values.mean()
    squared = centred * centred
    variance = float(squared.mean())
    if variance < 1e-8:
        return float(values.mean()), 0.0, 0.0, 0.0
    # Means and no dot products: how those add up depends on the number of threads.
    skew, fourth = float((squared * centred).mean()), float((squared * squared).mean())
    return float(values.mean()), variance**0.5, skew / variance**1.5, fourth / variance**2 - 3


def entropy(counts: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """Shannon entropy in bits of non-negative counts; 0 where all are 0."""
    total = float(counts.sum())
    if total <= 0:
        return 0.0
    present = counts[counts > 0] / total
    return float(-(present * np.log2(present)).sum()) + 0.0


def _unit(channel: NDArray[np.generic]) -> Floats:
    return np.asarray(channel, np.float32) / np.float32(255)


def _figure(packed: NDArray[np.uint8]) -> Mask:
    """What differs from the colours of the border strip, small specks left out, holes filled; found at half the size."""
    height, width = packed.shape[:2]
    size = max(4, width // 2), max(4, height // 2)
    lab = cv2.resize(packed, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    lab[..., 0] *= np.float32(100 / 255)
    strip = max(2, round(_BORDER * min(size)))
    border = np.concatenate(
        [lab[:strip].reshape(-1, 3), lab[:, :strip].reshape(-1, 3), lab[:, -strip:].reshape(-1, 3)]
    )  # not the lower side: that is where a bust leaves the picture
    away = np.ones(lab.shape[:2], bool)
    for colour in _colours(border):
        apart = lab - colour
        away &= np.einsum("ijk,ijk->ij", apart, apart) > _GROUND_DISTANCE**2
    outlines, _ = cv2.findContours(away.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(outline) for outline in outlines]
    large = [o for o, area in zip(outlines, areas, strict=True) if area > 0 and area >= _SMALL_PART * max(areas)]
    if not large:
        return np.ones((height, width), bool)
    figure = cv2.drawContours(np.zeros(lab.shape[:2], np.uint8), large, -1, 1, cv2.FILLED)
    figure = cv2.morphologyEx(figure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    whole = cv2.resize(figure, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    return whole if whole.any() else np.ones((height, width), bool)


def _colours(border: NDArray[np.float32]) -> list[Floats]:
    """Mean colours of the border's most frequent cells of 16 units: at most four, each with a tenth of the strip."""
    cells = np.round(border / 16).astype(np.int64)
    _, place, counts = np.unique(cells @ np.array([1, 1_000, 1_000_000]), return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:_GROUND_COLOURS]
    chosen = [cell for cell in frequent if counts[cell] >= 0.1 * len(border)] or [frequent[0]]
    return [border[place == cell].mean(axis=0) for cell in chosen]
