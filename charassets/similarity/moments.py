"""Frames of one moment: consecutive frames of a sequence or a scene that hardly differ count once.

What belongs here: which files are frames, and which of them show the moment of an earlier one. Not here: copies of one picture
(``duplicates``), and who is one character (``clusters``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ALIKE = 0.95
"""Least cosine of the figures of two frames of one moment; that of neighbouring avatars of one template stays below .91."""

_SECONDS = 2.0  # between two frames of a video that follow each other
_NUMBERED = r"^(?P<of>(?:.*/)?[^/]*[^/0-9])(?P<number>[0-9]{3,9})[.][^./]*$"  # ep01_0001.png, and not 1234567.jpg


@dataclass(frozen=True)
class Frames:
    """The place of n records in their sequences.

    Attributes:
        sequence: int64 (n,): the sequence of each; -1 for what is no frame.
        at: float64 (n,): its place in it.
        step: float64 (n,): how far the frame before may lie.
    """

    sequence: NDArray[np.int64]
    at: NDArray[np.float64]
    step: NDArray[np.float64]

    @classmethod
    def of(cls, records: pa.Table) -> "Frames":
        """From rows of ``raw_shards`` with source, item_key, episode, scene and time_s.

        Files are a sequence if their names end in three or more digits after something else, and their numbers follow each other.
        Frames of a video are one if they are of one scene and within two seconds.
        """
        files = pc.extract_regex(records["item_key"].cast(pa.string()), _NUMBERED)  # pyright: ignore[reportAttributeAccessIssue]
        filmed = pc.and_(records["time_s"].is_valid(), records["scene"].is_valid())  # pyright: ignore[reportAttributeAccessIssue]
        episode = pc.coalesce(records["episode"], records["item_key"])  # pyright: ignore[reportAttributeAccessIssue]
        scene = pc.binary_join_element_wise(episode, records["scene"].cast(pa.string()), "/")  # pyright: ignore[reportAttributeAccessIssue]
        prefix = pc.struct_field(files, "of")  # pyright: ignore[reportAttributeAccessIssue]
        name = pc.if_else(filmed, scene, prefix)  # pyright: ignore[reportAttributeAccessIssue]
        whole = pc.binary_join_element_wise(records["source"], name, ":")  # pyright: ignore[reportAttributeAccessIssue]
        codes = pa.chunked_array([whole]) if isinstance(whole, pa.Array) else whole
        sequence = codes.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        number = pc.struct_field(files, "number").cast(pa.float64())  # pyright: ignore[reportAttributeAccessIssue]
        at = pc.if_else(filmed, records["time_s"], number)  # pyright: ignore[reportAttributeAccessIssue]
        step = np.where(filmed.to_numpy(zero_copy_only=False), _SECONDS, 1.0)
        return cls(sequence.astype(np.int64), at.fill_null(0).to_numpy(zero_copy_only=False), step)


def moment_of(vectors: NDArray[np.float16], frames: Frames) -> NDArray[np.int64]:
    """For every record the row of the frame whose moment it shows, which is its own where it stands for itself.

    Walking along a sequence, a frame that follows the one before at once and is as like the frame that stands as ``ALIKE`` shows
    its moment; the first one that does not stands for what follows. A frame is compared with the one that stands and not with the
    one before, so that a slow pan ends.

    Args:
        vectors: (n, d), unit norm: the figures.
        frames: their places.
    """
    stands = np.arange(len(vectors))
    shown = np.flatnonzero(frames.sequence >= 0)
    shown = shown[np.lexsort((shown, frames.at[shown], frames.sequence[shown]))]
    near = (np.diff(frames.sequence[shown]) == 0) & (np.diff(frames.at[shown]) <= frames.step[shown[1:]])
    for before, row in zip(shown[:-1][near].tolist(), shown[1:][near].tolist(), strict=True):
        standing = int(stands[before])
        if float(vectors[standing].astype(np.float32) @ vectors[row].astype(np.float32)) >= ALIKE:
            stands[row] = standing
    return stands
