"""The pen: fills and strokes shapes of local units into an RGBA layer, in one style, and remembers what it covered.

What belongs here: rasterising, shading, the transform stack, extents of parts. Not here: what is drawn.
OpenCV is the rasteriser because it needs no display library and imports on a bare machine.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.palette import Rgb, darker
from charassets.studio.shapes import Points
from charassets.studio.styles import Style

_SUBPIXEL_BITS = 4
_LIGHT_FIELD_SIDE = 40  # px; volume shading varies slowly, so it is computed small and enlarged
Bounds = tuple[float, float, float, float]


class Pen:
    """Draws into one RGBA layer.

    Args:
        width: layer width in pixels.
        height: layer height in pixels.
        style: the drawing hand.
        rng: source of brush strokes.

    Attributes:
        pixels: ``(H, W, 3)`` uint8 RGB, meaningful where ``alpha`` is not 0.
        alpha: ``(H, W)`` uint8 coverage.
    """

    def __init__(self, width: int, height: int, style: Style, rng: np.random.Generator) -> None:
        self.style = style
        self.rng = rng
        self.pixels = np.zeros((height, width, 3), np.uint8)
        self.alpha = np.zeros((height, width), np.uint8)
        self._matrix = np.eye(3)
        self._unit = 1.0
        self._extents: dict[str, list[Points]] = {}

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
        self._matrix = outer @ np.array([[c * flip, -s, x], [s * flip, c, y], [0, 0, 1]])
        self._unit = outer_unit * scale * float(np.sqrt(stretch))
        try:
            yield
        finally:
            self._matrix, self._unit = outer, outer_unit

    @property
    def unit(self) -> float:
        """Pixels a local unit (the geometric mean of both axes where the drawing is stretched)."""
        return self._unit

    def to_pixels(self, points: Points) -> Points:
        """Local units to pixel coordinates, ``(N, 2)``."""
        return np.asarray(points, float) @ self._matrix[:2, :2].T + self._matrix[:2, 2]

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
        px = self.to_pixels(points)
        window = self._window(px)
        if window is None:
            return
        color = np.asarray(color, float)
        if not self.style.colored:
            color = 0.96 + 0.04 * color
        mask = self._mask(px, window)
        tone = self._toned(mask, color) if shade and self.style.shading != "flat" else (color * 255)
        self._lay(mask, tone, window)
        if outline and self.style.outline:
            ink = np.full(3, 0.07) if self.style.ink or not self.style.colored else darker(color, 0.42)
            self._stroke(px, ink, self.style.outline * outline * self.unit, closed=True)

    def line(self, points: Points, color: Rgb | Sequence[float], width: float, *, closed: bool = False) -> None:
        """Stroke an open line ``width`` local units wide."""
        color = np.asarray(color, float) if self.style.colored else np.full(3, 0.1)
        self._stroke(self.to_pixels(points), color, width * self.unit, closed=closed)

    def tint(self, points: Points, color: Rgb | Sequence[float], opacity: float) -> None:
        """Lay a translucent, soft-edged colour on what is already drawn: blush, stubble, tattoos."""
        px = self.to_pixels(points)
        window = self._window(px)
        if window is None:
            return
        mask = cv2.blur(self._mask(px, window), (3, 3)).astype(np.float32) * opacity
        mask = np.minimum(mask, self._cut(self.alpha, window)).astype(np.uint8)
        color = np.asarray(color, float) if self.style.colored else np.full(3, 0.55)
        self._lay(mask, color * 255, window, grow=False)

    def _window(self, px: Points, pad: int = 2) -> tuple[int, int, int, int] | None:
        x0, y0 = np.floor(px.min(axis=0)).astype(int) - pad
        x1, y1 = np.ceil(px.max(axis=0)).astype(int) + pad + 1
        height, width = self.alpha.shape
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None

    @staticmethod
    def _cut(array: NDArray[np.uint8], window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = window
        return array[y0:y1, x0:x1]

    @staticmethod
    def _fixed(px: Points, window: tuple[int, int, int, int]) -> NDArray[np.int32]:
        return np.round((px - window[:2]) * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def _mask(self, px: Points, window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        mask = np.zeros((window[3] - window[1], window[2] - window[0]), np.uint8)
        cv2.fillPoly(mask, [self._fixed(px, window)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        return mask

    def _stroke(self, px: Points, color: Rgb, width: float, *, closed: bool) -> None:
        window = self._window(px, pad=int(width) + 2)
        if window is None:
            return
        mask = np.zeros((window[3] - window[1], window[2] - window[0]), np.uint8)
        thickness = max(1, round(width))
        cv2.polylines(mask, [self._fixed(px, window)], closed, 255, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        if width < 1:  # thinner than a pixel: fainter instead
            mask = (mask * max(0.25, width)).astype(np.uint8)
        self._lay(mask, color * 255, window)

    def _lay(
        self,
        mask: NDArray[np.uint8],
        tone: NDArray[np.floating],
        window: tuple[int, int, int, int],
        *,
        grow: bool = True,
    ) -> None:
        under, alpha = self._cut(self.pixels, window), self._cut(self.alpha, window)
        flat = np.clip(tone, 0, 255).astype(np.uint16)
        cover = mask[..., None].astype(np.uint16)
        mixed = ((under * (255 - cover) + flat * cover + 127) // 255).astype(np.uint8)
        bare = alpha == 0
        if bare.any():  # nothing underneath: the edge keeps its own colour and only its coverage is partial
            bare &= mask > 0
            mixed = np.where(bare[..., None], flat.astype(np.uint8), mixed)
        under[...] = mixed
        if grow:
            np.maximum(alpha, mask, out=alpha)

    def _toned(self, mask: NDArray[np.uint8], color: Rgb) -> NDArray[np.floating]:
        """Colour field ``(h, w, 3)`` 0..255: lit on the side of the light, as if the shape were a cushion."""
        style = self.style
        light = _light_field(mask, style.light) * style.contrast
        if style.shading == "cel":
            light = np.where(light < -0.12, -0.42 * style.contrast, np.where(light > 0.55, 0.22 * style.contrast, 0.0))
        lit, shaded = np.maximum(light, 0)[..., None], np.minimum(light, 0)[..., None]
        warmth = np.asarray(style.warmth)
        tone = color * (1 + 0.75 * shaded / warmth) + (warmth - color) * lit * 0.38
        tone = (tone * 255).astype(np.float32)
        if style.strokes and min(mask.shape) > 6:
            self._brush(tone, color)
        return tone

    def _brush(self, tone: NDArray[np.floating], color: Rgb) -> None:
        """Visible strokes of neighbouring shades, one main direction a shape."""
        height, width = tone.shape[:2]
        direction = self.rng.uniform(0, np.pi)
        for _ in range(int(np.clip(height * width / 70, 3, 34))):
            x, y = self.rng.uniform(0, width), self.rng.uniform(0, height)
            turn = direction + self.rng.normal(0, 0.4)
            reach = self.rng.uniform(0.1, 0.45) * min(height, width)
            end = (int(x + reach * np.cos(turn)), int(y + reach * np.sin(turn)))
            base = tone[min(int(y), height - 1), min(int(x), width - 1)]
            shade = base * (1 + self.rng.normal(0, 0.09 * self.style.strokes)) + self.rng.normal(0, 3, 3)
            cv2.line(tone, (int(x), int(y)), end, shade.tolist(), max(1, int(reach / 5)), cv2.LINE_8)


def _light_field(mask: NDArray[np.uint8], light: tuple[float, float]) -> NDArray[np.float32]:
    """Light on a cushion of the mask's form, -1 (away from the light) to 1 (towards it), ``(h, w)`` float32."""
    height, width = mask.shape
    shrink = min(1.0, _LIGHT_FIELD_SIDE / max(height, width))
    small = cv2.resize(mask, (max(3, int(width * shrink)), max(3, int(height * shrink))), interpolation=cv2.INTER_AREA)
    reach = max(1.0, 0.16 * min(small.shape))
    relief = cv2.GaussianBlur(small.astype(np.float32), (0, 0), reach, borderType=cv2.BORDER_REPLICATE)
    dx, dy = cv2.Sobel(relief, cv2.CV_32F, 1, 0), cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    slope = -(dx * light[0] + dy * light[1])
    slope /= max(float(np.abs(slope).max()), 1e-6)
    return np.clip(cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR), -1, 1).astype(
        np.float32, copy=False
    )
