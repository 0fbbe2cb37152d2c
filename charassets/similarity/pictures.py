"""What the duplicate rule knows of pictures, as a table and as arrays.

What belongs here: hashes, embeddings, and the order in which copies are worth keeping. Not here: which pairs are compared, and
what people said of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs
from charassets.similarity.places import Places
from charassets.similarity.vectors import Embeddings, Vectors

PICTURES = pa.schema(
    [
        pa.field("record_id", pa.string(), False),
        pa.field("image_id", pa.string()),
        pa.field("single", pa.bool_(), False),
        pa.field("phash", pa.uint64()),
        pa.field("phash_mirrored", pa.uint64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("frame_box", pa.list_(pa.int32(), 4)),
        pa.field("alpha_coverage", pa.float32()),
        pa.field("sharpness", pa.float32()),
        pa.field("tags", pa.int32(), False),
    ]
)
"""What the rule knows of a picture; ``tags`` is their number, ``single`` the gate's verdict."""

HASH_BITS = 64
"""Bits of a perceptual hash."""

_PAIR_BLOCK = 8_192


@dataclass(frozen=True)
class Measured:
    """The pictures as arrays of length n.

    Attributes:
        content: place of each picture's content among ``contents``, -1 where it has no content id.
        contents: content ids, sorted, each once.
        phash: perceptual hashes, 0 where there is none.
        mirrored: those of the mirror images.
        hashed: whether there is a hash.
        rank: 0 for the best keeper.
        vectors: embeddings.
    """

    content: NDArray[np.int64]
    contents: pa.Array
    phash: NDArray[np.uint64]
    mirrored: NDArray[np.uint64]
    hashed: NDArray[np.bool_]
    rank: NDArray[np.int64]
    vectors: Vectors | Embeddings

    @classmethod
    def of(cls, pictures: pa.Table, vectors: Vectors | Embeddings) -> "Measured":
        """From the rows of ``PICTURES``."""
        others = pictures["single"].to_numpy().astype(np.int8) ^ 1
        keys = pa.table(
            [
                others,
                areas(pictures),
                cut_out(pictures),
                told_sharpness(pictures["sharpness"].to_numpy()),
                *pictures.select(["tags", "record_id"]).columns,
                np.arange(len(others)),
            ],
            list("oacstri"),
        )
        falling = [(name, "descending") for name in "acst"]
        order = keys.sort_by([("o", "ascending"), *falling, ("r", "ascending")])["i"].to_numpy()
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        contents = pictures["image_id"].unique().drop_null()
        contents = contents.take(pc.array_sort_indices(contents))  # pyright: ignore[reportAttributeAccessIssue]
        content = Places(contents).of(pictures["image_id"])
        hashed = pictures["phash"].is_valid().to_numpy()
        phash, mirrored = (
            pictures[name].fill_null(0).to_numpy().astype(np.uint64) for name in ("phash", "phash_mirrored")
        )
        return cls(content, contents, phash, mirrored, hashed, rank, vectors)

    def cosines(self, pairs: Pairs) -> NDArray[np.float32]:
        """Similarity of the pairs' embeddings, NaN where one has none."""
        import torch

        cosine = np.full(len(pairs), np.nan, np.float32)
        apart = np.flatnonzero(pairs[:, 0] != pairs[:, 1])
        if not len(apart):
            return cosine
        asked, place = np.unique(pairs[apart], return_inverse=True)
        vectors = self.vectors.of(asked)
        row = np.full((2, len(pairs)), -1)
        row[:, apart] = vectors.row[place.reshape(-1, 2)].T
        other = np.flatnonzero((row >= 0).all(axis=0))
        stored = torch.from_numpy(vectors.values)
        for part in _parts(other):
            a, b = (torch.index_select(stored, 0, torch.from_numpy(r[part])).float().numpy() for r in row)
            cosine[part] = np.einsum("nd,nd->n", a, b)
        return np.minimum(cosine, 1.0)

    def bits(self, pairs: Pairs, *, mirrored: bool = False) -> NDArray[np.int32]:
        """Differing bits of the pairs' hashes, or of one's and the other's mirror image; 65 without hashes."""
        right = self.mirrored if mirrored else self.phash
        bits = np.bitwise_count(self.phash[pairs[:, 0]] ^ right[pairs[:, 1]]).astype(np.int32)
        bits[~(self.hashed[pairs[:, 0]] & self.hashed[pairs[:, 1]])] = HASH_BITS + 1
        return bits


def areas(pictures: pa.Table) -> NDArray[np.int64]:
    """Pixels of each picture, shape (n,), without the plain frame or bars around it."""
    whole = pictures["width"].to_numpy().astype(np.int64) * pictures["height"].to_numpy()
    framed = pictures["frame_box"].is_valid().to_numpy()
    boxes = pictures["frame_box"].drop_null().combine_chunks().flatten().to_numpy().reshape(-1, 4).astype(np.int64)
    whole[framed] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return whole


def told_sharpness(sharpness: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Sharpness to two digits, any shape: what differs by less is as sharp, as are mirror images and fine JPEGs."""
    values = np.asarray(sharpness, np.float64)
    step = 10.0 ** (np.floor(np.log10(np.maximum(values, 1e-9))) - 1)
    return np.where(values > 0, np.round(values / step) * step, values)


def cut_out(pictures: pa.Table) -> NDArray[np.int8]:
    """1 for each picture that is transparent somewhere, shape (n,): it can be laid on any ground, and the copies that were."""
    return (pictures["alpha_coverage"].fill_null(1.0).to_numpy() < 1).astype(np.int8)


def _parts(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (indices[i : i + _PAIR_BLOCK] for i in range(0, len(indices), _PAIR_BLOCK))
