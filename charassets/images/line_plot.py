"""A line plot as a small picture, for Dagster and for reports on disk: ROC curves, losses.

What belongs here: axes, lines, a legend. Not here: what is plotted.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT = 420, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 26, 40
_INK, _FAINT = (40, 40, 40), (200, 200, 200)
_LINES = (
    (168, 98, 37), (49, 84, 205), (86, 148, 52), (166, 72, 140), (32, 140, 214), (120, 120, 40), (90, 60, 60), (20, 160, 160),
)  # fmt: skip

Points = Sequence[tuple[float, float]]


def line_plot(lines: Mapping[str, Points], title: str, x_name: str, y_name: str, *, square: bool = False) -> bytes:
    """A lossless WebP with a line for each name.

    Args:
        lines: name to points; at most the first eight are drawn.
        title: above.
        x_name: below the axis.
        y_name: above the axis.
        square: both axes run from 0 to 1, and the diagonal is drawn.
    """
    page = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    shown = dict(list(lines.items())[: len(_LINES)])
    bounds = (0.0, 1.0, 0.0, 1.0) if square else _bounds(shown)
    _axes(page, bounds, title, x_name, y_name)
    if square:
        cv2.line(page, _at(0, 0, bounds), _at(1, 1, bounds), _FAINT, 1, cv2.LINE_AA)
    for number, (name, points) in enumerate(shown.items()):
        colour = _LINES[number]
        places = np.array([_at(x, y, bounds) for x, y in points], np.int32)
        cv2.polylines(page, [places], False, colour, 1, cv2.LINE_AA)
        at = (_WIDTH - _RIGHT - 130, (_HEIGHT - _BOTTOM - 10 - 14 * number) if square else (_TOP + 16 + 14 * number))
        _write(page, name, at, 0.36, colour)
    return _encoded(page)


def table_plot(counts: np.ndarray, names: Sequence[str], title: str) -> bytes:
    """A confusion matrix as a picture: truth by row, answer by column, darker where a row's share is larger."""
    k = len(names)
    cell = max(22, min(64, 460 // k))
    left, top = 120, 70
    page = np.full((top + k * cell + 10, left + k * cell + 10, 3), 255, np.uint8)
    _write(page, title, (8, 16), 0.42)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for row in range(k):
        _write(page, names[row][:16], (6, top + row * cell + cell // 2 + 4), 0.36)
        _write(page, names[row][:7], (left + row * cell + 2, top - 8), 0.32)
        for column in range(k):
            shade = round(255 - 150 * float(shares[row, column]))
            corner = (left + column * cell, top + row * cell)
            cv2.rectangle(page, corner, (corner[0] + cell - 2, corner[1] + cell - 2), (255, shade, shade), -1)
            at = (corner[0] + 3, corner[1] + cell // 2 + 4)
            _write(page, str(int(counts[row, column])), at, 0.36)
    return _encoded(page)


def _bounds(lines: Mapping[str, Points]) -> tuple[float, float, float, float]:
    points = np.array([point for of in lines.values() for point in of] or [(0.0, 0.0)], np.float64)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(max(x1, x0 + 1e-6)), float(min(0.0, y0)), float(max(y1, y0 + 1e-6))


def _axes(page: np.ndarray, bounds: tuple[float, float, float, float], title: str, x_name: str, y_name: str) -> None:
    x0, x1, y0, y1 = bounds
    _write(page, title, (_LEFT, 16), 0.42)
    cv2.rectangle(page, _at(x0, y1, bounds), _at(x1, y0, bounds), _FAINT, 1)
    for share in (0.0, 0.5, 1.0):
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        left, low = _at(x, y0, bounds)
        _write(page, f"{x:.3g}", (left - 8, low + 14), 0.32)
        left, low = _at(x0, y, bounds)
        _write(page, f"{y:.3g}", (left - 42, low + 4), 0.32)
    _write(page, x_name, (_LEFT + 90, _HEIGHT - 8), 0.36)
    _write(page, y_name, (6, _TOP - 4), 0.32)


def _at(x: float, y: float, bounds: tuple[float, float, float, float]) -> tuple[int, int]:
    x0, x1, y0, y1 = bounds
    across, up = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    return round(_LEFT + (x - x0) / (x1 - x0) * across), round(_TOP + (1 - (y - y0) / (y1 - y0)) * up)


def _write(
    page: np.ndarray, words: str, at: tuple[int, int], scale: float, colour: tuple[int, int, int] = _INK
) -> None:
    """Words on the page, their base line at ``at``; Pillow's font draws names of the Latin alphabets, OpenCV's only ASCII."""
    picture = Image.fromarray(page)
    font = ImageFont.load_default(size=round(30 * scale))
    ImageDraw.Draw(picture).text(at, words, colour, font, anchor="ls")
    page[:] = np.asarray(picture)


def _encoded(page: np.ndarray) -> bytes:
    done, data = cv2.imencode(".webp", page, [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert done  # noqa: S101 - encoding a valid array cannot fail
    return data.tobytes()
