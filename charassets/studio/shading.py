"""Light on a shape: where it falls, which tones it makes, and the brush strokes that break them up.

What belongs here: from a shape's mask and a style's light to tones. Not here: laying the tones into a picture.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.palette import Rgb
from charassets.studio.styles import Style

_FIELD_SIDE = 24  # px; light on a volume varies slowly, so it is computed small and enlarged
_MIDDLE = 128  # the level of a surface that the light grazes; 1 is full shade, 255 full light
_SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
_SHADE, _GLOW = 0.75, 0.38  # how far full shade darkens, and full light pulls towards the light's colour
_CEL_SHADE, _CEL_GLOW = (-0.12, -0.42), (0.55, 0.22)  # light below or above which a cel has its second and third tone


class Ramp:
    """The tones of one style from full shade to full light, ready to be applied to any colour.

    Args:
        style: the drawing hand; its shading must not be flat.

    Attributes:
        across_light: ``(3, 3)`` float32 kernel of the slope towards the light.
    """

    def __init__(self, style: Style) -> None:
        light = (np.arange(256) - _MIDDLE) / (255 - _MIDDLE) * style.contrast
        if style.shading == "cel":
            (dark, shade), (bright, glow) = _CEL_SHADE, _CEL_GLOW
            light = np.where(light < dark, shade * style.contrast, np.where(light > bright, glow * style.contrast, 0.0))
        warmth = np.asarray(style.warmth)
        lit = _GLOW * np.maximum(light, 0)[:, None]
        self._gain = 255 * (1 + _SHADE * np.minimum(light, 0)[:, None] / warmth - lit)
        self._glow = 255 * warmth * lit
        x, y = np.array(style.light, np.float32)
        self.across_light = -(x * _SOBEL + y * _SOBEL.T)

    def tones(self, color: Rgb, levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Opaque RGBA ``(h, w, 4)`` of a colour (RGB 0..1) under light levels ``(h, w)``."""
        table = np.full((256, 4), 255, np.uint8)
        table[:, :3] = np.minimum(self._gain * color + self._glow, 255)
        return table.view(np.uint32).ravel().take(levels).view(np.uint8).reshape(*levels.shape, 4)


@lru_cache(16)
def ramp_of(style: Style) -> Ramp:
    """The ramp of a style; a picture uses the same one for its ground and its figures."""
    return Ramp(style)


def light_levels(mask: NDArray[np.uint8], across_light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Light on a cushion of the mask's form, from 1 (away from the light) to 255 (towards it), ``(h, w)``."""
    height, width = mask.shape
    shrink = min(1.0, _FIELD_SIDE / max(height, width))
    size = (max(3, int(width * shrink)), max(3, int(height * shrink)))
    relief = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    reach = max(1.0, 0.16 * min(size))
    kernel = 2 * int(2.5 * reach) + 1
    relief = cv2.GaussianBlur(relief, (kernel, kernel), reach, borderType=cv2.BORDER_REPLICATE)
    slope = cv2.filter2D(relief, cv2.CV_32F, across_light)
    steepest = max(cv2.norm(slope, cv2.NORM_INF), 1e-6)
    levels = cv2.convertScaleAbs(slope, alpha=(255 - _MIDDLE) / steepest, beta=_MIDDLE)
    return np.asarray(cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def brush(tone: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> None:
    """Break ``(h, w, 4)`` tones up into visible strokes of neighbouring shades, one main direction a shape."""
    height, width = tone.shape[:2]
    count = int(np.clip(height * width / 70, 3, 34))
    even, bell = rng.random((count, 3), np.float32), rng.standard_normal((count, 5), np.float32)
    turn = np.float32(rng.uniform(0, np.pi)) + 0.4 * bell[:, 0]
    reach = (0.1 + 0.35 * even[:, 2]) * min(height, width)
    strokes = np.empty((count, 5), np.int32)  # x and y of both ends, width
    strokes[:, 0], strokes[:, 1] = even[:, 0] * width, even[:, 1] * height
    strokes[:, 2], strokes[:, 3] = strokes[:, 0] + reach * np.cos(turn), strokes[:, 1] + reach * np.sin(turn)
    strokes[:, 4] = np.maximum(1, reach / 5)
    shades = tone[strokes[:, 1], strokes[:, 0]] * (1 + np.float32(0.09 * strength) * bell[:, 1:2])
    shades[:, :3] += 3 * bell[:, 2:]
    shades[:, 3] = 255
    for (x0, y0, x1, y1, thick), shade in zip(strokes.tolist(), shades.tolist(), strict=True):
        cv2.line(tone, (x0, y0), (x1, y1), shade, thick, cv2.LINE_8)
