"""Characters as dense regions of the neighbour graph: HDBSCAN, by the hdbscan library or over the graph alone.

What belongs here: labels from vectors, and their names. Not here: which records take part (the stage) and what people
decided about a character (``charassets.curation``).

References:
    Campello, Moulavi, Sander (2013), Density-based clustering based on hierarchical density estimates.
    McInnes, Healy (2017), Accelerated hierarchical density based clustering.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.knn import Graph, build_graph

WHOLE_UP_TO = 2_000
"""Vectors up to which hdbscan gets the matrix of all distances: 32 MB and under a second; it grows with the square."""

LEAST_DISTANCE = 1e-3
"""Half-precision vectors cannot tell closer ones apart, and a distance of 0 is an infinite density."""

_NEIGHBOURS = 16  # ARI within .01 of the exact tree at 20,000 vectors; 8 do as well, 32 bring nothing
_FEW = 25  # pictures of one character that are never too many: a share means little in a small collection
_BRIDGE = 1.0001  # of the longest edge: above everything that was seen, and finite


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
    vectors: NDArray[np.float16], record_ids: Sequence[str], rule: ClusterRule, *, whole_up_to: int = WHOLE_UP_TO
) -> Clusters:
    """Cluster unit vectors by Euclidean distance.

    Args:
        vectors: shape (n, d), unit norm.
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
        labels, strength = by_graph(build_graph(vectors, max(_NEIGHBOURS, rule.min_samples)), rule)
    labels = _renamed(labels, record_ids)
    return Clusters(labels, strength.astype(np.float32), _representatives(vectors, labels, record_ids))


def character_id(label: int) -> str:
    """Name of a cluster: ``character_003``."""
    return f"character_{label:03d}"


def distances(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """Euclidean distance of unit vectors from their cosine."""
    return np.maximum(np.sqrt(np.maximum(2.0 - 2.0 * cosines.astype(np.float64), 0.0)), LEAST_DISTANCE)


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


def by_graph(graph: Graph, rule: ClusterRule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """HDBSCAN's labels and strengths from the edges of the neighbour graph alone.

    The spanning tree of the graph is that of all pairs wherever the k nearest neighbours connect; what they do not connect
    is joined by bridges.
    """
    return _select_clusters(_with_bridges(_spanning_forest(graph, rule.min_samples), len(graph.neighbours)), rule)


def _spanning_forest(graph: Graph, min_samples: int) -> NDArray[np.float64]:
    """Minimum spanning forest under mutual reachability: shape (e, 3), two ends and a weight."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n, k = graph.neighbours.shape
    length = distances(graph.cosines)
    density = length[:, min(min_samples, k) - 1]
    near, place = np.nonzero(graph.neighbours >= 0)
    far = graph.neighbours[near, place]
    weight = np.maximum(length[near, place], np.maximum(density[near], density[far]))
    tree = minimum_spanning_tree(csr_array((weight, (near, far)), shape=(n, n))).tocoo()
    return np.column_stack([tree.row, tree.col, tree.data])


def _with_bridges(forest: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """A tree of n - 1 edges by rising weight, its components joined by edges just longer than the longest.

    The bridges must be finite. An infinite one gives every component a birth at density 0 and so an endless life; excess of
    mass then takes the giant component for one cluster, and the agreement with the truth falls from .96 to 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = forest[:, :2].astype(np.int64)
    edges = coo_array((np.ones(len(forest), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n))
    count, component = connected_components(edges, directed=False)
    _, first = np.unique(component, return_index=True)
    length = _BRIDGE * forest[:, 2].max(initial=LEAST_DISTANCE)
    bridges = np.column_stack([first[:-1], first[1:], np.full(count - 1, length)])
    tree = np.concatenate([forest, bridges])
    return tree[np.argsort(tree[:, 2], kind="stable")]


def _select_clusters(tree: NDArray[np.float64], rule: ClusterRule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels and strengths from a spanning tree, by the hdbscan library's own condensed tree and excess of mass.

    Args:
        tree: shape (n - 1, 3): two ends and a weight, by rising weight.
        rule: when vectors are a cluster.
    """
    from hdbscan._hdbscan_linkage import label
    from hdbscan._hdbscan_tree import compute_stability, condense_tree, get_clusters

    condensed = condense_tree(label(np.ascontiguousarray(tree)), rule.min_cluster_size)
    labels, strengths, _ = get_clusters(
        condensed,
        compute_stability(condensed),
        max_cluster_size=rule.most(len(tree) + 1),
    )
    return labels.astype(np.int64), strengths


def _renamed(labels: NDArray[np.int64], record_ids: Sequence[str]) -> NDArray[np.int64]:
    """Labels by falling size, then by smallest record_id: the same clusters get the same labels in any row order."""
    order = np.argsort(np.asarray(record_ids, dtype=object), kind="stable")
    found, first = np.unique(labels[order], return_index=True)
    first, found = first[found >= 0], found[found >= 0]
    sizes = np.bincount(labels[labels >= 0], minlength=len(found))[found]
    new = np.full(len(found) + 1, -1)  # the last cell is that of label -1
    new[found[np.lexsort((first, -sizes))]] = np.arange(len(found))
    return new[labels]


def _representatives(
    vectors: NDArray[np.float16], labels: NDArray[np.int64], record_ids: Sequence[str]
) -> NDArray[np.bool_]:
    chosen = np.zeros(len(labels), bool)
    members = np.flatnonzero(labels >= 0)
    members = members[np.argsort(labels[members], kind="stable")]
    for group in np.split(members, np.flatnonzero(np.diff(labels[members])) + 1):
        if len(group):
            block = vectors[group].astype(np.float32)
            central = np.round(block @ block.mean(axis=0), 5)  # beyond that, order of summation decides
            equals = group[central == central.max()].tolist()
            chosen[min((record_ids[i], i) for i in equals)[1]] = True
    return chosen
