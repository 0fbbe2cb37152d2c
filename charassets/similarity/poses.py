"""On which pose the corners of two pictures agree: a shift, a scale and about a quarter turn that lay many on each other.

What belongs here: matching corners, poses. Not here: reading corners (``corners``), and what follows from a pose (``first_look``,
``judgement``).

References:
    Lowe (2004), Distinctive image features from scale-invariant keypoints: clusters of matches that agree on a pose.
    Umeyama (1991), Least-squares estimation of transformation parameters between two point patterns.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_SIDE, SIGNATURES
from charassets.similarity.alignment import Alignment
from charassets.similarity.corners import BITS, Corners
from charassets.similarity.hamming import differing_bits

_NEAR = 26  # differing bits of two signatures that are each other's nearest
_MATCHES, _TELLING_MATCHES = 32, 16  # the nearest that are asked whether they agree; that poses are taken from
_EQUAL = 10  # differing bits of two signatures that are all but equal
_OFF = 3.0  # px that a corner may lie off its place
_APART = 8.0  # px between two corners that tell a pose
_TURN = 0.2  # radians off a quarter turn
_SCALE = 5.0  # times
_GUIDED = 30  # differing bits of two corners that lie on each other
_LEAST_GUIDED = 3

_TOGETHER = 8
_EVERY = np.arange(SIGNATURES)
_ONE, _OTHER = np.triu_indices(_TELLING_MATCHES, 1)


@dataclass(frozen=True)
class Agreeing:
    """What the corners of r pairs of pictures say of each other; all of shape (r,).

    Attributes:
        agree: int64: corners of the one that lie on those of the other under the pose that suits most, of the 32 nearest.
        equal: int64: corners that are all but equal to one of the other's, wherever they lie.
        factor, shift: complex128: the pose: where a corner of the one at z lies in the other, ``factor * z + shift``; 0 and 0
            where there is none.
    """

    agree: NDArray[np.int64]
    equal: NDArray[np.int64]
    factor: NDArray[np.complex128]
    shift: NDArray[np.complex128]


@dataclass(frozen=True)
class Pose:
    """How a picture lies on another, by their corners.

    Attributes:
        agree: how many of the 32 nearest corners agree on it.
        factor, shift: in pixels of corners, from the picture to the other, or to the mirror image of the other.
        mirrored: to the mirror image.
    """

    agree: int
    factor: complex
    shift: complex
    mirrored: bool

    def alignment(self, size: tuple[int, int], onto: tuple[int, int]) -> Alignment:
        """The same in pixels of their previews, the picture on its back if ``mirrored``.

        Args:
            size: height and width of the picture's preview.
            onto: height and width of the other's.
        """
        real, imaginary, shift = self.factor.real, self.factor.imag, self.shift
        turn = np.array([[real, -imaginary, shift.real], [imaginary, real, shift.imag], [0, 0, 1]])
        matrix = np.linalg.inv(_shrunk(onto)) @ turn @ _shrunk(size)
        if self.mirrored:
            matrix = _flipped(onto[1]) @ matrix @ _flipped(size[1])
        return Alignment(matrix[:2], self.agree, self.mirrored)


def agreeing(own: Corners, others: Corners) -> Agreeing:
    """What the corners of r pictures say of those of r others, one by one."""
    nearest, least = _nearest(own, others)
    order = np.argsort(least, axis=1, kind="stable")[:, :_MATCHES]
    there = np.take_along_axis(least, order, axis=1) < BITS
    here = np.take_along_axis(own.at, order, axis=1)
    onto = np.take_along_axis(others.at, np.take_along_axis(nearest, order, axis=1), axis=1)
    return Agreeing(*_on_one_pose(here, onto, there, (least <= _EQUAL).sum(axis=1)))


def refined(pose: Pose, own: Corners, other: Corners) -> Pose:
    """The pose that suits all corners best which lie on similar ones under it; of a pair, sets of one picture each.

    A pose comes from two corners in whole pixels; that of twenty lays previews on each other to half a pixel.
    """
    n, m = int(own.counts[0]), int(other.counts[0])
    rows, columns = np.nonzero(differing_bits(own.codes[0, :n], other.codes[0, :m]) <= _GUIDED)
    here, there = own.at[0, rows].astype(np.complex128), other.at[0, columns]
    factor, shift = pose.factor, pose.shift
    for _ in range(2):
        off = np.abs(factor * here + shift - there)
        order = np.lexsort((off, rows))[: len(rows)]
        nearest = order[np.flatnonzero(np.diff(rows[order], prepend=-1))]  # of every corner
        on = nearest[off[nearest] < _OFF]
        one, onto = here[on], there[on]
        if len(one) < _LEAST_GUIDED or np.ptp(one.real) + np.ptp(one.imag) < _APART:
            break
        centre, reached = one.mean(), onto.mean()
        apart = one - centre
        factor = complex(np.vdot(apart, onto - reached) / np.vdot(apart, apart).real)
        shift = complex(reached - factor * centre)
    return Pose(pose.agree, factor, shift, pose.mirrored)


def _nearest(own: Corners, others: Corners) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The nearest corner of the other picture to every corner, and how many bits differ; all where they are not each other's."""
    nearest, least = np.zeros(own.at.shape, np.int64), np.full(own.at.shape, BITS, np.int32)
    for some in _of_one(own.picture):
        n, k = own.counts[some.start], some.stop - some.start
        unlike = differing_bits(own.codes[some.start, :n], others.codes[some].reshape(k * SIGNATURES, -1))
        unlike = unlike.reshape(n, k, SIGNATURES)
        for i in np.flatnonzero(others.counts[some] < SIGNATURES).tolist():
            unlike[:, i, others.counts[some.start + i] :] = BITS
        to = unlike.argmin(axis=2)
        bits = np.take_along_axis(unlike, to[:, :, None], axis=2)[:, :, 0]
        back = unlike.min(axis=0, initial=BITS)[_EVERY[:k], to]
        nearest[some, :n] = to.T
        np.copyto(least[some, :n], bits.T, where=((bits <= back) & (bits <= _NEAR)).T)
    return nearest, least


