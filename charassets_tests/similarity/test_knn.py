"""The neighbour graph against brute force, by every way of searching, and brought up to date."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity import cells
from charassets.similarity.best import BestLists
from charassets.similarity.exact import DeviceSearcher, FlatSearcher, grouped_top
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


@pytest.mark.parametrize("method", ["cells", "faiss"])
def test_the_large_index_finds_planted_copies(method: str):
    vectors = drawn(6_000)
    everything = np.concatenate([vectors, copies_of(vectors[:300])])
    graph = build(everything, new_searcher(everything, GraphRule(8, method)), 8)
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


@pytest.mark.parametrize("floor", [None, 0.5])
def test_running_lists_hold_the_best_of_all_that_was_offered(floor: float | None):
    random = np.random.default_rng(0)
    scores = random.random((9, 40)).astype(np.float32)
    best = BestLists(9, 6, None if floor is None else np.full(9, floor, np.float32))
    for first in (20, 0, 30, 10):
        rows = random.permutation(9)
        best.offer(rows, np.ascontiguousarray(scores[rows, first : first + 10]), first)
    wanted = np.argsort(-scores, axis=1)[:, :6]
    if floor is not None:
        wanted = np.where(np.take_along_axis(scores, wanted, axis=1) > floor, wanted, -1)
    assert np.array_equal(best.places_in_order(), wanted)


@pytest.mark.parametrize("bfloat16", [True, False])
def test_a_cell_is_searched_in_blocks_when_it_is_too_full(bfloat16: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cells, "_QUERIES", 256)
    monkeypatch.setattr(cells, "_MEMBERS", 128)
    monkeypatch.setattr(cells, "computes_bfloat16", lambda: bfloat16)
    vectors = drawn(900)
    one_cell = cells.CellSearcher(np.ones((1, 48), np.float32) / np.float32(48**0.5), np.zeros((900, 1), np.uint16))
    found, exact = build(vectors, one_cell, 6), build(vectors, FlatSearcher(), 6)
    assert np.array_equal(found.neighbours, exact.neighbours)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_collections_have_as_many_neighbours_as_there_are(n: int):
    assert build_graph(drawn(40)[:n], 16).neighbours.shape == (n, max(0, n - 1))


def test_the_method_follows_the_size_and_the_device():
    assert GraphRule(exact_up_to=10).method_for(10) == "exact"
    assert GraphRule(exact_up_to=10).method_for(11) != "exact"
    assert GraphRule(exact_up_to=10, device="cuda").method_for(11) == "exact"
    assert GraphRule(method="faiss").method_for(3) == "faiss"


POOL = drawn(300, dim=16, seed=5)
RULES = {method: GraphRule(6, method) for method in ("exact", "cells", "faiss")}
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
