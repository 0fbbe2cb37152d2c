"""Higher-level features: shadow, light, aura, marks on skin. Formulas stand in the catalogue."""

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.design.canvas import Canvas, Mask, lab_mean, mean, share
from charassets.design.colour import hue_distance

_SHADOW, _BLACK, _HIGHLIGHT = 0.25, 0.08, 0.92
_GRID = 8
_RING = 0.04  # of the diagonal
_RED_SPAN = 1 / 24
_MARK_SIDE, _MARK = 7, 0.12
_SKIN_LOW, _SKIN_HIGH = (0, 133, 77), (255, 173, 127)  # YCrCb, Chai and Ngan (1999)


def mood_features(canvas: Canvas) -> dict[str, float]:
    """The features of group ``mood`` by name."""
    figure, value = canvas.figure, canvas.value
    shadow = value < _SHADOW
    inside = canvas.grey[figure]
    low, high = _spread(inside)
    red = (hue_distance(canvas.hue, 0.0) <= _RED_SPAN) & (canvas.saturation > 0.5) & (value >= _SHADOW)
    return {
        "shadow_density": share(shadow),
        "shadow_concentration": _gini(_cells(shadow)),
        "black_share": share(value < _BLACK),
        "highlight_share": share(inside > _HIGHLIGHT),
        "chiaroscuro": float(high - low),
        **_aura(canvas),
        "figure_contrast": _contrast(canvas),
        "red_black": share((shadow | red)[figure]),
        "thin_marks": _marks(canvas),
    }


def _spread(grey: NDArray[np.float32]) -> tuple[float, float]:
    """5th and 95th percentile of grey, from its 256 levels."""
    counts = np.bincount((grey * 255 + 0.5).astype(np.uint8), minlength=256).cumsum()
    low, high = np.searchsorted(counts, [0.05 * counts[-1], 0.95 * counts[-1]])
    return float(low) / 255, float(high) / 255


def _cells(mask: Mask) -> NDArray[np.float64]:
    """Set pixels in each cell of the grid, by share of the cell."""
    size = (_GRID, _GRID)
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float64).ravel()


def _gini(amounts: NDArray[np.float64]) -> float:
    """Gini coefficient of non-negative amounts: 0 where all are equal, near 1 where one holds all."""
    ordered = np.sort(amounts)
    total, n = ordered.sum(), len(ordered)
    if total <= 0:
        return 0.0
    return float(max(0.0, 2 * (np.arange(1, n + 1) @ ordered) / (n * total) - (n + 1) / n))


def _aura(canvas: Canvas) -> dict[str, float]:
    """A ring around the figure against the ground beyond; 0 where there is no ground to compare."""
    away = cv2.distanceTransform((~canvas.figure).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    beyond = away > _RING * float(np.hypot(*canvas.figure.shape))
    ring = ~canvas.figure & ~beyond
    if not ring.any() or not beyond.any():
        return {"aura_brightness": 0.0, "aura_saturation": 0.0}
    return {
        "aura_brightness": mean(canvas.value, ring) - mean(canvas.value, beyond),
        "aura_saturation": mean(canvas.saturation, ring) - mean(canvas.saturation, beyond),
    }


def _contrast(canvas: Canvas) -> float:
    ground = ~canvas.figure
    if not ground.any():
        return 0.0
    return float(np.linalg.norm(lab_mean(canvas, canvas.figure) - lab_mean(canvas, ground))) / 100


def _marks(canvas: Canvas) -> float:
    """Thin dark lines on skin; the skin box is closed first, since a mark is not skin-coloured itself."""
    skin = cv2.inRange(cv2.cvtColor(canvas.rgb, cv2.COLOR_RGB2YCrCb), _SKIN_LOW, _SKIN_HIGH)
    kernel = np.ones((_MARK_SIDE, _MARK_SIDE), np.uint8)
    closed = cv2.morphologyEx(skin, cv2.MORPH_CLOSE, kernel) > 0
    if not closed.any():
        return 0.0
    dark = cv2.morphologyEx(canvas.grey, cv2.MORPH_BLACKHAT, kernel)
    return share(dark[closed] > _MARK)
