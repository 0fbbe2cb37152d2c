"""Clusters of drawn vectors whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from charassets.similarity import clusters
from charassets.similarity.clusters import WHOLE_UP_TO, ClusterRule, Clusters, character_id
from charassets.similarity.density import by_graph, distances, select_clusters, spanning_forest, with_bridges
from charassets.similarity.knn import build_graph

RULE = ClusterRule(min_cluster_size=5, min_samples=3)


def characters(sizes: list[int], *, strangers: int = 0, dim: int = 64, spread: float = 0.5, seed: int = 0):
    """Unit vectors around one centre a character, and strangers with a centre each; truth -1 for strangers."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = random.standard_normal((len(sizes), dim))[truth] + spread * random.standard_normal((len(truth), dim))
    vectors = np.concatenate([vectors, random.standard_normal((strangers, dim))])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16), np.concatenate([truth, np.full(strangers, -1)])


def names(n: int) -> list[str]:
    return [f"r{i:05d}" for i in range(n)]


def cluster_vectors(
    vectors: np.ndarray, record_ids: list[str], rule: ClusterRule, *, whole_up_to: int = WHOLE_UP_TO
) -> Clusters:
    graph = build_graph(vectors, 16)
    return clusters.cluster_vectors(vectors, graph, record_ids, rule, whole_up_to=whole_up_to)


def test_the_graph_path_agrees_with_hdbscan_itself():
    vectors, truth = characters([40, 25, 12, 12, 7] * 4, strangers=60)
    whole = cluster_vectors(vectors, names(len(vectors)), RULE)
    graph = cluster_vectors(vectors, names(len(vectors)), RULE, whole_up_to=0)
    assert adjusted_rand_score(truth[truth >= 0], whole.label[truth >= 0]) > 0.97
    assert adjusted_rand_score(whole.label, graph.label) > 0.97
    assert abs(np.mean(whole.label < 0) - np.mean(graph.label < 0)) < 0.05


