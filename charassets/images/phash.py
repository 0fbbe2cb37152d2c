"""The 64-bit perceptual hash: equal for a picture and its re-encoded, resized or slightly brightened copies.

What belongs here: hashing and comparing. Not here: searching among millions of hashes (``charassets.similarity``).
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

_SIDE = 32  # grey thumbnail; with the 8 x 8 lowest frequencies of its cosine transform this is the customary pHash
_KEPT = 8


def _dct_matrix(side: int) -> NDArray[np.float64]:
    """The (side, side) orthonormal DCT-II: ``D @ x @ D.T`` transforms a square."""
    rows, columns = np.mgrid[:side, :side]
    matrix = np.cos(np.pi * (2 * columns + 1) * rows / (2 * side)) * np.sqrt(2 / side)
    matrix[0] /= np.sqrt(2)
    return matrix


_LOW_FREQUENCIES = _dct_matrix(_SIDE)[:_KEPT]
_BIT = np.uint64(1) << np.arange(_KEPT * _KEPT, dtype=np.uint64)


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The (32, 32) uint8 grey of a (H, W, 3) uint8 RGB picture, squeezed to a square."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def phash(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash (..., 32, 32) grey thumbnails into (...) uint64.

    A bit says whether a low frequency of the cosine transform lies above the median of the 64, so a change of brightness
    or contrast alters next to nothing.
    """
    spectrum = _LOW_FREQUENCIES @ thumbnails.astype(np.float64) @ _LOW_FREQUENCIES.T
    # Rounded, so that a flat picture hashes to one value and not to the noise of the arithmetic.
    coefficients = spectrum.reshape(*spectrum.shape[:-2], _KEPT * _KEPT).round(3)
    above = coefficients > np.median(coefficients, axis=-1, keepdims=True)
    return (above * _BIT).sum(axis=-1, dtype=np.uint64)


def hamming(left: ArrayLike, right: ArrayLike) -> NDArray[np.uint8]:
    """Differing bits of two uint64 hashes, 0-64, element by element."""
    return np.bitwise_count(np.asarray(left, np.uint64) ^ np.asarray(right, np.uint64))
