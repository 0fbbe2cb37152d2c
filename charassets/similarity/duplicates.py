"""Groups of copies of one picture: stars, in which every member was compared with its keeper.

What belongs here: the rule that says which pictures are the same and which copy is kept. Not here: which records are
looked at at all (the stage's gate) and where their measurements come from.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.schema import NEAR_DUPLICATES
from charassets.similarity.knn import build_graph
from charassets.similarity.vectors import Vectors

PICTURES = pa.schema(
    [
        pa.field("record_id", pa.string(), False),
        pa.field("image_id", pa.string()),
        pa.field("phash", pa.uint64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("sharpness", pa.float32()),
        pa.field("tags", pa.int32(), False),
    ]
)
"""What the rule knows of a picture; ``tags`` is their number."""

_HASH_BITS = 64
_ROTATIONS = range(0, _HASH_BITS, 8)
_HASH_WINDOW = 4  # hashes compared with in each sorted order
_SLACK = 0.01  # an approximate score is off by less; the pair is scored again exactly
_PAIR_BLOCK = 65_536
_ALONE = "no copy found"


@dataclass(frozen=True)
class DuplicateRule:
    """When two pictures are the same: both keys have to agree.

    Attributes:
        cosine: least similarity of their embeddings.
        phash_bits: most differing bits of their perceptual hashes. Ten bits alone would join 125,000 strangers among five
            million pictures, a similarity alone every costume of a character: hence both.
        neighbours: nearest neighbours of each picture that are looked at.
    """

    cosine: float
    phash_bits: int
    neighbours: int


def group_duplicates(pictures: pa.Table, vectors: Vectors, rule: DuplicateRule) -> pa.Table:
    """The duplicate group of every picture.

    Exact copies (equal ``image_id``) come first: one of them stands for all. Pairs that the neighbour graph or neighbouring
    hashes propose are confirmed by the rule and make connected components; in each the best picture that is left becomes a
    keeper and takes the pictures that the rule confirms *with it*, until none is left. Hence no chain of near misses welds
    strangers, and the groups do not depend on the order of the rows.

    Args:
        pictures: schema ``PICTURES``, one row a record, each record once.
        vectors: their embeddings; a picture without one has exact copies only.
        rule: when two pictures are the same.

    Returns:
        Rows of ``near_duplicates`` in the order of ``pictures``. The keeper is the largest by area, then the sharpest, then
        the one with most tags, then the first by ``record_id``.
    """
    measured = _Measured.of(pictures, vectors)
    original = _exact_originals(measured)
    keeper = _stars(measured, rule, np.flatnonzero(original == np.arange(len(original))))[original]
    return _rows(pictures, measured, keeper, original)


@dataclass(frozen=True)
class _Measured:
    """The pictures as arrays of length n; ``rank`` is 0 for the best keeper."""

    content: NDArray[np.int64]
    phash: NDArray[np.uint64]
    hashed: NDArray[np.bool_]
    rank: NDArray[np.int64]
    vectors: Vectors

    @classmethod
    def of(cls, pictures: pa.Table, vectors: Vectors) -> "_Measured":
        area = pictures["width"].to_numpy().astype(np.int64) * pictures["height"].to_numpy()
        keys = pa.table(
            [area, *pictures.select(["sharpness", "tags", "record_id"]).columns, np.arange(len(area))], list("astri")
        )
        by_merit = keys.sort_by([("a", "descending"), ("s", "descending"), ("t", "descending"), ("r", "ascending")])
        order = by_merit["i"].to_numpy()
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        codes = pictures["image_id"].combine_chunks().dictionary_encode().indices
        content = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        hashed = pictures["phash"].is_valid().to_numpy()
        phash = pictures["phash"].fill_null(0).to_numpy().astype(np.uint64)
        return cls(content, phash, hashed, rank, vectors)

    def agreement(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
        """Cosine (NaN without embeddings) and differing bits (64 + 1 without hashes) of the pairs."""
        cosine = np.full(len(left), np.nan, np.float32)
        rows = self.vectors.row[left], self.vectors.row[right]
        known = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
        for part in _parts(known):
            a, b = (self.vectors.values[r[part]].astype(np.float32) for r in rows)
            cosine[part] = np.einsum("nd,nd->n", a, b)
        bits = np.bitwise_count(self.phash[left] ^ self.phash[right]).astype(np.int32)
        bits[~(self.hashed[left] & self.hashed[right])] = _HASH_BITS + 1
        return np.minimum(cosine, 1.0), bits

    def same(self, left: NDArray[np.int64], right: NDArray[np.int64], rule: DuplicateRule) -> NDArray[np.bool_]:
        """Which pairs the rule confirms."""
        cosine, bits = self.agreement(left, right)
        return (cosine >= rule.cosine) & (bits <= rule.phash_bits)


def _parts(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (indices[i : i + _PAIR_BLOCK] for i in range(0, len(indices), _PAIR_BLOCK))


def _exact_originals(measured: _Measured) -> NDArray[np.int64]:
    """For every picture the best-ranked one with the same bytes (itself, where there is no other)."""
    original = np.arange(len(measured.rank))
    order = np.lexsort((measured.rank, measured.content))
    content = measured.content[order]
    first = np.r_[True, content[1:] != content[:-1]] if len(order) else np.empty(0, bool)
    leader = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    known = content >= 0
    original[order[known]] = leader[known]
    return original


def _stars(measured: _Measured, rule: DuplicateRule, among: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every picture its keeper; only those of ``among`` are compared, the others keep themselves."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(measured.rank)
    keeper = np.arange(n)
    pairs = _candidates(measured, rule, among)
    pairs = pairs[measured.same(pairs[:, 0], pairs[:, 1], rule)]
    if not len(pairs):
        return keeper
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(edges, directed=False)
    touched = np.unique(pairs)
    order = touched[np.lexsort((measured.rank[touched], component[touched]))]
    starts = np.flatnonzero(np.diff(component[order])) + 1
    for members in np.split(order, starts):
        left = members
        while len(left):
            best = np.full(len(left), left[0])
            joined = measured.same(left, best, rule)
            joined[0] = True
            keeper[left[joined]] = left[0]
            left = left[~joined]
    return keeper


def _candidates(measured: _Measured, rule: DuplicateRule, among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs worth confirming, from both keys: int64, shape (p, 2)."""
    searched = among[(measured.vectors.row[among] >= 0) & measured.hashed[among]]
    graph = build_graph(measured.vectors.values[measured.vectors.row[searched]], rule.neighbours)
    by_vector = searched[graph.pairs(rule.cosine - _SLACK)]
    by_hash = searched[_neighbouring_hashes(measured.phash[searched], measured.rank[searched], rule.phash_bits)]
    return np.concatenate([by_vector, by_hash])


