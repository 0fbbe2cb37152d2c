"""Shape and geometry features: where it is light, how symmetric it is, what outline the figure has. Formulas: the catalogue."""

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.design.canvas import Canvas, Floats, Mask, share

_STAIRS = 1.5  # px
_SIMPLIFIED = 0.01  # of the outline's length
_SHARP = np.deg2rad(60)
_CORNERS = 1000


def shape_features(canvas: Canvas) -> dict[str, float]:
    """The features of group ``shape`` by name."""
    return {
        "aspect": float(np.log2(canvas.aspect)),
        "figure_share": share(canvas.figure),
        **_light(canvas.grey),
        "mirror_symmetry": _correlation(canvas.grey, canvas.grey[:, ::-1]),
        "flip_symmetry": _correlation(canvas.grey, canvas.grey[::-1]),
        **_spread(canvas.figure),
        **_outline(canvas.figure),
        "corner_density": _corners(canvas.grey),
    }


def _light(grey: Floats) -> dict[str, float]:
    height, width = grey.shape
    rows = height // 3
    centre = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    rest = (float(grey.sum(dtype=np.float64)) - float(centre.sum(dtype=np.float64))) / max(1, grey.size - centre.size)
    return {
        "centre_brightness": float(centre.mean()) - rest,
        "top_brightness": float(grey[:rows].mean()),
        "middle_brightness": float(grey[rows : height - rows].mean()),
        "bottom_brightness": float(grey[height - rows :].mean()),
        "side_brightness": float(grey[:, : width // 2].mean() - grey[:, width - width // 2 :].mean()),
    }


def _correlation(one: Floats, other: Floats) -> float:
    """Pearson's correlation; 1 for a picture of one grey, which is symmetric in every way."""
    a, b = one - one.mean(), other - other.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip((a * b).sum() / norm, -1, 1)) if norm > 1e-4 else 1.0


def _spread(figure: Mask) -> dict[str, float]:
    moments = cv2.moments(figure.astype(np.uint8), binaryImage=True)
    area, (height, width) = max(1.0, moments["m00"]), figure.shape
    covariance = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]) / area
    small, large = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0))
    return {
        "elongation": float(1 - small / large) if large > 0 else 0.0,
        "centroid_x": float((moments["m10"] / area + 0.5) / width),
        "centroid_y": float((moments["m01"] / area + 0.5) / height),
    }


def _outline(figure: Mask) -> dict[str, float]:
    """Measures of the largest part's outline."""
    outlines, _ = cv2.findContours(figure.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # A chain of pixels is longer than the line it stands for: straightened by a pixel and a half before it is measured.
    outline = cv2.approxPolyDP(max(outlines, key=cv2.contourArea), _STAIRS, closed=True)
    length, area = cv2.arcLength(outline, closed=True), cv2.contourArea(outline)
    hull = cv2.contourArea(cv2.convexHull(outline))
    _, _, wide, high = cv2.boundingRect(outline)
    turns = _turns(cv2.approxPolyDP(outline, _SIMPLIFIED * length, closed=True)[:, 0].astype(np.float64))
    sharp = int((turns > np.pi - _SHARP).sum())
    return {
        "roundness": min(1.0, 4 * np.pi * area / length**2) if length else 0.0,
        "solidity": min(1.0, area / hull) if hull else 0.0,
        "extent": min(1.0, area / (wide * high)),
        "angularity": float(np.abs(turns).mean() / np.pi) if len(turns) else 0.0,
        "spikes": sharp * float(np.hypot(*figure.shape)) / length if length else 0.0,
    }


def _turns(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed turn in radians at each corner of a closed polygon, above 0 where it is convex."""
    if len(corners) < 3:
        return np.zeros(0)
    into, out = corners - np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0) - corners
    turned = np.arctan2(into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0], (into * out).sum(axis=1))
    return turned * (1 if turned.sum() >= 0 else -1)


def _corners(grey: Floats) -> float:
    found = cv2.goodFeaturesToTrack(grey, _CORNERS, qualityLevel=0.05, minDistance=5)
    return 1000 * (0 if found is None else len(found)) / grey.size