@pytest.mark.parametrize(("n", "k"), [(400, 32), (1_200, 16), (3_000, 16)])  # below 700, 16 neighbours are too few
def test_the_graph_is_as_right_as_hdbscan(n: int, k: int):
    random = np.random.default_rng(n)
    sizes = np.maximum(3, random.lognormal(2.5, 0.8, n // 18).astype(int)).tolist()
    vectors, truth = characters(sizes, strangers=n // 10, dim=48, spread=0.65, seed=n)
    whole = cluster_vectors(vectors, names(len(vectors)), RULE, whole_up_to=len(vectors))
    graph, _ = by_graph(build_graph(vectors, k), 5, 3)
    agreement = [adjusted_rand_score(alone(truth), alone(labels)) for labels in (whole.label, graph)]
    assert agreement[0] > 0.8
    assert abs(agreement[0] - agreement[1]) <= 0.015


def alone(labels: np.ndarray) -> np.ndarray:
    """Every noise point a cluster of its own."""
    return np.where(labels < 0, labels.max() + 1 + np.cumsum(labels < 0), labels)


def test_the_tree_is_condensed_as_the_hdbscan_library_does():
    from hdbscan._hdbscan_linkage import label
    from hdbscan._hdbscan_tree import compute_stability, condense_tree, get_clusters

    vectors, _ = characters([40, 25, 12, 12, 7] * 4, strangers=60)
    graph = build_graph(vectors, 16)
    tree = with_bridges(spanning_forest(graph, 3), len(vectors))
    condensed = condense_tree(label(tree), 5)
    for most in (0, 20):
        theirs = get_clusters(condensed, compute_stability(condensed), max_cluster_size=most)
        ours = select_clusters(tree, 5, most)
        assert np.array_equal(ours[0], theirs[0])
        assert np.allclose(ours[1], theirs[1])


def test_the_filtered_forest_weighs_what_the_unfiltered_one_weighs():
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    vectors, _ = characters([30] * 20, strangers=40)
    graph = build_graph(vectors, 10)
    length = distances(graph.cosines)
    near = np.repeat(np.arange(len(vectors)), 10)
    far = graph.neighbours.ravel()
    weight = np.maximum(length.ravel(), np.maximum(length[near, 2], length[far, 2]))
    whole = minimum_spanning_tree(csr_array((weight, (near, far)), shape=(len(vectors), len(vectors))))
    forest = spanning_forest(graph, 3)
    assert len(forest) == whole.nnz
    assert np.isclose(forest[:, 2].sum(), whole.sum(), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_infinite_bridges_collapse_everything_and_ours_do_not():
    # Sixteen neighbours of a member reach other characters: one giant component, and one that nothing reaches.
    giant, truth = characters([12] * 60, dim=128, spread=0.9)
    apart, _ = characters([30], dim=128, spread=0.02, seed=1)
    vectors, truth = np.concatenate([giant, apart]), np.concatenate([truth, np.full(30, 60)])
    graph = build_graph(vectors, 16)

    labels, _ = by_graph(graph, 5, 3)
    assert adjusted_rand_score(truth, labels) > 0.97

    collapsed, _ = by_graph(graph, 5, 3, bridge=np.inf)
    assert collapsed.max() == 1
    assert adjusted_rand_score(truth, collapsed) < 0.3


def test_labels_go_by_size_and_then_by_record_id_in_any_row_order():
    vectors, truth = characters([8, 30, 8, 15])
    found = cluster_vectors(vectors, names(len(vectors)), RULE)
    assert [int(np.median(found.label[truth == c])) for c in range(4)] == [2, 0, 3, 1]

    order = np.random.default_rng(1).permutation(len(vectors))
    shuffled = cluster_vectors(vectors[order], [names(len(vectors))[i] for i in order], RULE)
    assert np.array_equal(shuffled.label, found.label[order])
    assert np.array_equal(shuffled.representative, found.representative[order])


def test_every_character_has_one_representative_of_its_own():
    vectors, _ = characters([20, 10, 10], strangers=10)
    found = cluster_vectors(vectors, names(len(vectors)), RULE)
    assert sorted(found.label[found.representative]) == list(range(found.count))


def test_strangers_are_noise_with_no_strength():
    vectors, truth = characters([30, 30], strangers=20)
    found = cluster_vectors(vectors, names(len(vectors)), RULE)
    assert (found.label[truth < 0] == -1).mean() > 0.8
    assert (found.probability[found.label < 0] == 0).all()
    assert (found.probability[found.label >= 0] > 0).all()


def test_equal_vectors_do_not_break_the_tree():
    vectors, truth = characters([10, 10, 10])
    again = np.concatenate([vectors, vectors])
    for whole_up_to in (0, 1_000):
        found = cluster_vectors(again, names(len(again)), RULE, whole_up_to=whole_up_to)
        assert adjusted_rand_score(np.concatenate([truth, truth]), found.label) > 0.97


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_too_few_vectors_are_noise(n: int):
    vectors, _ = characters([n])
    found = cluster_vectors(vectors, names(n), RULE)
    assert found.count == 0
    assert (found.label == -1).all()


def test_names_are_padded_and_grow():
    assert [character_id(i) for i in (0, 12, 1234)] == ["character_000", "character_012", "character_1234"]


@pytest.mark.parametrize("whole_up_to", [0, 2_000], ids=["graph", "library"])
def test_a_crowd_gives_way_to_the_characters_within_it(whole_up_to: int):
    random = np.random.default_rng(3)
    style = random.standard_normal(64)  # what all pictures of a foreign hand have in common
    crowd, truth = characters([8] * 12, strangers=60, spread=0.3)
    crowd = crowd.astype(np.float64) + 0.5 * style
    far, _ = characters([10], spread=0.1, seed=9)
    vectors = np.concatenate([crowd, far])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    rule = ClusterRule(5, 3, max_share=0.2)
    found = cluster_vectors(vectors, names(len(vectors)), rule, whole_up_to=whole_up_to)
    assert np.bincount(found.label[found.label >= 0]).max() <= max(25, 0.2 * len(vectors))
    members = np.flatnonzero(truth >= 0)
    assert adjusted_rand_score(truth[members], found.label[members]) > 0.9


@given(st.integers(0, 1 << 30), st.lists(st.integers(1, 30), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_representative_is_the_member_most_like_the_mean_and_the_first_by_name_of_equals(seed, sizes):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(-1, len(sizes)), [5, *sizes]))
    vectors, _ = characters([len(labels)], dim=8, seed=seed)
    vectors = np.concatenate([vectors, vectors])  # every member twice: of the two the smaller name
    labels = np.concatenate([labels, labels])
    records = [names(len(labels))[k] for k in rng.permutation(len(labels))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "_AT_ONCE", 16)  # so that some clusters are taken in pieces
        found = clusters.representatives(vectors, labels, records)
        alike = clusters.likeness(vectors, Clusters(labels, np.ones(len(labels), np.float32), found))
    single = vectors.astype(np.float32)
    for label in range(len(sizes)):
        members = np.flatnonzero(labels == label)
        chosen = members[found[members]]
        assert len(chosen) == 1
        central = single[members] @ single[members].mean(axis=0)
        best = members[central >= central.max() - 2e-5]
        assert chosen[0] in best
        twin = chosen[0] % (len(labels) // 2) + np.array([0, len(labels) // 2])
        if abs(central.max() * 1e5 % 1 - 0.5) > 0.1:  # noqa: PLR2004 else the two may be rounded apart
            assert records[chosen[0]] == min(records[k] for k in twin)
        np.testing.assert_allclose(alike[members], np.minimum(single[members] @ single[chosen[0]], 1), atol=1e-5)
    assert not found[labels < 0].any() and np.isnan(alike[labels < 0]).all()
