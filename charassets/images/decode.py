"""The only decoder: bytes from anywhere become one kind of array, or one typed rejection.

What belongs here: limits, orientation, bit depth, transparency, first frames. Not here: resizing and measuring, which start
from the array this module returns, and ICC profiles (``colour_profiles``).
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from charassets.errors import Rejected
from charassets.images.colour_profiles import to_srgb
from charassets.settings import ImageSettings

# Imported here and not left to Pillow, which registers its plugins at the first picture: two decode threads that begin
# together can then find a format missing and take a good picture for a damaged one.
_READERS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    AvifImagePlugin.AvifImageFile,
    TiffImagePlugin.TiffImageFile,
)

FORMATS = tuple(str(reader.format) for reader in _READERS)
"""Pillow would also open EPS, PDF, fonts and forty others; none of them belongs in a picture set, some run programs."""

_MAGIC_BYTES = 16  # what Pillow shows a plugin to let it recognise its format
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_HIGH_DEPTH_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_TRANSPOSED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow warns of odd metadata and of sizes that our own limits judge. `warnings.catch_warnings` around each call would be
# tidier but swaps process-wide state, which is not safe in decode threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its pixels are decoded.

    Attributes:
        format: one of ``FORMATS``, found in the bytes, whatever the name says.
        width: pixels across as displayed, EXIF orientation applied.
        height: pixels down as displayed.
        mode: Pillow's pixel mode before conversion (RGB, RGBA, I;16, CMYK, ...).
        has_alpha: the file carries transparency (it may be opaque everywhere).
        n_frames: frames of an animation, at least 1; only the first is ever decoded.
    """

    format: str
    width: int
    height: int
    mode: str
    has_alpha: bool
    n_frames: int


@dataclass(frozen=True)
class Decoded:
    """A picture ready to be measured.

    Attributes:
        pixels: (height, width, 3) uint8 RGB, transparency composited on white.
        alpha: (height, width) uint8 opacity, or None where the file has no transparency.
        header: what the file said of itself; its size is that of ``pixels``.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    header: Header


def probe(data: bytes, limits: ImageSettings) -> Header:
    """Read the header of a picture without decoding its pixels, and hold it against the limits.

    Raises:
        Rejected: ``empty``, ``too_many_bytes``, ``too_many_pixels``, ``too_small``, ``extreme_aspect``, ``not_an_image``,
            ``undecodable`` or ``out_of_memory``.
    """
    with _opened(data, limits) as (_, header):
        return header


def decode(data: bytes, limits: ImageSettings) -> Decoded:
    """Decode a picture to 8-bit RGB as a person would see it on a white page.

    Raises:
        Rejected: the codes of ``probe``; no other exception leaves this function, whatever the bytes.
    """
    with _opened(data, limits) as (image, header):
        image.load()
        turn = _TRANSPOSE.get(_orientation(image))
        if turn is not None and header.format != "TIFF":  # Pillow itself turns a TIFF while loading it
            image = image.transpose(turn)
        image = to_srgb(image)
        if image.mode in _HIGH_DEPTH_MODES:
            image = Image.fromarray(_to_8_bit(np.asarray(image)))
        if not header.has_alpha:
            return Decoded(np.array(image.convert("RGB")), None, header)
        return _on_white(image.convert("RGBA"), header)


@contextmanager
def _opened(data: bytes, limits: ImageSettings) -> Iterator[tuple[Image.Image, Header]]:
    """The picture, opened and within the limits; whatever goes wrong here or in the body leaves as ``Rejected``."""
    if not data:
        raise Rejected("empty")
    if len(data) > limits.max_bytes:
        raise Rejected("too_many_bytes", f"{len(data)} bytes, at most {limits.max_bytes}")
    try:
        with _recognised(data) as image:
            _check_size(*image.size, limits)
            yield image, _header(image)
    except Rejected:
        raise
    except Image.DecompressionBombError as error:  # a frame or tile larger than the header said
        raise Rejected("too_many_pixels", _told(error)) from None
    except MemoryError:
        raise Rejected("out_of_memory") from None
    # Fuzzing Pillow brings up OSError, ValueError, SyntaxError, RuntimeError, IndexError, struct.error, NotImplementedError:
    # any of them means that this file is damaged, none that the run is.
    except Exception as error:
        raise Rejected("undecodable", f"{type(error).__name__}: {_told(error)}") from None


def _recognised(data: bytes) -> Image.Image:
    """The picture by the first bytes, its header read.

    ``Image.open`` would do this, but importing ultralytics replaces it by a function that meets unknown bytes with an attempt
    to pip-install a HEIC reader.
    """
    for name in FORMATS:
        factory, accept = Image.OPEN[name]
        if accept is None or accept(data[:_MAGIC_BYTES]) is True:
            return factory(io.BytesIO(data), "")
    raise Rejected("not_an_image", f"starts with {data[:8].hex(' ')}")


def _check_size(width: int, height: int, limits: ImageSettings) -> None:
    size = f"{width} x {height}"
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise Rejected("too_many_pixels", size)
    if min(width, height) < limits.min_side:
        raise Rejected("too_small", size)
    if max(width, height) > limits.max_aspect * min(width, height):
        raise Rejected("extreme_aspect", size)


def _header(image: Image.Image) -> Header:
    width, height = image.size
    found = image.format or ""
    if found != "TIFF" and _orientation(image) in _TRANSPOSED:
        width, height = height, width
    return Header(
        format="JPEG" if found == "MPO" else found,  # a JPEG with further pictures behind the first
        width=width,
        height=height,
        mode=image.mode,
        has_alpha=image.mode in _ALPHA_MODES or "transparency" in image.info,
        n_frames=getattr(image, "n_frames", 1),
    )


def _orientation(image: Image.Image) -> int:
    """EXIF or XMP orientation, 1-8, as far as it stands before the pixels; 1 where it is missing or damaged."""
    try:
        # Not `image.getexif()`: for a PNG that decodes the whole picture to look for a chunk behind the pixels.
        return int(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged metadata is no reason to lose a picture, and raises whatever its parser met
        return 1


def _to_8_bit(values: np.ndarray) -> NDArray[np.uint8]:
    """(H, W) grey of any depth as uint8. Pillow's own conversion clips 16 bits to white instead of scaling them."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return (values >> 8).astype(np.uint8)
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(finite.max(initial=0.0))
    # 32-bit integers and floats do not name their range: take the smallest customary one that holds the values.
    full = next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), top)
    return np.clip(finite * (255.0 / full), 0, 255).astype(np.uint8)


def _on_white(image: Image.Image, header: Header) -> Decoded:
    alpha = np.array(image.getchannel("A"))
    page = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Decoded(np.array(Image.alpha_composite(page, image).convert("RGB")), alpha, header)


def _told(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
