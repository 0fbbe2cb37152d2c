"""The preview of a picture: small, in colour, with its transparency, kept beside the measurements for comparing pictures.

What belongs here: making, storing and reading previews, and telling a plain background from what is drawn on it. Not here:
comparing two previews (``charassets.similarity``).
"""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from charassets.images.quality import OPAQUE

SIDE = 224
"""Longest side in pixels: an eye that closes in a bust is still a dozen pixels wide, at 5 to 10 kB a picture."""

_QUALITY = 65  # WebP; differences of two such files of one drawing stay far below those of two drawings
_WEBP = b"WEBP"
_PLAIN = 14  # grey levels that a plain background wavers by after JPEG at quality 30
_PLAIN_SHARE = 0.3  # of the border: a figure may touch three sides of the picture
_EDGE = 2  # pixels between a frame and what it surrounds
_RING = 2  # pixels of border looked at
_REACHED = 2  # a mark besides false and true
_STEP = 16  # grey levels: the border's commonest colour is looked for on this grid
_STEPS = 256 // _STEP
_SHOWN = 0.02  # of a row or column: what covers less is a speck on the background
_LEAST_SIDE, _LEAST_SHARE = 16, 0.05  # a smaller content is no content: the whole picture is taken instead


@dataclass(frozen=True)
class Preview:
    """A small copy of a picture.

    Attributes:
        pixels: (h, w, 3) uint8 RGB, transparency composited on white.
        content: (h, w) bool: what is drawn, without transparent parts and plain background that reaches the border.
        alpha: (h, w) uint8, where part of the picture is transparent: it has no background of its own.
    """

    pixels: NDArray[np.uint8]
    content: NDArray[np.bool_]
    alpha: NDArray[np.uint8] | None = None

    @property
    def cut_out(self) -> bool:
        """Whether part of the picture is transparent."""
        return self.alpha is not None

    @property
    def grey(self) -> NDArray[np.uint8]:
        """(h, w) uint8: grey, with a mid grey in place of the background, so that its colour finds no features."""
        grey = np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        return np.where(self.content, grey, np.uint8(128))


def encoded(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> bytes:
    """The preview of a (H, W, 3) uint8 RGB picture and its (H, W) alpha, as WebP; smaller pictures keep their size."""
    whole = pixels if alpha is None else np.dstack([pixels, alpha])
    scale = SIDE / max(whole.shape[:2])
    if scale < 1:
        size = max(1, round(whole.shape[1] * scale)), max(1, round(whole.shape[0] * scale))
        whole = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(whole, np.uint8)).save(buffer, "WEBP", quality=_QUALITY, method=0)
    return buffer.getvalue()


def decoded(data: bytes) -> Preview:
    """A stored preview.

    Raises:
        OSError: the bytes are not one of our own previews.
    """
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data[8:12] == _WEBP else None
    if values is None:
        raise OSError("no preview of ours")
    if values.shape[2] == 3:
        return of(np.asarray(cv2.cvtColor(values, cv2.COLOR_BGR2RGB), np.uint8), None)
    values = np.asarray(values, np.uint8)
    return of(_on_white(values), np.ascontiguousarray(values[..., 3]))


def of(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> Preview:
    """The preview of pixels that are small already."""
    solid = np.ones(pixels.shape[:2], bool) if alpha is None else alpha >= OPAQUE
    return Preview(pixels, content_of(pixels, solid), None if solid.all() else alpha)


def content_of(pixels: NDArray[np.uint8], solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is drawn, (h, w) bool, without the background.

    Twice: a padded picture has a plain frame, and often a plain background within it.

    Args:
        pixels: (h, w, 3) uint8 RGB.
        solid: (h, w) bool: not transparent.
    """
    found = solid & ~_plain(pixels, solid)
    rows, columns = (np.flatnonzero(_means(found, axis) > _SHOWN) for axis in (1, 0))
    if min(len(rows), len(columns)) < _LEAST_SIDE:
        return solid if solid.any() else np.ones_like(solid)
    # A frame bleeds into what it surrounds: its edge belongs to neither.
    outer = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inner = slice(rows[0] + _EDGE, rows[-1] + 1 - _EDGE), slice(columns[0] + _EDGE, columns[-1] + 1 - _EDGE)
    plain = _plain(np.ascontiguousarray(pixels[inner]), found[inner])
    content = np.zeros_like(found)
    content[outer] = found[outer]
    if plain.any():
        content[outer] = False
        content[inner] = found[inner] & ~plain
    return content if np.count_nonzero(content) > _LEAST_SHARE * content.size else solid


def _on_white(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours of (h, w, 4) uint8 BGRA on white, rounded, as RGB."""
    alpha = cv2.cvtColor(np.ascontiguousarray(values[..., 3]), cv2.COLOR_GRAY2RGB)
    covering = cv2.multiply(cv2.cvtColor(values, cv2.COLOR_BGRA2RGB), alpha, scale=1 / 255)
    return np.asarray(cv2.add(covering, 255 - alpha), np.uint8)


def _plain(pixels: NDArray[np.uint8], solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the border's commonest colour that are connected with the border, if it covers enough of the border."""
    shown = np.concatenate([part.ravel() for part in _ring(solid)])
    border = np.concatenate([part.reshape(-1, 3) for part in _ring(pixels)])
    border = border if shown.all() else border[shown]
    if not len(border):
        return np.zeros_like(solid)
    red, green, blue = planes = np.ascontiguousarray(border.T)
    cells = (red.astype(np.int32) // _STEP * _STEPS + green // _STEP) * _STEPS + blue // _STEP
    common = np.flatnonzero(cells == np.bincount(cells).argmax())
    colour = planes.take(common, axis=1).mean(axis=1)
    near = cv2.inRange(border[None], np.ceil(colour - _PLAIN), np.floor(colour + _PLAIN))
    if np.count_nonzero(near) / len(border) < _PLAIN_SHARE:
        return np.zeros_like(solid)
    near = cv2.inRange(pixels, np.maximum(colour - _PLAIN, 0), np.minimum(colour + _PLAIN, 255)).view(bool)
    # Filled from the outermost pixels, which touch all others of the ring: a third of the time of labelling every region.
    reached = np.ones(solid.shape, np.uint8)
    reached[1:-1, 1:-1] = (near | ~solid)[1:-1, 1:-1]
    cv2.floodFill(reached, None, (0, 0), _REACHED)
    return (reached == _REACHED) & near


def _means(mask: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
    """Share of each row (axis 1) or column (axis 0) that is set."""
    return cv2.reduce(mask.view(np.uint8), axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() / mask.shape[axis]


def _ring(values: np.ndarray) -> tuple[np.ndarray, ...]:
    return values[:_RING], values[-_RING:], values[:, :_RING], values[:, -_RING:]
