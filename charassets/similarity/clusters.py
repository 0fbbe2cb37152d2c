"""Characters as dense regions of the neighbour graph: HDBSCAN, by the hdbscan library or over the graph alone.

What belongs here: the rule, which of the two ways is taken, the clusters' names and representatives. Not here: HDBSCAN over
a graph (``density``), which records take part (the stage), what people decided about a character (``charassets.curation``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.similarity.density import by_graph, distances
from charassets.similarity.graph import Graph
from charassets.similarity.groups import at_once, groups_of
from charassets.similarity.places import as_array
from charassets.similarity.vectors import single

WHOLE_UP_TO = 2_000
"""Vectors up to which hdbscan gets the matrix of all distances: 32 MB and under a second; it grows with the square."""

_AT_ONCE = 1_024  # vectors in single precision at a time
_FEW = 25  # pictures of one character that are never too many: a share means little in a small collection


@dataclass(frozen=True)
class ClusterRule:
    """When vectors are a cluster.

    Attributes:
        min_cluster_size: fewest members.
        min_samples: the neighbour whose distance is a vector's own density.
        max_share: a larger cluster gives way to the ones within it; for a model to which all of a collection looks alike.
    """

    min_cluster_size: int
    min_samples: int
    max_share: float = 1.0

    def most(self, n: int) -> int:
        """Most members among n vectors; 0 means any number, as hdbscan has it."""
        return 0 if self.max_share >= 1 else max(_FEW, self.min_cluster_size, int(self.max_share * n))


@dataclass(frozen=True)
class Clusters:
    """The cluster of every vector.

    Attributes:
        label: int64, shape (n,): 0, 1, ... by falling size, then by smallest record_id; -1 is noise.
        probability: float32, shape (n,): strength of membership, 0 for noise.
        representative: bool, shape (n,): the member most similar to the mean of its cluster, one a cluster.
    """

    label: NDArray[np.int64]
    probability: NDArray[np.float32]
    representative: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of clusters."""
        return int(self.label.max(initial=-1)) + 1


def cluster_vectors(
    vectors: NDArray[np.float16],
    graph: Graph,
    record_ids: Sequence[str] | pa.Array,
    rule: ClusterRule,
    *,
    whole_up_to: int = WHOLE_UP_TO,
) -> Clusters:
    """Cluster unit vectors by Euclidean distance.

    Args:
        vectors: shape (n, d), unit norm.
        graph: their neighbours.
        record_ids: their n records, which decide ties.
        rule: when vectors are a cluster.
        whole_up_to: number of vectors up to which hdbscan sees all distances instead of the graph's.
    """
    n = len(vectors)
    if n <= rule.min_cluster_size:  # hdbscan never calls the whole a cluster
        return Clusters(np.full(n, -1), np.zeros(n, np.float32), np.zeros(n, bool))
    if n <= whole_up_to:
        labels, strength = _by_library(vectors, rule)
    else:
        labels, strength = by_graph(graph, rule.min_cluster_size, rule.min_samples, rule.most(n))
    labels = renamed(labels, record_ids)
    return Clusters(labels, strength.astype(np.float32), representatives(vectors, labels, record_ids))


def character_id(label: int) -> str:
    """Name of a cluster: ``character_003``."""
    return f"character_{label:03d}"


def _by_library(vectors: NDArray[np.float16], rule: ClusterRule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    import hdbscan

    single = vectors.astype(np.float32)
    matrix = distances(single @ single.T)
    np.fill_diagonal(matrix, 0.0)
    model = hdbscan.HDBSCAN(
        min_cluster_size=rule.min_cluster_size,
        min_samples=rule.min_samples,
        metric="precomputed",
        max_cluster_size=rule.most(len(vectors)),
    ).fit(matrix)
    return model.labels_.astype(np.int64), model.probabilities_


def renamed(labels: NDArray[np.int64], record_ids: Sequence[str] | pa.Array) -> NDArray[np.int64]:
    """Labels by falling size, then by smallest record_id: the same clusters get the same labels in any row order."""
    order = pc.array_sort_indices(as_array(record_ids)).to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
    found, first = np.unique(labels[order], return_index=True)
    first, found = first[found >= 0], found[found >= 0]
    sizes = np.bincount(labels[labels >= 0])[found]
    new = np.full(labels.max(initial=-1) + 2, -1)  # the last cell is that of label -1
    new[found[np.lexsort((first, -sizes))]] = np.arange(len(found))
    return new[labels]


def representatives(
    vectors: NDArray[np.float16], labels: NDArray[np.int64], record_ids: Sequence[str] | pa.Array
) -> NDArray[np.bool_]:
    """The member most similar to the mean of its cluster, one a cluster; of equals the one with the smallest record_id."""
    chosen = np.zeros(len(labels), bool)
    names = as_array(record_ids)
    for some in at_once(groups_of(labels), _AT_ONCE):
        central = np.round(_central(vectors, some), 5)  # beyond that, order of summation decides
        starts = np.cumsum([0, *map(len, some[:-1])])
        equals = central == np.repeat(np.maximum.reduceat(central, starts), [len(group) for group in some])
        for group, best in zip(some, np.split(equals, starts[1:]), strict=True):
            rows = group[best]
            chosen[rows[0] if len(rows) == 1 else min(rows.tolist(), key=lambda row: names[row].as_py())] = True
    return chosen


def _central(vectors: NDArray[np.float16], groups: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """How similar each member is to the mean of its group, group after group."""
    if len(groups) > 1 or len(groups[0]) <= _AT_ONCE:
        size = np.array([len(group) for group in groups])
        rows = single(vectors, np.concatenate(groups))
        means = np.add.reduceat(rows, np.cumsum(size) - size) / size[:, None].astype(np.float32)
        return np.einsum("nd,nd->n", rows, np.repeat(means, size, axis=0))
    pieces = np.split(groups[0], range(_AT_ONCE, len(groups[0]), _AT_ONCE))
    total = np.zeros(vectors.shape[1])
    for piece in pieces:
        total += single(vectors, piece).sum(axis=0)
    mean = (total / len(groups[0])).astype(np.float32)
    return np.concatenate([single(vectors, piece) @ mean for piece in pieces])


def likeness(vectors: NDArray[np.float16], clusters: Clusters) -> NDArray[np.float32]:
    """Cosine of every vector with the representative of its cluster, shape (n,); NaN for noise."""
    found = np.full(len(vectors), np.nan, np.float32)
    chosen = np.flatnonzero(clusters.representative)
    leader = np.full(clusters.count, -1)
    leader[clusters.label[chosen]] = chosen
    members = np.flatnonzero(clusters.label >= 0)
    for first in range(0, len(members), _AT_ONCE):
        part = members[first : first + _AT_ONCE]
        own, theirs = single(vectors, part), single(vectors, leader[clusters.label[part]])
        found[part] = np.clip(np.einsum("nd,nd->n", own, theirs), -1, 1)
    return found
