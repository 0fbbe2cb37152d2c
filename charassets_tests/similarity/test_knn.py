"""The neighbour graph against brute force, by every way of searching, and brought up to date."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.exact import DeviceSearcher, FlatSearcher, grouped_top
from charassets.similarity.fast_scan import FastScanSearcher
from charassets.similarity.graph import Graph
from charassets.similarity.knn import GraphRule, Searcher, build, build_graph, new_searcher, restored, updated
from charassets_tests.similarity.drawing import brute_force, copies_of, drawn

EXACT: list[Searcher] = [FlatSearcher(), DeviceSearcher("cpu")]


@pytest.mark.parametrize("searcher", EXACT, ids=["flat", "device"])
def test_small_collections_get_exact_neighbours(searcher: Searcher):
    vectors = drawn(400)
    graph = build(vectors, searcher, 5)
    assert np.allclose(graph.cosines, -np.sort(-brute_force(vectors), axis=1)[:, :5], atol=1e-5)
    assert not (graph.neighbours == np.arange(400)[:, None]).any()


def test_what_a_gpu_would_compute_is_what_faiss_computes():
    vectors = drawn(700)
    ours, theirs = (build(vectors, searcher, 8) for searcher in EXACT)
    assert np.array_equal(ours.neighbours, theirs.neighbours)
    assert np.array_equal(ours.cosines, theirs.cosines)


def test_the_best_of_groups_are_the_best_of_all():
    import torch

    scores = torch.randn(7, 3_001, generator=torch.Generator().manual_seed(0))
    top, places = grouped_top(scores, 9)
    assert torch.equal(top, scores.topk(9).values)
    assert torch.equal(scores.gather(1, places), top)


def test_the_large_index_finds_planted_copies():
    vectors = drawn(6_000)
    everything = np.concatenate([vectors, copies_of(vectors[:300])])
    graph = build(everything, FastScanSearcher.trained(everything), 8)
    assert np.mean([i in graph.neighbours[6_000 + i] for i in range(300)]) >= 0.995
    exact = build(everything, FlatSearcher(), 8)
    overlap = [len(np.intersect1d(a, b)) / 8 for a, b in zip(graph.neighbours, exact.neighbours, strict=True)]
    assert np.mean(overlap) > 0.9


def test_both_ends_of_an_edge_see_the_same_cosine():
    graph = build_graph(drawn(500), 10)
    seen = {(i, j): c for i in range(500) for j, c in zip(graph.neighbours[i], graph.cosines[i], strict=True)}
    assert all(seen[j, i] == cosine for (i, j), cosine in seen.items() if (j, i) in seen)


def test_more_equal_vectors_than_neighbours_still_leave_out_the_vector_itself():
    graph = build_graph(np.repeat(drawn(20)[:1], 30, axis=0), 4)
    assert graph.neighbours.shape == (30, 4)
    assert not (graph.neighbours == np.arange(30)[:, None]).any()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_collections_have_as_many_neighbours_as_there_are(n: int):
    assert build_graph(drawn(40)[:n], 16).neighbours.shape == (n, max(0, n - 1))


def test_the_method_follows_the_size_and_the_device():
    assert GraphRule(exact_up_to=10).method_for(10) == "exact"
    assert GraphRule(exact_up_to=10).method_for(11) != "exact"
    assert GraphRule(exact_up_to=10, device="cuda").method_for(11) == "exact"
    assert GraphRule(method="faiss").method_for(3) == "faiss"


POOL = drawn(300, dim=16, seed=5)
RULES = {method: GraphRule(6, method) for method in ("exact", "faiss")}
SEARCHERS = {method: new_searcher(POOL, rule) for method, rule in RULES.items()}


def step(before: tuple[np.ndarray, Graph] | None, rows: np.ndarray, searcher: Searcher) -> tuple[np.ndarray, Graph]:
    """The graph of some rows of the pool, made anew or from the graph of others."""
    vectors = POOL[rows]
    if before is None:
        fresh = searcher.extended(vectors, np.full(len(rows), -1))
        return rows, build(vectors, fresh, 6)
    place = {row: i for i, row in enumerate(before[0].tolist())}
    source = np.array([place.get(row, -1) for row in rows.tolist()], np.int64)
    old = searcher.extended(POOL[before[0]], np.full(len(before[0]), -1))
    return rows, updated(before[1], vectors, source, old.extended(vectors, source), 6)


@pytest.mark.parametrize("method", list(RULES))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_updates_in_any_order_give_the_graph_of_one_build(method: str, data: st.DataObject):
    searcher = SEARCHERS[method]
    subsets = st.lists(st.integers(0, 299), min_size=1, max_size=120, unique=True)
    state = None
    for _ in range(data.draw(st.integers(1, 4))):  # rows come and go between any two steps
        state = step(state, np.array(sorted(data.draw(subsets))), searcher)
    assert state is not None
    whole = step(None, state[0], searcher)[1]
    assert np.array_equal(state[1].neighbours, whole.neighbours)
    assert np.array_equal(state[1].cosines, whole.cosines)


@pytest.mark.parametrize("method", list(RULES))
def test_a_searcher_comes_back_from_what_it_learnt(method: str):
    searcher = SEARCHERS[method]
    again = restored(method, searcher.learnt(), searcher.cells_of_rows(), RULES[method])
    first, second = build(POOL, searcher, 6), build(POOL, again, 6)
    assert np.array_equal(first.neighbours, second.neighbours)
