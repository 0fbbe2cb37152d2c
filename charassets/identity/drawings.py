"""Is it a drawing that the gallery knows? A copy of a reference, resized, cropped or mirrored, shows its character for certain.

What belongs here: which references are worth a close look, and what it decides. Not here: the close look itself
(``charassets.similarity.judgement``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES, signatures
from charassets.images.phash import hamming
from charassets.images.preview import Preview, decoded
from charassets.similarity.first_look import Sides, pose_of
from charassets.similarity.judgement import DUPLICATE, Seen, judge

HASH_BITS = 10
"""Most differing bits of two hashes that are looked at."""

CORNER_BITS = 22
"""Differing bits, of 96, below which two corners may be one; nearer ones weigh more. Of 131 half-size, re-cropped copies 118 are
first by this vote and 124 among the first six; by exact words of 24 bits, 113 share two with their original at all."""

MOST_LOOKS = 6
"""References looked at because of their corners or hash, the likeliest first."""

_NEIGHBOURS = 8  # corners of references that each corner of a picture votes for
_FEW_CORNERS = 16  # a reference of fewer corners is not called likely for one that agrees
_FLAT_UP_TO = 300_000  # corners compared one by one: 50 ms a picture; beyond, those that share 24 bits but for one
_MAPS, _MAP_BITS = 4, 24


@dataclass(frozen=True)
class Picture:
    """What is stored of a picture for comparing it with others.

    Attributes:
        phash: perceptual hash. phash_mirrored: of its mirror image.
        signatures: corners of the drawing. signatures_mirrored: of its mirror image.
        preview: the picture as WebP of at most 224 px.
    """

    phash: int
    phash_mirrored: int
    signatures: bytes
    signatures_mirrored: bytes
    preview: bytes


class Drawings:
    """The drawings of a gallery's references.

    Args:
        phash: hash of each of r references, None where there is no picture.
        signatures: their corners.
        previews: their previews; a reference without one is never looked at.
    """

    def __init__(
        self, phash: Sequence[int | None], signatures: Sequence[bytes | None], previews: Sequence[bytes | None]
    ) -> None:
        self._phash = np.array([value or 0 for value in phash], np.uint64)
        self._shown = np.array([p is not None and h is not None for p, h in zip(previews, phash, strict=True)], bool)
        self._previews = previews
        corners = [np.frombuffer(cell or b"", np.uint8).reshape(-1, SIGNATURE_BYTES) for cell in signatures]
        self._corners = np.concatenate([np.empty((0, SIGNATURE_BYTES), np.uint8), *corners])
        self._counts = np.array([len(c) for c in corners], np.int64)
        self._owner = np.repeat(np.arange(len(corners)), self._counts)
        self._seen = lru_cache(maxsize=512)(self._look)

    def repeated(self, picture: Picture, near: Sequence[int] = ()) -> int | None:
        """The reference whose drawing the picture repeats; None where it repeats none.

        Args:
            picture: the picture.
            near: references to look at besides, the most promising first.
        """
        looks = self._worth(picture, near)
        if not looks:
            return None
        asked = _Shown.of(decoded(picture.preview))
        for row in looks:
            bits, mirrored = (
                int(hamming(np.uint64(h), self._phash[row])) for h in (picture.phash, picture.phash_mirrored)
            )
            known = self._seen(row)
            pose = pose_of(asked.corners, known.corners)
            if judge(asked.seen, known.seen, bits, mirrored, pose, thorough=True).answer == DUPLICATE:
                return row
        return None

    def _worth(self, picture: Picture, near: Sequence[int]) -> list[int]:
        if not self._shown.any():
            return []
        votes = np.maximum(self._votes(picture.signatures), self._votes(picture.signatures_mirrored))
        bits = np.minimum(*(hamming(self._phash, np.uint64(h)) for h in (picture.phash, picture.phash_mirrored)))
        votes = np.where(bits <= HASH_BITS, votes + CORNER_BITS * (1 + HASH_BITS - bits.astype(np.float64)), votes)
        likely = np.argsort(-votes, kind="stable")[:MOST_LOOKS]
        looks = dict.fromkeys([*likely[votes[likely] > 0].tolist(), *near])
        return [row for row in looks if self._shown[row]]

    def _votes(self, signatures: bytes) -> NDArray[np.float64]:
        """How many corners of the picture are found in each reference, nearer ones weighing more, for the size of the reference."""
        asked = np.frombuffer(signatures or b"", np.uint8).reshape(-1, SIGNATURE_BYTES)
        if not len(asked) or not len(self._corners):
            return np.zeros(len(self._phash))
        bits, near = self._index.search(np.ascontiguousarray(asked), _NEIGHBOURS)
        weight = np.where(near >= 0, np.maximum(0, CORNER_BITS + 2 - bits), 0) * (bits <= CORNER_BITS)
        owner = self._owner[np.maximum(near, 0)]
        best = np.zeros((len(asked), len(self._phash)))
        np.maximum.at(best, (np.arange(len(asked))[:, None], owner), weight)  # a corner votes once for a reference
        return best.sum(axis=0) / np.sqrt(np.maximum(self._counts, _FEW_CORNERS))

    @cached_property
    def _index(self) -> Any:  # noqa: ANN401 - one of two kinds of faiss index
        import faiss

        width = 8 * SIGNATURE_BYTES
        flat = len(self._corners) <= _FLAT_UP_TO
        index = faiss.IndexBinaryFlat(width) if flat else faiss.IndexBinaryMultiHash(width, _MAPS, _MAP_BITS)
        if not flat:
            index.nflip = 1  # pyright: ignore[reportAttributeAccessIssue]
        index.add(np.ascontiguousarray(self._corners))  # pyright: ignore[reportCallIssue]
        return index

    def _look(self, row: int) -> "_Shown":
        preview = self._previews[row]
        assert preview is not None  # noqa: S101 - only shown references are worth a look
        return _Shown.of(decoded(preview))


@dataclass(frozen=True)
class _Shown:
    """A picture as it is compared, and its corners."""

    seen: Seen
    corners: Sides

    @classmethod
    def of(cls, preview: Preview) -> "_Shown":
        return cls(Seen(preview), signatures(preview))
