"""Outlines as point arrays in local units: curves, ovals, limbs, ribbons, stars.

What belongs here: pure geometry from numbers to ``(N, 2)`` float arrays. Not here: colours, pixels, what a shape means.
A smoothed line is a linear map of its control points, so the maps are kept and a curve costs one small matrix product.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def curve(points: Sequence[Sequence[float]] | Points, *, closed: bool = True, samples: int = 6) -> Points:
    """Catmull-Rom spline through the given points.

    Args:
        points: ``(K, 2)`` control points, K >= 3.
        closed: whether the last point is joined to the first.
        samples: points per segment of the result.

    Returns:
        ``(K * samples, 2)`` points, or ``((K - 1) * samples + 1, 2)`` for an open curve.
    """
    return _spline(len(points), closed, samples) @ np.asarray(points, float)


@cache
def _spline(count: int, closed: bool, samples: int) -> Points:
    """Weights ``(points of the curve, count)`` of the control points in a uniform Catmull-Rom spline."""
    p = np.eye(count)
    if closed:
        before, start, end, after = (np.roll(p, k, axis=0) for k in (1, 0, -1, -2))
    else:
        padded = np.vstack([p[:1], p, p[-1:]])
        before, start, end, after = (padded[k : count - 1 + k] for k in range(4))
    t = (np.arange(samples) / samples)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, start, end, after))
    weights = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = weights.reshape(-1, count)
    return flat if closed else np.vstack([flat, p[-1]])


def oval(x: float, y: float, rx: float, ry: float | None = None, *, angle: float = 0.0) -> Points:
    """Ellipse of 20 points centred at (x, y), turned by ``angle`` radians."""
    points = _CIRCLE * (rx, rx if ry is None else ry)
    if angle:
        c, s = np.cos(angle), np.sin(angle)
        points = points @ np.array([(c, s), (-s, c)])
    return points + (x, y)


@cache
def _steps(count: int) -> NDArray[np.float64]:
    return np.linspace(0, 1, count)


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, count: int = 12) -> Points:
    """Part of an ellipse from ``start`` to ``stop`` radians; y grows downwards, so pi to 2*pi is the upper half."""
    t = start + (stop - start) * _steps(count)
    points = np.empty((count, 2))
    points[:, 0] = x + rx * np.cos(t)
    points[:, 1] = y + ry * np.sin(t)
    return points


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Axis-parallel rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def ribbon(spine: Sequence[Sequence[float]] | Points, widths: Sequence[float], *, samples: int = 5) -> Points:
    """Band along a smoothed spine: limbs, locks of hair, tails, scarves.

    Args:
        spine: ``(K, 2)`` points of the centre line, K >= 2.
        widths: half widths, spread evenly along the spine.
        samples: points per segment of the smoothed spine.

    Returns:
        Closed outline, one side forwards and the other side back.
    """
    smooth, slope, spread = _band(len(spine), len(widths), samples)
    p = np.asarray(spine, float)
    line, along = smooth @ p, slope @ p
    half = (spread @ np.asarray(widths, float)) / (np.hypot(along[:, 0], along[:, 1]) + 1e-9)
    across = along[:, ::-1] * half[:, None]
    across[:, 0] *= -1
    return np.concatenate([line + across, (line - across)[::-1]])


@cache
def _band(count: int, widths: int, samples: int) -> tuple[Points, Points, Points]:
    """Maps from a spine to its smoothed line and that line's direction, and from the widths to a width at every point."""
    t = np.linspace(0, 1, samples + 1)[:, None]
    smooth = _spline(count, False, samples) if count > 2 else np.hstack([1 - t, t])
    at = np.linspace(0, 1, len(smooth))
    spread = np.stack([np.interp(at, np.linspace(0, 1, widths), row) for row in np.eye(widths)], axis=1)
    return smooth, np.gradient(smooth, axis=0), spread


def star(x: float, y: float, outer: float, inner: float, spikes: int = 5, angle: float = -np.pi / 2) -> Points:
    """Star with ``spikes`` points, the first towards ``angle``."""
    t = angle + np.arange(2 * spikes) * np.pi / spikes
    radius = np.where(np.arange(2 * spikes) % 2 == 0, outer, inner)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)
