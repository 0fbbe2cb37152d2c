"""What happens to pictures on their way over the internet: re-encoding, resizing, cropping, light, blur, borders.

What belongs here: transforms after which a picture is still the same picture, with their strength as an argument. Not here:
deciding whether two pictures are the same.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """JPEG bytes of ``(H, W, 3)`` uint8 RGB pixels."""
    done, buffer = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done  # noqa: S101 - encoding a valid array cannot fail
    return buffer.tobytes()


def from_jpeg(content: bytes) -> Pixels:
    """``(H, W, 3)`` uint8 RGB of bytes that ``jpeg`` wrote."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None  # noqa: S101 - only our own bytes are decoded here
    return np.asarray(pixels, np.uint8)


def reencoded(pixels: Pixels, quality: int) -> Pixels:
    """Through JPEG and back."""
    return from_jpeg(jpeg(pixels, quality))


def resized(pixels: Pixels, scale: float) -> Pixels:
    """Smaller by ``scale`` < 1."""
    height, width = pixels.shape[:2]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def cropped(pixels: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    """Without these shares of its width and height."""
    height, width = pixels.shape[:2]
    rows = slice(int(top * height), height - int(bottom * height))
    return np.ascontiguousarray(pixels[rows, int(left * width) : width - int(right * width)])


def brightened(pixels: Pixels, factor: float) -> Pixels:
    """All channels times ``factor``."""
    return np.clip(pixels * factor, 0, 255).astype(np.uint8)


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur of ``sigma`` pixels."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def padded(pixels: Pixels, share: float, value: int = 255) -> Pixels:
    """With a border of ``share`` of the longer side on every side."""
    border = int(max(pixels.shape[:2]) * share)
    height, width = pixels.shape[:2]
    page = np.full((height + 2 * border, width + 2 * border, 3), value, np.uint8)
    page[border : border + height, border : border + width] = pixels
    return page


# The copies every near-duplicate rule must find, at the strength of everyday handling.
NEAR_COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "jpeg": lambda pixels: reencoded(pixels, 30),
    "resize": lambda pixels: resized(pixels, 0.7),
    "crop": lambda pixels: cropped(pixels, 0.04, 0.03, 0.03, 0.04),
    "bright": lambda pixels: brightened(pixels, 1.18),
    "blur": lambda pixels: blurred(pixels, 1.2),
    "pad": lambda pixels: padded(pixels, 0.04),
}
