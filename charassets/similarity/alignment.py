"""Laying one picture over another: a similarity transform that many local features agree on.

What belongs here: matching features and the transform. Not here: finding features (``charassets.images.local_features``), and
what the two pictures look like once one lies on the other (``agreement``).

References:
    Lowe (2004), section 7.1: the ratio of the two best matches.
    Fischler, Bolles (1981), Random sample consensus.
    Evangelidis, Psarakis (2008), Parametric image alignment using enhanced correlation coefficient maximization.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.local_features import Keypoints
from charassets.images.preview import Preview
from charassets.similarity.hamming import differing_bits

_NEAR = 80  # differing bits of 256 between two keypoints that may be one
_FAR = 1 << 20  # bits; more than there are
_RATIO = 0.9  # of the bits that differ from the best and the second best match
_LEAST_MATCHES = 6
_REPROJECTION = 3.0  # px of the preview
_ROUNDS, _CONFIDENCE = 500, 0.99
_SETTLED = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
_NEARBY = 8.0  # px of the coarser; of 96 one moved its corners by more than 5
_SMOOTHED = 5  # px of the filter that pixels are compared through
_FINER = 1.3  # times the detail; a picture that has more is softened first
_SCALES = (0.2, 5.0)  # a crop of a fifth of the side has too few pixels left in a preview to be told


@dataclass(frozen=True)
class Alignment:
    """How a picture lies on another.

    Attributes:
        matrix: float64, shape (2, 3): pixels of the picture's preview (of its mirror image, if ``mirrored``) to pixels of the
            other's preview.
        inliers: matches that agree with it; 0 where it was not found but assumed.
        mirrored: the picture is laid on its back first.
    """

    matrix: NDArray[np.float64]
    inliers: int
    mirrored: bool


def assumed(size: tuple[int, int], onto: tuple[int, int], *, mirrored: bool) -> Alignment:
    """The alignment of two pictures that show the same whole: a scale of each side.

    Args:
        size: height and width of the picture's preview.
        onto: height and width of the other's.
        mirrored: whether the picture is the mirror image.
    """
    x, y = onto[1] / size[1], onto[0] / size[0]
    return Alignment(np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]]), 0, mirrored)


def aligned(keypoints: Keypoints, onto: Keypoints, *, mirrored: bool) -> Alignment | None:
    """The similarity transform (turn, scale, shift) that most matches agree on; None where there are too few.

    Args:
        keypoints: those of the picture; of its mirror image, if ``mirrored``.
        onto: those of the picture it is laid on.
        mirrored: recorded in the answer.
    """
    if min(len(keypoints.points), len(onto.points)) < _LEAST_MATCHES:
        return None
    near, far = _matches(keypoints.descriptors, onto.descriptors)
    if len(near) < _LEAST_MATCHES:
        return None
    cv2.setRNGSeed(0)  # the same pair has the same answer in every run
    matrix, agreed = cv2.estimateAffinePartial2D(
        keypoints.points[near],
        onto.points[far],
        method=cv2.RANSAC,
        ransacReprojThreshold=_REPROJECTION,
        maxIters=_ROUNDS,
        confidence=_CONFIDENCE,
    )
    if matrix is None or not _SCALES[0] <= np.hypot(*matrix[:, 0]) <= _SCALES[1]:
        return None
    places = np.unique(np.round(onto.points[far[agreed.ravel() > 0]] / _REPROJECTION), axis=0)
    return Alignment(np.asarray(matrix, np.float64), len(places), mirrored)


def settled(picture: Preview, onto: Preview, alignment: Alignment) -> Alignment | None:
    """The affine transform that the pixels agree on most, from one that is a pixel or two off; None where they lead far away.

    Corners of a quarter of the size tell a place to two pixels, and a copy that lies two pixels off is none.

    Args:
        picture: the picture that is laid on the other; its mirror image, if the alignment says so.
        onto: the other.
        alignment: of the two.
    """
    there = np.vstack([alignment.matrix, [0, 0, 1]])
    scale = float(np.hypot(*there[:2, 0]))
    coarser, finer = (picture.grey, onto.grey) if scale > 1 else (onto.grey, picture.grey)
    if max(scale, 1 / scale) > _FINER:
        finer = cv2.GaussianBlur(finer, (0, 0), max(scale, 1 / scale) / 2)
    first = (there if scale > 1 else np.linalg.inv(there))[:2].astype(np.float32)
    everywhere = np.full(finer.shape, 255, np.uint8)
    try:
        _, found = cv2.findTransformECC(coarser, finer, first, cv2.MOTION_AFFINE, _SETTLED, everywhere, _SMOOTHED)
    except cv2.error:  # "images may be uncorrelated or non-overlapped"
        return None
    height, width = coarser.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    if not np.abs(corners @ (found - first).T).max() < _NEARBY * max(scale, 1 / scale):
        return None
    whole = np.vstack([np.asarray(found, np.float64), [0, 0, 1]])
    return Alignment((whole if scale > 1 else np.linalg.inv(whole))[:2], alignment.inliers, alignment.mirrored)


def _matches(near: NDArray[np.uint8], far: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Matches that are each other's best and clearly better than the second."""
    unlike = differing_bits(near, far)
    best = unlike.argmin(axis=1)
    rows = np.arange(len(near))
    first = unlike[rows, best]
    mutual = np.flatnonzero((unlike.argmin(axis=0)[best] == rows) & (first <= _NEAR))
    second = unlike[mutual]
    second[np.arange(len(mutual)), best[mutual]] = _FAR
    chosen = mutual[first[mutual] <= _RATIO * second.min(axis=1)]
    return chosen, best[chosen]
