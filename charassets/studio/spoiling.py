"""Files as they come from the world: formats, and everything that can be wrong with one.

What belongs here: pixels to bytes, sound or spoiled on purpose. Not here: which record gets which trouble.
"""

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

BOMB_SIDE = 20_000  # px; 400 megapixels in some 50 kB, eight times the decoder's limit of 50 Mpx
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}
_EXIF_ORIENTATION, _TURNED_CLOCKWISE = 0x0112, 6


def encoded(pixels: NDArray[np.uint8], extension: str) -> bytes:
    """Sound file bytes of ``(H, W, 3)`` or ``(H, W, 4)`` uint8 pixels.

    Args:
        pixels: RGB or RGBA.
        extension: ``.png``, ``.jpg`` or ``.webp``.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, _FORMATS[extension], quality=90)
    return buffer.getvalue()


def truncated(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG whose second half never arrived."""
    content = encoded(pixels, ".jpg")
    return content[: len(content) // 2]


def sixteen_bit(pixels: NDArray[np.uint8]) -> bytes:
    """The picture as a PNG of 16 bits a channel."""
    wide = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    return cv2.imencode(".png", wide)[1].tobytes()


def exif_rotated(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG stored lying on its side, with the EXIF orientation that sets it upright."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = _TURNED_CLOCKWISE
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.rot90(pixels))).save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def transparent(pixels: NDArray[np.uint8], owners: NDArray[np.uint8]) -> bytes:
    """A PNG of the figure alone: the ground, where ``owners`` is 0, is transparent."""
    alpha = np.where(owners > 0, 255, 0).astype(np.uint8)
    return encoded(np.dstack([pixels, alpha]), ".png")


def bomb(side: int = BOMB_SIDE) -> bytes:
    """A sound PNG of ``side`` x ``side`` black pixels of one bit: small on disk, enormous once decoded."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
