"""Outlines as point arrays in local units: curves, ovals, limbs, ribbons, stars.

What belongs here: pure geometry from numbers to ``(N, 2)`` float arrays. Not here: colours, pixels, what a shape means.
"""

from collections.abc import Sequence

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
    p = np.asarray(points, float)
    count = len(p)
    if closed:
        before, start, end, after = (np.roll(p, k, axis=0) for k in (1, 0, -1, -2))
    else:
        padded = np.vstack([p[:1], p, p[-1:]])
        before, start, end, after = (padded[k : count - 1 + k] for k in range(4))
    t = (np.arange(samples) / samples)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, start, end, after))
    spline = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = spline.reshape(-1, 2)
    return flat if closed else np.vstack([flat, p[-1]])


def oval(x: float, y: float, rx: float, ry: float | None = None, *, angle: float = 0.0) -> Points:
    """Ellipse of 20 points centred at (x, y), turned by ``angle`` radians."""
    points = _CIRCLE * (rx, rx if ry is None else ry)
    if angle:
        c, s = np.cos(angle), np.sin(angle)
        points = points @ np.array([(c, s), (-s, c)])
    return points + (x, y)


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, count: int = 12) -> Points:
    """Part of an ellipse from ``start`` to ``stop`` radians; y grows downwards, so pi to 2*pi is the upper half."""
    t = np.linspace(start, stop, count)
    return np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], axis=1)


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
    line = np.asarray(spine, float)
    line = curve(line, closed=False, samples=samples) if len(line) > 2 else np.linspace(line[0], line[1], samples + 1)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None]
    return np.vstack([line + normal * half, (line - normal * half)[::-1]])


def star(x: float, y: float, outer: float, inner: float, spikes: int = 5, angle: float = -np.pi / 2) -> Points:
    """Star with ``spikes`` points, the first towards ``angle``."""
    t = angle + np.arange(2 * spikes) * np.pi / spikes
    radius = np.where(np.arange(2 * spikes) % 2 == 0, outer, inner)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)


def wobble(points: Points, rng: np.random.Generator, amount: float) -> Points:
    """The same outline drawn by a less steady hand."""
    return points + rng.normal(0, amount, points.shape)