def _of_one(pictures: NDArray[np.int64]) -> Iterator[slice]:
    """Rows of one picture that follow each other, few enough for the cache."""
    starts = np.flatnonzero(np.diff(pictures, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(pictures)], strict=True):
        for first in range(start, end, _TOGETHER):
            yield slice(first, min(first + _TOGETHER, end))


def _on_one_pose(
    here: NDArray[np.complex64], onto: NDArray[np.complex64], there: NDArray[np.bool_], equal: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.complex128], NDArray[np.complex128]]:
    """The most matches that agree on one pose, and that pose; matches are of shape (r, ``_MATCHES``), the nearest first."""
    from_, to = here[:, _OTHER] - here[:, _ONE], onto[:, _OTHER] - onto[:, _ONE]
    length, reached = np.abs(from_), np.abs(to)
    told = (
        there[:, _OTHER] & (length > _APART) & (reached > _APART)
    )  # the nearest come first: then the one is there too
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = np.where(told, to / from_, 1)
    scale = np.abs(turned)
    told &= (scale < _SCALE) & (scale > 1 / _SCALE)
    angle = np.angle(turned)
    told &= np.abs(angle - np.round(angle / (np.pi / 2)) * (np.pi / 2)) < _TURN
    agree = np.zeros(len(here), np.int64)
    factors, shifts = np.zeros(len(here), np.complex128), np.zeros(len(here), np.complex128)
    which, pose = np.nonzero(told)
    if not len(which):
        return agree, equal, factors, shifts
    factor = turned[which, pose]
    shift = onto[which, _ONE[pose]] - factor * here[which, _ONE[pose]]
    off = factor[:, None] * here[which] + shift[:, None] - onto[which]
    agreed = ((off.real**2 + off.imag**2 < _OFF**2) & there[which]).sum(axis=1)
    best = np.lexsort((np.arange(len(which)), -agreed, which))
    best = best[np.r_[True, which[best][1:] != which[best][:-1]]]
    agree[which[best]], factors[which[best]], shifts[which[best]] = agreed[best], factor[best], shift[best]
    return agree, equal, factors, shifts


def _shrunk(size: tuple[int, int]) -> NDArray[np.float64]:
    """From pixels of a preview to those that corners were sought in."""
    scale = min(1.0, SIGNATURE_SIDE / max(size))
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])


def _flipped(width: int) -> NDArray[np.float64]:
    return np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
