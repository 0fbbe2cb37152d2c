"""The pen: fills and strokes shapes of local units into an RGBA layer, in one style, and remembers what it covered.

What belongs here: rasterising, shading, the transform stack, extents of parts. Not here: what is drawn.
OpenCV is the rasteriser because it needs no display library and imports on a bare machine. Its antialiased drawing mixes all
four channels alike, which on a layer of premultiplied RGBA is exactly "over": flat shapes need neither mask nor blending.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.palette import Rgb, darker
from charassets.studio.shading import Ramp, brush, light_levels, ramp_of
from charassets.studio.shapes import Points
from charassets.studio.styles import Style

_SUBPIXEL_BITS = 4
_SUBPIXELS = 1 << _SUBPIXEL_BITS
_FAINTEST = 0.25  # opacity of the thinnest line; what is thinner still would vanish
Bounds = tuple[float, float, float, float]
_Window = tuple[int, int, int, int]


class Pen:
    """Draws into one RGBA layer.

    Args:
        width: layer width in pixels.
        height: layer height in pixels.
        style: the drawing hand.
        rng: source of brush strokes.

    Attributes:
        layer: ``(H, W, 4)`` uint8 RGBA, premultiplied by its coverage.
    """

    def __init__(self, width: int, height: int, style: Style, rng: np.random.Generator) -> None:
        self.style = style
        self.rng = rng
        self.layer = np.zeros((height, width, 4), np.uint8)
        self._ramp = ramp_of(style) if style.shading != "flat" else None
        self._extents: dict[str, list[Points]] = {}
        self._place(np.eye(3), 1.0)

    def _place(self, matrix: Points, unit: float) -> None:
        self._matrix, self._unit = matrix, unit
        self._turn, self._shift = matrix[:2, :2].T * _SUBPIXELS, matrix[:2, 2] * _SUBPIXELS

    @contextmanager
    def placed(
        self,
        x: float = 0.0,
        y: float = 0.0,
        *,
        scale: float = 1.0,
        angle: float = 0.0,
        mirror: bool = False,
        stretch: float = 1.0,
    ) -> Iterator[None]:
        """Draw what follows moved to (x, y), turned by ``angle`` radians, scaled, widened, and mirrored left to right."""
        outer, outer_unit = self._matrix, self._unit
        c, s = np.cos(angle) * scale, np.sin(angle) * scale
        flip = -stretch if mirror else stretch
        matrix = outer @ np.array([[c * flip, -s, x], [s * flip, c, y], [0, 0, 1]])
        self._place(matrix, outer_unit * scale * float(np.sqrt(stretch)))
        try:
            yield
        finally:
            self._place(outer, outer_unit)

    @property
    def unit(self) -> float:
        """Pixels a local unit (the geometric mean of both axes where the drawing is stretched)."""
        return self._unit

    def to_pixels(self, points: Points) -> Points:
        """Local units to pixel coordinates, ``(N, 2)``."""
        return (np.asarray(points, float) @ self._turn + self._shift) / _SUBPIXELS

    def mark(self, part: str, points: Points) -> None:
        """Count ``points`` into the extent of a named part without drawing them."""
        self._extents.setdefault(part, []).append(self.to_pixels(points))

    def extent(self, part: str) -> Bounds | None:
        """Bounding box ``(x0, y0, x1, y1)`` in pixels of a part, not clipped; None if the part was never marked."""
        if part not in self._extents:
            return None
        points = np.vstack(self._extents[part])
        return (*points.min(axis=0), *points.max(axis=0))  # pyright: ignore[reportReturnType]

    def fill(
        self, points: Points, color: Rgb | Sequence[float], *, outline: float = 1.0, shade: bool = True, part: str = ""
    ) -> None:
        """Fill a closed outline, shade it as the style does, and outline it.

        Args:
            points: ``(N, 2)`` outline in local units.
            color: RGB, 0..1.
            outline: width as a multiple of the style's; 0 for none.
            shade: False for small or glowing things.
            part: name whose extent the shape counts into.
        """
        if part:
            self.mark(part, points)
        fixed = self._fixed(points)
        window = self._window(fixed)
        if window is None:
            return
        color = np.asarray(color, float)
        if not self.style.colored:
            color = 0.96 + 0.04 * color
        if shade and self._ramp is not None:
            self._lay(fixed, window, self._ramp, color)
        else:
            cv2.fillPoly(self.layer, [fixed], _paint(color), cv2.LINE_AA, _SUBPIXEL_BITS)
        if outline and self.style.outline:
            ink = _INK if self.style.ink or not self.style.colored else _paint(darker(color, 0.42))
            self._stroke(fixed, ink, self.style.outline * outline * self._unit, window, closed=True)

    def line(self, points: Points, color: Rgb | Sequence[float], width: float, *, closed: bool = False) -> None:
        """Stroke an open line ``width`` local units wide, or more or less as the style has it."""
        fixed = self._fixed(points)
        window = self._window(fixed)
        if window is not None:
            paint = _paint(color) if self.style.colored else _PENCIL
            self._stroke(fixed, paint, width * self.style.weight * self._unit, window, closed=closed)

    def tint(self, points: Points, color: Rgb | Sequence[float], opacity: float) -> None:
        """Lay a translucent, soft-edged colour on what is already drawn: blush, stubble, tattoos."""
        fixed = self._fixed(points)
        window = self._window(fixed)
        if window is None:
            return
        under = self._cut(window)
        cover = cv2.blur(self._mask(fixed, window), (3, 3)) * np.float32(opacity / 255)
        cover *= under[..., 3] == 255  # the figure's antialiased rim stays as it is
        tone = np.empty_like(under)
        tone[...] = _paint(color if self.style.colored else (0.55, 0.55, 0.55))
        cv2.blendLinear(under, tone, 1 - cover, cover, dst=under)

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return np.rint(np.asarray(points, float) @ self._turn + self._shift).astype(np.int32)

    def _window(self, fixed: NDArray[np.int32]) -> _Window | None:
        """Pixels the shape may touch; None if it lies outside the layer."""
        x, y, w, h = cv2.boundingRect(fixed)
        height, width = self.layer.shape[:2]
        x0, y0 = max(0, (x >> _SUBPIXEL_BITS) - 2), max(0, (y >> _SUBPIXEL_BITS) - 2)
        x1, y1 = min(width, (x + w >> _SUBPIXEL_BITS) + 4), min(height, (y + h >> _SUBPIXEL_BITS) + 4)
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def _cut(self, window: _Window) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = window
        return self.layer[y0:y1, x0:x1]

    @staticmethod
    def _mask(fixed: NDArray[np.int32], window: _Window) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = window
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        corner = (-x0 * _SUBPIXELS, -y0 * _SUBPIXELS)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SUBPIXEL_BITS, corner)
        return mask

    def _stroke(
        self, fixed: NDArray[np.int32], paint: Sequence[float], width: float, window: _Window, *, closed: bool
    ) -> None:
        if width >= 1:
            cv2.polylines(self.layer, [fixed], closed, paint, round(width), cv2.LINE_AA, _SUBPIXEL_BITS)
            return
        under = self._cut(window)  # thinner than a pixel: fainter instead
        before, opacity = under.copy(), max(_FAINTEST, width)
        cv2.polylines(self.layer, [fixed], closed, paint, 1, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.addWeighted(under, opacity, before, 1 - opacity, 0, dst=under)

    def _lay(self, fixed: NDArray[np.int32], window: _Window, ramp: Ramp, color: Rgb) -> None:
        """Fill with light and shade."""
        mask = self._mask(fixed, window)
        tone = ramp.tones(color, light_levels(mask, ramp.across_light))
        if self.style.strokes and min(mask.shape) > 6:
            brush(tone, self.style.strokes, self.rng)
        under, cover = self._cut(window), mask * np.float32(1 / 255)
        cv2.blendLinear(under, tone, 1 - cover, cover, dst=under)


def lay_over(canvas: NDArray[np.uint8], layer: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    """Lay premultiplied RGBA ``(h, w, 4)`` with coverage ``alpha`` ``(h, w)`` over RGB pixels ``(h, w, 3)``, in place."""
    x, y, width, height = cv2.boundingRect(alpha)
    if not width:
        return
    window = (slice(y, y + height), slice(x, x + width))
    under, bare = canvas[window], cv2.cvtColor(255 - alpha[window], cv2.COLOR_GRAY2RGB)
    cv2.multiply(under, bare, dst=under, scale=1 / 255)
    cv2.add(under, cv2.cvtColor(layer[window], cv2.COLOR_RGBA2RGB), dst=under)


def _paint(color: Rgb | Sequence[float]) -> tuple[float, float, float, float]:
    """Opaque RGBA 0..255 of an RGB 0..1, as OpenCV takes it."""
    red, green, blue = color
    return 255 * float(red), 255 * float(green), 255 * float(blue), 255.0


_INK, _PENCIL = _paint((0.07, 0.07, 0.07)), _paint((0.1, 0.1, 0.1))
