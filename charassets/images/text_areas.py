"""Where something is written in a picture: lines of small, dense, high-contrast strokes.

What belongs here: finding lines, how much of a picture they fill, their pixels. Not here: reading them (``charassets.models.ocr``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.crops import webp

_SIDE = 512  # pixels of the longer side at which lines are looked for
_GLYPH_HIGH = (5, 60)  # pixels: what is lower is noise, what is higher a drawing
_WIDE, _HIGH = 0.7, 2.2  # of a line's width to its height at least; of a glyph's height to its line's at most
_STROKE = 9  # pixels of the black-hat: thicker than a stroke of text, thinner than most of what is drawn
_CONTRAST = 45  # grey levels of a stroke against its ground
_FILL = (0.12, 0.75)  # share of a line's box that is stroke: a blot has more, a hatched field less
_FEWEST_GLYPHS = 4
_PAD = 0.2  # of a line's height around it, so that no stroke is cut
_STRIP_HIGH, _STRIP_LONG = 96, 1024  # pixels of a stored strip at most: readers of lines take fewer
_STRIP_QUALITY = 80


@dataclass(frozen=True)
class TextLine:
    """A line of writing: its box in fractions of the picture, the glyphs counted in it, its pixels as WebP if they are kept."""

    x0: float
    y0: float
    x1: float
    y1: float
    glyphs: int
    strip: bytes | None = None

    @property
    def area(self) -> float:
        """Share of the picture."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)


def text_lines(pixels: NDArray[np.uint8]) -> list[TextLine]:
    """Lines of writing in a (H, W, 3) sRGB picture, the largest first.

    Thin strokes, dark on light or light on dark, are joined sideways by a closing, as document analysis has long done; a joint that
    is flat, evenly filled and made of several glyphs of like height is a line.
    """
    scale = min(1.0, _SIDE / max(pixels.shape[:2]))
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    grey = np.asarray(
        cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY), np.uint8
    )
    found = [line for sign in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT) for line in _lines(grey, sign)]
    return sorted(found, key=lambda line: -line.area)


def with_strips(pixels: NDArray[np.uint8], lines: Sequence[TextLine], most: int) -> list[TextLine]:
    """The lines of a (H, W, 3) picture, the first ``most`` of them with their pixels."""
    return [replace(line, strip=_strip(pixels, line)) if k < most else line for k, line in enumerate(lines)]


def _strip(pixels: NDArray[np.uint8], line: TextLine) -> bytes:
    height, width = pixels.shape[:2]
    pad = _PAD * (line.y1 - line.y0)
    rows = slice(max(0, int((line.y0 - pad) * height)), min(height, int(np.ceil((line.y1 + pad) * height))))
    columns = slice(max(0, int((line.x0 - pad) * width)), min(width, int(np.ceil((line.x1 + pad) * width))))
    cut = np.ascontiguousarray(pixels[rows, columns])
    scale = min(1.0, _STRIP_HIGH / cut.shape[0], _STRIP_LONG / cut.shape[1])
    if scale < 1.0:
        size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
        cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
    return webp(cut, _STRIP_QUALITY)


def _lines(grey: NDArray[np.uint8], kind: int) -> list[TextLine]:
    box = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))
    strokes = (np.asarray(cv2.morphologyEx(grey, kind, box)) > _CONTRAST).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    glyphs = np.asarray(labels, np.int64)
    high = boxes[:, cv2.CC_STAT_HEIGHT]
    fits = (high >= _GLYPH_HIGH[0]) & (high <= _GLYPH_HIGH[1]) & (boxes[:, cv2.CC_STAT_WIDTH] < 4 * high)
    fits[0] = False
    kept = fits[glyphs].astype(np.uint8)
    joined = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (13, 3)))
    number, parts, places, _ = cv2.connectedComponentsWithStats(np.asarray(joined, np.uint8), connectivity=8)
    parts = np.asarray(parts, np.int64)
    lines = []
    for k in range(1, number):
        x, y, wide, tall, _ = places[k]
        inside = np.unique(glyphs[(parts == k) & (kept > 0)])
        if len(inside) < _FEWEST_GLYPHS or wide < _WIDE * len(inside) * 0.4 * tall or wide < 2 * tall:
            continue
        heights = high[inside]
        filled = float(kept[y : y + tall, x : x + wide].mean())
        if _FILL[0] < filled < _FILL[1] and tall <= _HIGH * float(np.median(heights)):
            height, width = grey.shape
            lines.append(TextLine(x / width, y / height, (x + wide) / width, (y + tall) / height, len(inside)))
    return lines
