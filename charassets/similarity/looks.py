"""Close looks at many pairs of pictures, the latest pictures kept at hand.

What belongs here: looking, and the pictures at hand. Not here: how one pair is judged (``judgement``), in which order
(``looking_order``), and which pairs were judged before (``answers``).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.preview import decoded
from charassets.similarity.candidates import Pairs
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT, Judgement, Seen, judge
from charassets.similarity.looking_order import order_of
from charassets.similarity.previews import Load, Previews

ANSWER_NAMES = (DIFFERENT, VARIANT, DUPLICATE)
"""Answers by their code."""

IS_DIFFERENT, IS_VARIANT, IS_DUPLICATE = range(3)
NOT_SEEN = -1
"""Codes of answers; ``NOT_SEEN`` where nobody could look."""

DETAILS = pa.schema(
    [
        pa.field("mirrored", pa.bool_()),
        pa.field("grey", pa.bool_()),
        pa.field("cropped", pa.string()),
        pa.field("inliers", pa.int32()),
        pa.field("same", pa.float32()),
        pa.field("changed", pa.float32()),
        pa.field("turn", pa.float32()),
        pa.field("box", pa.list_(pa.float32(), 4)),
    ]
)
"""What a close look measured, where the pictures are not different."""

_SEEN = 500  # pictures with keypoints at hand: 350 kB each


@dataclass(frozen=True)
class Looked:
    """Answers about p pairs.

    Attributes:
        answers: int8, shape (p,): codes.
        details: schema ``DETAILS``, a row for each pair that is a copy or a variant, in the order of the pairs.
    """

    answers: NDArray[np.int8]
    details: pa.Table


Look = Callable[[pa.Array, Pairs, NDArray[np.int32], NDArray[np.int32]], Looked]
"""From content ids, pairs of their places, differing bits of the hashes and of one's and the other's mirror image, to answers."""


def nobody_looks(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
    """No answer about any pair: the two keys have to decide."""
    return Looked(np.full(len(pairs), NOT_SEEN, np.int8), DETAILS.empty_table())


def close_look(load: Load) -> Look:
    """Compares previews.

    Args:
        load: where they come from; pairs of which one has none are not answered.
    """

    def look(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
        asked, ends = np.unique(pairs, return_inverse=True)
        ends = ends.reshape(pairs.shape)
        previews = load(contents.take(pa.array(asked)))
        album = _Album(previews)
        answers = np.full(len(pairs), NOT_SEEN, np.int8)
        lines: dict[int, tuple] = {}
        seen = np.logical_and(previews.there[ends[:, 0]], previews.there[ends[:, 1]])
        order = order_of(ends, len(asked))
        for i in order[seen[order]].tolist():
            left, right = ends[i].tolist()
            found = judge(album.seen(left), album.seen(right), int(bits[i]), int(mirrored_bits[i]))
            answers[i] = ANSWER_NAMES.index(found.answer)
            if found.answer != DIFFERENT:
                lines[i] = _line(found)
        rows = [lines[i] for i in sorted(lines)]
        columns = zip(*rows, strict=True) if rows else ([] for _ in DETAILS)
        return Looked(answers, pa.table([pa.array(c, f.type) for c, f in zip(columns, DETAILS, strict=True)], DETAILS))

    return look


def _line(found: Judgement) -> tuple:
    if found.agreement is None or found.alignment is None:
        return (False, False, None, None, None, None, None, None)
    seen = found.agreement
    told = (found.mirrored, found.grey, found.cropped, found.alignment.inliers)
    return (*told, seen.same, seen.changed, seen.turn, list(seen.box))


class _Album:
    """Pictures as they are compared, the latest kept at hand."""

    def __init__(self, previews: Previews) -> None:
        self._previews = previews
        self._seen: OrderedDict[int, Seen] = OrderedDict()

    def seen(self, place: int) -> Seen:
        if place not in self._seen:
            self._seen[place] = Seen.of(decoded(self._previews[place]))
            if len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
        self._seen.move_to_end(place)
        return self._seen[place]
