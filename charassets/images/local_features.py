"""Local features: corners of a drawing that are found again in a crop, a padded or a mirrored copy of it.

What belongs here: finding and describing them, and their mirror images. Not here: matching (``charassets.similarity``).

References:
    Rublee, Rabaud, Konolige, Bradski (2011), ORB: an efficient alternative to SIFT or SURF.
    Lowe (2004), Distinctive image features from scale-invariant keypoints.
    Arandjelovic, Zisserman (2012), Three things everyone should know to improve object retrieval (the square root).
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

_HISTOGRAM = 128
KEYPOINT_BYTES = 8 + _HISTOGRAM
"""Bytes of a keypoint that is put by: its place and what SIFT counted around it."""

_CORNERS, _LEVELS, _PATCH, _FAST = 300, 4, 31, 5
_KEYPOINTS = 300
_CONTRAST = 0.02  # half of SIFT's customary threshold: flat drawings have soft edges
_CHOSEN = np.random.default_rng(1).permutation(256)[: SIGNATURE_BYTES * 8]
_OPENCV_PER_THREAD = local()


@dataclass(frozen=True)
class Keypoints:
    """Keypoints of a preview with their RootSIFT descriptions.

    Attributes:
        points: float32, shape (n, 2): x, y in pixels of the preview.
        descriptors: float32, shape (n, 128), unit norm.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]

    def mirrored(self, width: int) -> "Keypoints":
        """The keypoints of the mirrored preview, without looking at it again.

        A description is a 4 x 4 grid of 8 directions around the keypoint, turned so that its own direction comes first. In
        the mirror the grid's rows across that direction change places, and every angle changes its sign.
        """
        points = self.points.copy()
        points[:, 0] = width - 1 - points[:, 0]
        grid = self.descriptors.reshape(-1, 4, 4, 8)
        return Keypoints(points, grid[:, ::-1][..., -np.arange(8)].reshape(-1, 128))


@dataclass(frozen=True)
class Described:
    """Keypoints as SIFT gives them, a quarter of the size.

    Attributes:
        points: float32, shape (n, 2): x, y in pixels of the preview.
        histograms: uint8, shape (n, 128): SIFT's numbers are whole, so nothing is lost.
    """

    points: NDArray[np.float32]
    histograms: NDArray[np.uint8]

    def packed(self) -> bytes:
        """As bytes, ``KEYPOINT_BYTES`` each: points, then histograms."""
        return self.points.tobytes() + self.histograms.tobytes()

    @classmethod
    def unpacked(cls, data: bytes) -> "Described":
        """From those bytes."""
        n = len(data) // KEYPOINT_BYTES
        points = np.frombuffer(data, np.float32, n * 2).reshape(-1, 2)
        return cls(points, np.frombuffer(data, np.uint8, n * _HISTOGRAM, points.nbytes).reshape(-1, _HISTOGRAM))

    def keypoints(self) -> Keypoints:
        """With RootSIFT descriptions: square roots of histograms that sum to one, so that inner products compare them as such."""
        values = self.histograms.astype(np.float32)
        roots = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-6))
        return Keypoints(self.points, roots.astype(np.float32))


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


def keypoints(preview: Preview) -> Keypoints:
    """Keypoints of a preview, for comparing it closely with another."""
    return described(preview).keypoints()


def described(preview: Preview) -> Described:
    """Keypoints of a preview, to be put by: finding them takes ten times as long as comparing two pictures."""
    found, descriptors = _sift().detectAndCompute(preview.grey, None)
    if descriptors is None or not len(found):
        return Described(np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8))
    return Described(np.array([k.pt for k in found], np.float32).reshape(-1, 2), np.asarray(descriptors, np.uint8))


def _signatures(grey: NDArray[np.uint8]) -> Corners:
    found, descriptors = _orb().detectAndCompute(grey, None)
    if descriptors is None or not len(found):
        return Corners(b"", b"")
    order = np.argsort([-k.response for k in found], kind="stable")[:SIGNATURES]
    bits = np.unpackbits(np.asarray(descriptors, np.uint8)[order], axis=1)
    places = np.round([found[i].pt for i in order]).astype(np.uint8)
    return Corners(np.packbits(bits[:, _CHOSEN], axis=1).tobytes(), places.tobytes())


def _orb() -> cv2.ORB:
    """A detector for this thread: OpenCV's keep state while they work."""
    if not hasattr(_OPENCV_PER_THREAD, "orb"):
        _OPENCV_PER_THREAD.orb = cv2.ORB.create(
            _CORNERS, 1.2, _LEVELS, edgeThreshold=15, patchSize=_PATCH, fastThreshold=_FAST
        )
    return _OPENCV_PER_THREAD.orb


def _sift() -> cv2.SIFT:
    """A detector for this thread, as above."""
    if not hasattr(_OPENCV_PER_THREAD, "sift"):
        _OPENCV_PER_THREAD.sift = cv2.SIFT.create(_KEYPOINTS, contrastThreshold=_CONTRAST)
    return _OPENCV_PER_THREAD.sift
