"""Reliability diagrams as one small picture: confidence against the share that is right, a panel an attribute.

What belongs here: drawing. Not here: measuring (``charassets.attributes.calibration``).
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

_SIDE, _MARGIN, _TITLE = 150, 12, 18
_COLUMNS = 5
_INK, _FAINT, _LINE = (60, 60, 60), (200, 200, 200), (180, 90, 20)  # BGR


def reliability_plot(panels: Mapping[str, Sequence[tuple[float, float, int]]]) -> bytes:
    """Lossless WebP with a panel for each name.

    Args:
        panels: name to bins: mean confidence and share right, both 0-1, and the number of answers. On the diagonal a
            confidence is a probability; larger dots are more answers.
    """
    rows = max(1, -(-len(panels) // _COLUMNS))
    page = np.full((rows * (_SIDE + _TITLE), _COLUMNS * _SIDE, 3), 255, np.uint8)
    for number, (name, bins) in enumerate(panels.items()):
        top, left = number // _COLUMNS * (_SIDE + _TITLE), number % _COLUMNS * _SIDE
        _panel(page[top : top + _SIDE + _TITLE, left : left + _SIDE], name, bins)
    done, data = cv2.imencode(".webp", page, [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert done  # noqa: S101 - encoding a valid array cannot fail
    return data.tobytes()


def _panel(page: np.ndarray, name: str, bins: Sequence[tuple[float, float, int]]) -> None:
    cv2.putText(page, name, (_MARGIN, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _INK, 1, cv2.LINE_AA)
    cv2.rectangle(page, _at(0, 1), _at(1, 0), _FAINT, 1)
    cv2.line(page, _at(0, 0), _at(1, 1), _FAINT, 1, cv2.LINE_AA)
    points = [_at(confidence, right) for confidence, right, _ in bins]
    for start, stop in zip(points, points[1:], strict=False):
        cv2.line(page, start, stop, _LINE, 1, cv2.LINE_AA)
    most = max((n for *_, n in bins), default=1)
    for point, (*_, n) in zip(points, bins, strict=True):
        cv2.circle(page, point, 2 + round(3 * (n / most) ** 0.5), _LINE, -1, cv2.LINE_AA)


def _at(x: float, y: float) -> tuple[int, int]:
    span = _SIDE - 2 * _MARGIN
    return round(_MARGIN + x * span), round(_TITLE + _MARGIN + (1 - y) * span)
