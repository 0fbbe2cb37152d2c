"""Looks at pairs of pictures, one after another in the calling thread.

What belongs here: looking at the pairs of a block. Not here: how one pair is judged (``judgement``), which pairs are looked at and
in which order, and who looks (``looks``, ``look_crew``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.album import Album
from charassets.similarity.candidates import Pairs
from charassets.similarity.first_look import FirstLook, Glance
from charassets.similarity.judgement import DIFFERENT, Judgement, judge
from charassets.similarity.looked import ANSWER_NAMES, DETAILS, Looked
from charassets.similarity.shown import Shown

_BITS = ("left", "right", "bits", "mirrored_bits")


@dataclass(frozen=True)
class Asked:
    """What is known of p pairs that are to be looked at.

    Attributes:
        pairs: shape (p, 2), places of pictures.
        bits: int32, shape (p,): differing bits of their hashes.
        mirrored_bits: of one's and the other's mirror image.
        seen: what their corners say; None where nobody looked at those.
    """

    pairs: Pairs
    bits: NDArray[np.int32]
    mirrored_bits: NDArray[np.int32]
    seen: Glance | None

    def of(self, rows: NDArray[np.int64]) -> "Asked":
        """Some of them, in any order."""
        seen = None if self.seen is None else self.seen.of(rows)
        return Asked(self.pairs[rows], self.bits[rows], self.mirrored_bits[rows], seen)

    def table(self) -> pa.Table:
        """As a table."""
        columns = dict(zip(_BITS, (*self.pairs.T, self.bits, self.mirrored_bits), strict=True))
        return pa.table({**columns, **({} if self.seen is None else self.seen.columns())})

    @classmethod
    def read(cls, table: pa.Table) -> "Asked":
        """From such a table."""
        left, right, bits, mirrored_bits = (table[name].to_numpy() for name in _BITS)
        others = table.drop_columns(list(_BITS))
        return cls(
            np.stack([left, right], axis=1), bits, mirrored_bits, Glance.read(others) if others.num_columns else None
        )


class Looker:
    """Looks at pairs of some pictures, of which the latest are kept ready.

    Args:
        shown: what is known of the pictures.
    """

    def __init__(self, shown: Shown) -> None:
        self._album = None if shown.previews is None else Album(shown.previews)
        self._corners = None if shown.corners is None else FirstLook(shown.corners)

    def glance(self, pairs: Pairs) -> Glance:
        """What corners say of pairs."""
        assert self._corners is not None  # noqa: S101 - who asks gave corners
        return self._corners.glance(pairs)

    def look(self, asked: Asked) -> Looked:
        """Judge pairs of which both pictures have a preview."""
        answers, lines = np.empty(len(asked.pairs), np.int8), []
        for i, pair in enumerate(asked.pairs):
            found = self._judged(asked, i, pair)
            answers[i] = ANSWER_NAMES.index(found.answer)
            if found.answer != DIFFERENT:
                lines.append(_line(found))
        columns = zip(*lines, strict=True) if lines else ([] for _ in DETAILS)
        details = pa.table([pa.array(c, f.type) for c, f in zip(columns, DETAILS, strict=True)], schema=DETAILS)
        return Looked(answers, details)

    def _judged(self, asked: Asked, i: int, pair: NDArray[np.int64]) -> Judgement:
        assert self._album is not None  # noqa: S101 - who asks gave previews
        pose = self._corners.pose(pair, asked.seen, i) if self._corners and asked.seen else None
        left, right = (self._album.seen(place) for place in pair.tolist())
        return judge(left, right, int(asked.bits[i]), int(asked.mirrored_bits[i]), pose)


def _line(found: Judgement) -> tuple:
    if found.alignment is None:
        return (False, False, None, None, None, None, None, None)
    told, seen = (found.mirrored, found.grey, found.cropped, found.alignment.inliers), found.agreement
    return (
        (*told, None, None, None, None) if seen is None else (*told, seen.same, seen.changed, seen.turn, list(seen.box))
    )


@contextmanager
def in_the_calling_thread() -> Iterator[None]:
    """Keep matrix products and OpenCV to the thread that calls them: with small pictures their own threads do little but wait."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
