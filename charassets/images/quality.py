"""Raw measurements of a picture: how sharp, bright, varied, and how much of it is there.

What belongs here: numbers. Not here: what is good enough, which is a gate over the stored numbers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.decode import Decoded

SHARPNESS_SIDE = 512
"""Short side in pixels at which sharpness is measured; the variance of a Laplacian means nothing without a scale."""

_ALPHA_SIDE = 256  # long side in pixels for counting opaque regions: enough to see a gap between two figures
LARGE_REGION = 0.10
"""Share of the largest opaque region's area; smaller ones are sparks, a sword, a shadow."""

OPAQUE = 128
"""Alpha from which a pixel counts as part of the figure: half covered."""


@dataclass(frozen=True)
class Quality:
    """Measurements of one picture; where it has transparency, of its opaque part alone.

    Attributes:
        sharpness: variance of the Laplacian of grey (0-255) with the short side scaled to ``SHARPNESS_SIDE`` (the
            measure of Pech-Pacheco et al., ICPR 2000). A smaller picture is enlarged and counts as softer, as it is to
            a model that enlarges it.
        brightness: mean grey, 0-1.
        contrast: 95th less 5th percentile of grey, 0-1.
        information: entropy of the 256-bin grey histogram in bits, 0-8.
        alpha_coverage: share of opaque pixels; None without an alpha channel.
        alpha_components: connected opaque regions of at least a tenth of the largest one's area; None without alpha.
    """

    sharpness: float
    brightness: float
    contrast: float
    information: float
    alpha_coverage: float | None
    alpha_components: int | None


def measure(picture: Decoded) -> Quality:
    """Measure a decoded picture."""
    grey = np.asarray(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    opaque = None if picture.alpha is None else (picture.alpha >= OPAQUE).astype(np.uint8)
    if opaque is not None and not opaque.any():
        return Quality(0.0, 1.0, 0.0, 0.0, 0.0, 0)
    counts = cv2.calcHist([grey], [0], opaque, [256], [0, 256]).ravel()
    shares = counts / counts.sum()
    cumulative = np.cumsum(shares)
    low, high = np.searchsorted(cumulative, [0.05, 0.95])
    present = shares[shares > 0]
    return Quality(
        sharpness=_sharpness(grey, opaque),
        brightness=float(shares @ np.arange(256)) / 255,
        contrast=float(high - low) / 255,
        information=float(-(present * np.log2(present)).sum()) + 0.0,  # -0.0 for a flat picture reads badly
        alpha_coverage=None if opaque is None else float(opaque.mean()),
        alpha_components=None if opaque is None else opaque_regions(opaque),
    )


def opaque_regions(opaque: NDArray[np.uint8]) -> int:
    """Large connected regions of a (H, W) 0/1 mask."""
    height, width = opaque.shape
    scale = min(1.0, _ALPHA_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(opaque * np.uint8(255), size, interpolation=cv2.INTER_AREA) >= OPAQUE
    _, _, statistics, _ = cv2.connectedComponentsWithStats(small.astype(np.uint8), connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    return int((areas >= LARGE_REGION * areas.max(initial=0)).sum())


def _sharpness(grey: NDArray[np.uint8], opaque: NDArray[np.uint8] | None) -> float:
    scale = SHARPNESS_SIDE / min(grey.shape)
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    edges = cv2.Laplacian(cv2.resize(grey, size, interpolation=method), cv2.CV_32F)
    if opaque is None:
        return float(edges.var())
    # The outline against the white page would be the sharpest edge of any cut-out: stay a few pixels inside.
    inside = cv2.erode(cv2.resize(opaque, size, interpolation=cv2.INTER_NEAREST), np.ones((7, 7), np.uint8))
    return float(edges[inside > 0].var()) if inside.any() else 0.0
