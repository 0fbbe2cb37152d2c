"""What close looks at pairs of pictures answer, and what they measured.

What belongs here: the form of questions and answers. Not here: how an answer is found (``judgement``), and who looks (``looks``).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT

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


@dataclass(frozen=True)
class Looked:
    """Answers about p pairs.

    Attributes:
        answers: int8, shape (p,): codes.
        details: schema ``DETAILS``, a row for each pair that is a copy or a variant, in the order of the pairs.
    """

    answers: NDArray[np.int8]
    details: pa.Table

    def details_of_all(self) -> pa.Table:
        """A row for each pair, nulls where they are different or nobody could look."""
        alike = self.answers > IS_DIFFERENT
        return self.details.take(pa.array(np.cumsum(alike) - 1, mask=~alike))


Look = Callable[[pa.Array, Pairs, NDArray[np.int32], NDArray[np.int32]], Looked]
"""From content ids, pairs of their places, differing bits of the hashes and of one's and the other's mirror image, to answers."""


def nobody_looks(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
    """No answer about any pair: the two keys have to decide."""
    return Looked(np.full(len(pairs), NOT_SEEN, np.int8), DETAILS.empty_table())