def _neighbouring_hashes(hashes: NDArray[np.uint64], rank: NDArray[np.int64], most_bits: int) -> NDArray[np.int64]:
    """Pairs of close hashes that stand side by side when sorted from eight different first bits.

    It finds copies that more similar pictures crowd out of the neighbour graph (a sheet of expressions), and cannot be
    flooded by a popular hash, such as that of a blank picture, as buckets can.
    """
    found = [np.empty((0, 2), np.int64)]
    for bits in _ROTATIONS:
        rotated = hashes if bits == 0 else (hashes << np.uint64(bits)) | (hashes >> np.uint64(_HASH_BITS - bits))
        order = np.lexsort((rank, rotated))  # equal hashes by rank: the order of the rows must not matter
        for step in range(1, min(_HASH_WINDOW, len(order) - 1) + 1):
            left, right = order[:-step], order[step:]
            near = np.bitwise_count(hashes[left] ^ hashes[right]) <= most_bits
            found.append(np.sort(np.stack([left[near], right[near]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _rows(pictures: pa.Table, measured: _Measured, keeper: NDArray[np.int64], original: NDArray[np.int64]) -> pa.Table:
    n = len(keeper)
    cosine, bits = measured.agreement(np.arange(n), keeper)
    alone = keeper == np.arange(n)
    exact = original == original[keeper]
    relation = np.where(alone, "self", np.where(exact, "exact", "duplicate"))
    columns = {
        "record_id": pictures["record_id"],
        "group_id": pictures["record_id"].take(pa.array(keeper)),
        "keeper": pa.array(alone),
        "relation": pa.array(relation.astype(object), pa.string()),
        "cosine": pa.array(cosine, mask=alone | np.isnan(cosine)),
        "phash_distance": pa.array(bits, mask=alone | (bits > _HASH_BITS)),
        "reason": pa.array(_reasons(pictures, measured, keeper, relation), pa.string()),
    }
    return pa.table(columns).select(NEAR_DUPLICATES.arrow.names).cast(NEAR_DUPLICATES.arrow)


def _reasons(
    pictures: pa.Table, measured: _Measured, keeper: NDArray[np.int64], relation: NDArray[np.str_]
) -> list[str]:
    reasons = [_ALONE] * len(keeper)
    copies = np.flatnonzero(keeper != np.arange(len(keeper)))
    if not len(copies):
        return reasons
    copies = copies[np.lexsort((measured.rank[copies], keeper[copies]))]
    shown = np.unique(np.concatenate([copies, keeper[copies]]))
    lines = dict(zip(shown.tolist(), pictures.take(pa.array(shown)).to_pylist(), strict=True))
    number = Counter(keeper[copies].tolist())
    for copy, best in zip(copies.tolist(), keeper[copies].tolist(), strict=True):
        advantage = _advantage(lines[best], lines[copy])
        what = "same bytes" if relation[copy] == "exact" else "same picture"
        reasons[copy] = f"{what}; of the two {advantage} is kept"
        if reasons[best] == _ALONE:  # copies come best first: this one is the runner-up
            reasons[best] = f"kept of {number[best] + 1} copies: {advantage}"
    return reasons


def _advantage(best: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first key of the keeper rule in which two pictures differ, in words."""
    if best["width"] * best["height"] != other["width"] * other["height"]:
        return f"the larger ({best['width']}x{best['height']}, not {other['width']}x{other['height']})"
    if best["sharpness"] != other["sharpness"]:
        return f"the sharper ({best['sharpness']:.1f}, not {other['sharpness']:.1f})"
    if best["tags"] != other["tags"]:
        return f"the one with more tags ({best['tags']}, not {other['tags']})"
    return "the first by record_id"
