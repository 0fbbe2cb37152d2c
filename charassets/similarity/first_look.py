"""A look at the corners of two pictures before the close look: most pairs have no arrangement of corners in common.

What belongs here: ruling pairs out. Not here: finding pairs that share corners (``shared_words``), and the close look (``looks``).

Finding the keypoints of a picture takes ten times as long as anything else about a pair; corners are there already. A hat, an eye
or a border is found in many pictures of one hand: corners alone say little, their arrangement says it. Of two pictures of one
drawing many corners lie on each other after one shift, scaling and quarter turn.

Of portraits and copies of all kinds whose hashes are far apart this rules out 98.6 % of 3,433 pairs that are different, 2 of 205
copies (small ones, cut anew and repainted) and 7 of 83 variants; of flat drawings of one generator, which share hats and eyes,
89 % of those that are different.

References:
    Lowe (2004), Distinctive image features from scale-invariant keypoints: clusters of matches that agree on a pose.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES, SIGNATURES
from charassets.similarity.previews import Previews

LoadCorners = Callable[[pa.Array], tuple[Previews, ...]]
"""Signatures of contents and of their mirror images, and the places of both, by place in the array of content ids asked about."""

PLACED = ("signature_places", "signature_places_mirrored")
"""Columns of the places of corners in pictures and in their mirror images."""

_BITS = SIGNATURE_BYTES * 8
_NEAR = 26  # differing bits of two signatures that are each other's nearest
_MATCHES, _TELLING_MATCHES = 32, 16  # the nearest that are asked whether they agree; that poses are taken from
_AGREE = 7  # matches that agree on a pose from which on a pair is looked at
_FEW_AGREE, _EQUAL, _EQUALS = (
    5,
    10,
    3,
)  # or fewer, where so many of the nearest differ in so few bits that they are one corner
_OFF = 3.0  # px that a corner may lie off its place
_APART = 8.0  # px between two corners that tell a pose
_TURN = 0.2  # radians off a quarter turn
_SCALE = 5.0  # times
_AT_ONCE = 16  # others compared at a time: what they need stays in the cache
_TELLING = 32  # corners a picture must have for their absence in another to tell anything

_ONE, _OTHER = np.triu_indices(_TELLING_MATCHES, 1)


class FirstLook:
    """Which pairs of contents have so few corners in one arrangement that no close look is needed.

    Args:
        load: where the corners come from.
        contents: the content ids that are asked about, each once.
    """

    def __init__(self, load: LoadCorners, contents: pa.Array) -> None:
        straight, mirrored, at, at_mirrored = load(contents)
        self._sides = (straight, at), (mirrored, at_mirrored)

    def rules_out(self, left: int, rights: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a picture is different from each of some others, shape (r,).

        A picture without enough corners, or without signatures, rules nothing out.

        Args:
            left: its place among the contents.
            rights: shape (r,), those of the others.
        """
        found = np.zeros(len(rights), bool)
        own, at, count = self._corners(0, left)
        if count < _TELLING:
            return found
        for first in range(0, len(rights), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            found[some] = self._unlike(own[:count], at, rights[some])
        return found

    def _unlike(
        self, own: NDArray[np.float32], at: NDArray[np.complex64], rights: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        others = [self._corners(side, right) for right in rights.tolist() for side in (0, 1)]
        corners, places, counts = (np.stack(part) for part in zip(*others, strict=True))
        told = (counts >= _TELLING).reshape(-1, 2).all(axis=1)
        agree, equal = agreeing(own, at, corners, places)
        likely = (agree >= _AGREE) | ((agree >= _FEW_AGREE) & (equal >= _EQUALS))
        return np.logical_and(told, ~likely.reshape(-1, 2).any(axis=1))

    def _corners(self, side: int, place: int) -> tuple[NDArray[np.float32], NDArray[np.complex64], int]:
        """Corners as rows of +1 and -1, their places as complex numbers, and how many; filled up with zeros to ``SIGNATURES``."""
        corners = np.zeros((SIGNATURES, _BITS), np.float32)
        places = np.zeros(SIGNATURES, np.complex64)
        signed, placed = self._sides[side]
        if not (signed.there[place] and placed.there[place]):
            return corners, places, 0
        bits = np.unpackbits(np.frombuffer(signed[place], np.uint8)).reshape(-1, _BITS)
        corners[: len(bits)] = bits
        corners[: len(bits)] *= 2
        corners[: len(bits)] -= 1
        x, y = np.frombuffer(placed[place], np.uint8).reshape(-1, 2).T
        places[: len(bits)] = x + 1j * y
        return corners, places, len(bits)


def agreeing(
    own: NDArray[np.float32],
    at: NDArray[np.complex64],
    others: NDArray[np.float32],
    places: NDArray[np.complex64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many corners of a picture lie on those of each of some others, under the shift, scaling and turn that suits most.

    Args:
        own: shape (c, b): corners as rows of +1 and -1, so that the inner product of two is b less twice the bits that differ.
        at: shape (c or more,): their places.
        others: shape (r, m, b): those of the others; rows of zeros are none.
        places: shape (r, m): their places.

    Returns:
        Both of shape (r,): how many, and how many are all but equal to one of the other's, wherever they lie.
    """
    r, m, b = others.shape
    unlike = ((b - own @ others.reshape(-1, b).T) / 2).reshape(len(own), r, m)
    nearest = unlike.argmin(axis=2)
    least = np.take_along_axis(unlike, nearest[:, :, None], axis=2)[:, :, 0]
    best = np.take_along_axis(unlike.min(axis=0), nearest.T, axis=1).T
    least[(best < least) | (least > _NEAR)] = b  # not each other's nearest, or far
    order = np.argsort(least, axis=0, kind="stable")[:_MATCHES]
    there = (np.take_along_axis(least, order, axis=0) < b).T
    here = at[order].T
    onto = np.take_along_axis(places, np.take_along_axis(nearest, order, axis=0).T, axis=1)
    return _on_one_pose(here, onto, there), (least <= _EQUAL).sum(axis=0)


def _on_one_pose(
    here: NDArray[np.complex64], onto: NDArray[np.complex64], there: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The most matches that agree on one pose; all of shape (r, matches), the nearest first."""
    if here.shape[1] < _TELLING_MATCHES:
        wider = ((0, 0), (0, _TELLING_MATCHES - here.shape[1]))
        here, onto, there = np.pad(here, wider), np.pad(onto, wider), np.pad(there, wider)
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
    found = np.zeros(len(here), np.int64)
    which, pose = np.nonzero(told)
    if not len(which):
        return found
    factor = turned[which, pose]
    shift = onto[which, _ONE[pose]] - factor * here[which, _ONE[pose]]
    off = factor[:, None] * here[which] + shift[:, None] - onto[which]
    agree = ((off.real**2 + off.imag**2 < _OFF**2) & there[which]).sum(axis=1)
    np.maximum.at(found, which, agree)
    return found
