"""The corners of pictures as arrays: signatures as rows of bytes, places as complex numbers.

What belongs here: reading them. Not here: finding corners (``charassets.images.local_features``), and what two pictures' corners
say of each other (``poses``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES, SIGNATURES
from charassets.similarity.hamming import WHOLE_BYTES
from charassets.similarity.previews import Previews
from charassets.similarity.shown import Held

LoadCorners = Callable[[pa.Array], tuple[Previews, ...]]
"""Signatures of contents and of their mirror images, and the places of both, by place in the array of content ids asked about."""

PLACED = ("signature_places", "signature_places_mirrored")
"""Columns of the places of corners in pictures and in their mirror images."""

BITS = SIGNATURE_BYTES * 8
STRAIGHT, MIRRORED = 0, 1
_NOTHING = b""
_CODE_BYTES = -(-SIGNATURE_BYTES // WHOLE_BYTES) * WHOLE_BYTES


@dataclass(frozen=True)
class Corners:
    """Corners of r pictures, filled up with zeros to ``SIGNATURES`` each.

    Attributes:
        codes: uint8, shape (r, ``SIGNATURES``, 16): their signatures, with zeros up to whole words (``hamming``).
        at: complex64, shape (r, ``SIGNATURES``): their places, x + yi in pixels at ``SIGNATURE_SIDE``.
        counts: int64, shape (r,): how many there are.
        picture: int64, shape (r,): the same where it is the same picture.
    """

    codes: NDArray[np.uint8]
    at: NDArray[np.complex64]
    counts: NDArray[np.int64]
    picture: NDArray[np.int64]

    @classmethod
    def read(cls, signatures: Sequence[bytes], places: Sequence[bytes]) -> "Corners":
        """From what is stored of r pictures (``charassets.images.local_features.Corners``)."""
        counts = np.array([len(cell) // SIGNATURE_BYTES for cell in signatures], np.int64)
        filled = np.arange(SIGNATURES) < counts[:, None]
        codes = np.zeros((*filled.shape, _CODE_BYTES), np.uint8)
        codes[filled, :SIGNATURE_BYTES] = np.frombuffer(b"".join(signatures), np.uint8).reshape(-1, SIGNATURE_BYTES)
        at = np.zeros(filled.shape, np.complex64)
        pixels = np.frombuffer(b"".join(places), np.uint8).reshape(-1, 2)
        at[filled] = pixels.astype(np.float32).view(np.complex64)[:, 0]
        return cls(codes, at, counts, np.arange(len(counts)))

    def rows(self, some: NDArray[np.int64]) -> "Corners":
        """Those of some rows."""
        return Corners(self.codes[some], self.at[some], self.counts[some], self.picture[some])

    def beside(self, other: "Corners") -> "Corners":
        """Row by row, each followed by the other's."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Corners(*(np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:]) for pair in pairs))


class CornersOf:
    """The corners of pictures, by place.

    Args:
        corners: signatures of pictures and of their mirror images, and the places of both.
    """

    def __init__(self, corners: Sequence[Held]) -> None:
        straight, mirrored, at, at_mirrored = corners
        self._sides = (straight, at), (mirrored, at_mirrored)
        self._there = tuple(signed.there & placed.there for signed, placed in self._sides)

    def of(self, places: NDArray[np.int64], side: int) -> Corners:
        """Those of the pictures at r places, or of their mirror images; none of a picture without."""
        # A picture is often in several pairs that follow each other: it is read once.
        places, back = np.unique(places, return_inverse=True)
        signed, placed = self._sides[side]
        names = list(zip(places.tolist(), self._there[side][places].tolist(), strict=True))
        cells = [signed[place] if known else _NOTHING for place, known in names]
        found = Corners.read(cells, [placed[place] if known else _NOTHING for place, known in names])
        return found.rows(back)
