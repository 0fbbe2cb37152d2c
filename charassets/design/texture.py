"""Texture and edge features. Formulas stand in the catalogue."""

import cv2
import numpy as np

from charassets.design.canvas import Canvas, Floats, entropy, mean, moments, share

EDGE, STRONG_EDGE, FLAT = 0.1, 0.3, 0.01
"""Gradient magnitudes from which a pixel is an edge, a strong edge, and below which it is flat."""

_DIRECTIONS = 8  # bins of 22.5 degrees over half a turn
_FINE = 64  # bins over half a turn in which gradients are counted first
_BLOCK = 8


def texture_features(canvas: Canvas) -> dict[str, float]:
    """The features of group ``texture`` by name."""
    dx, dy = (np.asarray(cv2.Sobel(canvas.grey, cv2.CV_32F, *axis, ksize=3), np.float32) for axis in ((1, 0), (0, 1)))
    # Not cv2.magnitude: its last bit depends on where in memory the arrays happen to lie. A step from 0 to 1 answers 4.
    g = np.asarray(np.sqrt(dx * dx + dy * dy) / 4, np.float32)
    laplacian = np.asarray(cv2.Laplacian(canvas.grey, cv2.CV_32F), np.float32)
    average, spread, _, kurtosis = moments(g)
    strong = g > STRONG_EDGE
    return {
        "gradient_mean": average,
        "gradient_std": spread,
        "gradient_kurtosis": kurtosis,
        "edge_density": share(g > EDGE),
        "strong_edge_density": share(strong),
        "flat_share": share(g < FLAT),
        **_directions(dx, dy, g),
        "grey_entropy": entropy(np.bincount((canvas.grey * 255 + 0.5).astype(np.uint8).ravel(), minlength=256)),
        "laplacian_spread": float(np.log1p((moments(laplacian)[1] * 255) ** 2)),
        "laplacian_mean": float(np.abs(laplacian).mean()),
        "local_contrast": _local_contrast(canvas.grey),
        "line_darkness": mean(1 - canvas.grey, strong),
    }


def _directions(dx: Floats, dy: Floats, g: Floats) -> dict[str, float]:
    """Where edges run: an edge is at right angles to its gradient, so a gradient along y is a horizontal edge.

    Directions are counted in bins of half the width that is asked for, which makes all four answers sums of bins.
    """
    degrees = cv2.phase(dx, dy, angleInDegrees=True)  # 0-360, of the gradient
    fine = (degrees * np.float32(_FINE / 180)).astype(np.uint8) % np.uint8(_FINE)
    weights = np.bincount(fine.ravel(), weights=g.ravel(), minlength=_FINE)
    weights = np.roll(weights, _FINE // 2)  # of the edge
    total = weights.sum()
    if total <= 0:
        return dict.fromkeys(("orientation_entropy", "horizontal_edges", "vertical_edges", "diagonal_edges"), 0.0)
    quarter = _FINE // 8  # 22.5 degrees
    around = np.roll(weights, quarter)  # from -22.5 degrees on
    horizontal = float(around[: 2 * quarter].sum() / total)
    vertical = float(around[_FINE // 2 : _FINE // 2 + 2 * quarter].sum() / total)
    centred = np.roll(weights, quarter // 2).reshape(_DIRECTIONS, quarter).sum(axis=1)
    return {
        "orientation_entropy": entropy(centred),
        "horizontal_edges": horizontal,
        "vertical_edges": vertical,
        "diagonal_edges": max(0.0, 1 - horizontal - vertical),
    }


def _local_contrast(grey: Floats) -> float:
    """Mean standard deviation of whole blocks; what is left at the right and lower side is not counted."""
    rows, columns = grey.shape[0] // _BLOCK, grey.shape[1] // _BLOCK
    whole = grey[: rows * _BLOCK, : columns * _BLOCK]
    size = (columns, rows)
    means, squares = (cv2.resize(of, size, interpolation=cv2.INTER_AREA) for of in (whole, whole * whole))
    return float(np.sqrt(np.maximum(squares - means * means, 0)).mean())
