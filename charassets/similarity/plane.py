"""Vectors laid out in the plane, for people to look at.

What belongs here: principal axes. Not here: drawing (``charassets.images.scatter_plot``), choosing whom to show.
"""

import numpy as np
from numpy.typing import NDArray


def principal_axes(vectors: NDArray[np.float16]) -> tuple[NDArray[np.float32], float]:
    """Places along the two directions in which the vectors differ most, and the share of their differences these show.

    Args:
        vectors: shape (n, d).

    Returns:
        float32, shape (n, 2), and a share between 0 and 1. The sign of an axis is that of its largest component, so that
        the same vectors always lie in the same places.
    """
    centred = vectors.astype(np.float32)
    if len(centred) < 2:
        return np.zeros((len(centred), 2), np.float32), 1.0
    centred -= centred.mean(axis=0)
    spread, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    places = np.zeros((len(centred), 2), np.float32)
    places[:, : axes.shape[1]] = centred @ axes
    total = float(spread.sum())
    return places, float(spread[::-1][:2].sum()) / total if total > 0 else 1.0
