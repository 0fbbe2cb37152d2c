"""Local features: corners of a drawing that are found again in a crop, a padded or a mirrored copy of it.

What belongs here: finding and describing them, and their mirror images. Not here: matching (``charassets.similarity``).

Reference:
    Rublee, Rabaud, Konolige, Bradski (2011), ORB: an efficient alternative to SIFT or SURF.
"""

from dataclasses import dataclass
from threading import local

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.preview import Preview

SIGNATURES = 128
"""Most signatures kept of a picture; half as many lose every tenth re-cropped copy."""

SIGNATURE_BYTES = 12
"""Of ORB's 256 comparisons 96, chosen once: three or four words to look a picture up by."""

SIGNATURE_SIDE = 192
"""Longest side of the picture that corners are sought in: those of a larger one are too fine to be found again in a copy of half
the size. Their places fit into a byte."""

_CORNERS, _LEVELS, _EDGE = 300, 4, 15
_STEP, _PATCH, _FAST = 1.2, 31, 5
_KEYPOINTS, _KEYPOINT_LEVELS, _KEYPOINT_EDGE = 800, 8, 31  # of a whole preview, without its border
_CHOSEN = np.random.default_rng(1).permutation(256)[: SIGNATURE_BYTES * 8]
_OPENCV_PER_THREAD = local()


@dataclass(frozen=True)
class Keypoints:
    """Keypoints of a preview.

    Attributes:
        points: float32, shape (n, 2): x, y in pixels of the preview.
        descriptors: uint8, shape (n, 32): ORB's 256 comparisons around each, as bits.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]


_NONE = Keypoints(np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8))


@dataclass(frozen=True)
class Corners:
    """The clearest corners of a picture, the clearest first.

    Attributes:
        signatures: ``SIGNATURE_BYTES`` of each.
        places: x and y of each as a byte, in pixels of the picture at ``SIGNATURE_SIDE`` or less.
    """

    signatures: bytes
    places: bytes


def signatures(preview: Preview) -> tuple[Corners, Corners]:
    """Corners of a preview and of its mirror image, ``SIGNATURES`` at most."""
    grey = preview.grey
    scale = SIGNATURE_SIDE / max(grey.shape)
    if scale < 1:
        size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _signatures(grey), _signatures(np.ascontiguousarray(grey[:, ::-1]))


def keypoints(grey: NDArray[np.uint8]) -> Keypoints:
    """Keypoints of the grey of a preview or of its mirror image, for laying it on another; none of what is all border."""
    if min(grey.shape) <= 2 * _KEYPOINT_EDGE:
        return _NONE
    found, descriptors = _orb(_KEYPOINTS, _KEYPOINT_LEVELS, _KEYPOINT_EDGE).detectAndCompute(grey, None)
    if descriptors is None or not len(found):
        return _NONE
    points = np.array([k.pt for k in found], np.float32)
    coarser = _STEP ** np.array([k.octave for k in found], np.float32)
    # ORB scales the corner of a pixel of its smaller pictures, not the middle: up to 1.3 px beside it, another way at every size.
    points += (coarser[:, None] - 1) / 2
    return Keypoints(points, np.asarray(descriptors, np.uint8))


def _signatures(grey: NDArray[np.uint8]) -> Corners:
    found, descriptors = _orb(_CORNERS, _LEVELS, _EDGE).detectAndCompute(grey, None)
    if descriptors is None or not len(found):
        return Corners(b"", b"")
    order = np.argsort([-k.response for k in found], kind="stable")[:SIGNATURES]
    bits = np.unpackbits(np.asarray(descriptors, np.uint8)[order], axis=1)
    places = np.round([found[i].pt for i in order]).astype(np.uint8)
    return Corners(np.packbits(bits[:, _CHOSEN], axis=1).tobytes(), places.tobytes())


def _orb(most: int, levels: int, edge: int) -> cv2.ORB:
    """A detector for this thread: OpenCV's keep state while they work."""
    name = f"orb{most}"
    if not hasattr(_OPENCV_PER_THREAD, name):
        orb = cv2.ORB.create(most, _STEP, levels, edgeThreshold=edge, patchSize=_PATCH, fastThreshold=_FAST)
        setattr(_OPENCV_PER_THREAD, name, orb)
    return getattr(_OPENCV_PER_THREAD, name)
