"""A look at the signatures of two pictures before the close look: most neighbours by embedding share no corner, and are different.

What belongs here: ruling pairs out. Not here: finding pairs that share corners (``words``), and the close look (``looks``).

Finding the keypoints of a picture takes ten times as long as anything else about a pair; signatures are there already. Of 7,324
pairs of portraits and their copies whose hashes are far apart 6,535 are different: this rules out 80 % of those, 2 of 205 copies
and 3 of 84 variants.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES
from charassets.similarity.previews import Previews

LoadSignatures = Callable[[pa.Array], tuple[Previews, Previews]]
"""Signatures of contents and of their mirror images, by their place in the array of content ids that is asked about."""

_BITS = SIGNATURE_BYTES * 8
_NEAR, _NEAR_CORNERS = (
    14,
    2,
)  # differing bits of two signatures that are each other's nearest, and how many such are enough
_NEARER = 10  # of which one is enough
_FAR, _FAR_CORNERS = 22, 20  # many that are less near are as good
_AT_ONCE = 64  # others compared at a time, 10 MB: a picture may be the neighbour of thousands
_TELLING = 32  # corners a picture must have for their absence in another to tell anything


class FirstLook:
    """Which pairs of contents share so few corners that no close look is needed.

    Args:
        load: where the signatures come from.
        contents: the content ids that are asked about, each once.
    """

    def __init__(self, load: LoadSignatures, contents: pa.Array) -> None:
        self._straight, self._mirrored = load(contents)

    def rules_out(self, left: int, rights: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a picture is different from each of some others, shape (r,).

        A picture without enough corners, or without signatures, rules nothing out.

        Args:
            left: its place among the contents.
            rights: shape (r,), those of the others.
        """
        found = np.zeros(len(rights), bool)
        own = self._corners(self._straight, left)
        if len(own) < _TELLING:
            return found
        for first in range(0, len(rights), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            found[some] = self._unlike(own, rights[some])
        return found

    def _unlike(self, own: NDArray[np.float32], rights: NDArray[np.int64]) -> list[bool]:
        others = [self._corners(side, right) for right in rights.tolist() for side in (self._straight, self._mirrored)]
        unlike = (_BITS - own @ np.concatenate(others).T) / 2
        ends = np.cumsum([0, *(len(corners) for corners in others)])
        found = []
        for i in range(len(rights)):
            sides = [unlike[:, ends[k] : ends[k + 1]] for k in (2 * i, 2 * i + 1)]
            found.append(min(side.shape[1] for side in sides) >= _TELLING and not any(_share(side) for side in sides))
        return found

    def _corners(self, side: Previews, place: int) -> NDArray[np.float32]:
        """Corners as rows of +1 and -1: the inner product of two is their number of bits less twice those that differ."""
        if not side.there[place]:
            return np.empty((0, _BITS), np.float32)
        bits = np.unpackbits(np.frombuffer(side[place], np.uint8)).reshape(-1, _BITS)
        return bits.astype(np.float32) * 2 - 1


def _share(unlike: NDArray[np.floating]) -> bool:
    """Whether two pictures share corners, from the differing bits of each with each."""
    nearest = unlike.argmin(axis=1)
    least = unlike[np.arange(len(unlike)), nearest]
    if (least <= _FAR).sum() < _FAR_CORNERS and least.min() > _NEAR:
        return False
    near = least[unlike[:, nearest].min(axis=0) == least]
    return bool(
        (near <= _NEAR).sum() >= _NEAR_CORNERS or (near <= _NEARER).any() or (near <= _FAR).sum() >= _FAR_CORNERS
    )
