"""The views of the neighbour graph, and its way to bytes and back."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.graph import Graph
from charassets.similarity.knn import build_graph
from charassets.similarity.packed import packed, packed_arrays, unpacked, unpacked_arrays
from charassets.similarity.stored import read_graph
from charassets_tests.similarity.drawing import brute_force, copies_of, drawn


def test_each_pair_is_listed_once():
    graph = build_graph(drawn(200), 4)
    pairs = graph.pairs(0.0)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert {tuple(pair) for pair in pairs.tolist()} == {
        (min(i, j), max(i, j)) for i, row in enumerate(graph.neighbours.tolist()) for j in row
    }


def test_pairs_below_the_threshold_are_left_out():
    vectors = drawn(300)
    scores = brute_force(vectors)
    pairs = build_graph(vectors, 12).pairs(0.8)
    assert (scores[pairs[:, 0], pairs[:, 1]] >= 0.7999).all()
    assert len(pairs) >= 0.9 * (np.triu(scores) >= 0.8001).sum()


def test_a_crowded_row_is_one_whose_list_is_full_of_copies():
    vectors = drawn(60)
    crowd = np.concatenate([vectors, np.concatenate([copies_of(vectors[:1], seed=s) for s in range(8)])])
    graph = build_graph(crowd, 4)
    assert set(graph.crowded(0.95)) == {0, *range(60, 68)}


def test_a_graph_among_some_rows_keeps_their_edges_and_order():
    graph = build_graph(drawn(120), 10)
    rows = np.random.default_rng(2).permutation(120)[:70]
    some = graph.among(rows)
    for place, row in enumerate(rows):
        kept = [n for n in graph.neighbours[row].tolist() if n in set(rows.tolist())]
        found = [rows[n] for n in some.neighbours[place].tolist() if n >= 0]
        assert found == kept
        assert (some.cosines[place][len(kept) :] == -1).all()


def test_copies_that_crowd_out_a_list_give_way_to_the_neighbours_of_all_of_them():
    vectors = drawn(100, spread=0.4)
    crowd = np.concatenate([vectors, np.concatenate([copies_of(vectors[:1], seed=s) for s in range(6)])])
    graph = build_graph(crowd, 7)
    keeper = np.r_[np.arange(100), np.zeros(6, np.int64)]
    merged = graph.contracted(keeper, np.arange(100))
    assert (merged.neighbours[0] >= 0).sum() >= 2  # before, six of seven were its own copies
    plain = build_graph(vectors, 7)
    assert set(merged.neighbours[0][merged.neighbours[0] >= 0]) <= set(build_graph(vectors, 30).neighbours[0].tolist())
    near_copies = np.isin(graph.neighbours[:100], [0, *range(100, 106)]).any(axis=1)
    others = np.setdiff1d(np.flatnonzero(~near_copies), [0])
    assert len(others) > 50
    assert np.array_equal(merged.neighbours[others], plain.neighbours[others])
    for row in merged.neighbours.tolist():
        named = [n for n in row if n >= 0]
        assert len(set(named)) == len(named)


@given(st.integers(0, 1 << 30), st.integers(2, 6), st.floats(0, 0.9))
@settings(max_examples=60, deadline=None)
def test_a_contracted_list_is_the_nearest_of_what_all_copies_name(seed, k, share):
    rng = np.random.default_rng(seed)
    graph = build_graph(np.concatenate([drawn(20, seed=seed), copies_of(drawn(20, seed=seed), seed=seed)]), k)
    keeper = np.where(rng.random(40) < share, rng.integers(0, 20, 40), np.arange(40))
    keeper = keeper[keeper]  # a keeper that was itself moved is none: its copies follow it
    keeper[keeper != keeper[keeper]] = -1
    rows = rng.permutation(np.flatnonzero(keeper == np.arange(40)))
    found = graph.contracted(keeper, rows)
    place = {int(row): i for i, row in enumerate(rows)}
    for i, row in enumerate(rows.tolist()):
        nearest: dict[int, float] = {}
        for member in np.flatnonzero(keeper == row):
            for other, cosine in zip(graph.neighbours[member], graph.cosines[member], strict=True):
                home = place.get(int(keeper[other]), -1)
                if home not in (-1, i):
                    nearest[home] = max(cosine, nearest.get(home, -1.0))
        wanted = sorted(nearest.items(), key=lambda item: (-item[1], item[0]))[:k]
        there = found.neighbours[i] >= 0
        assert found.neighbours[i][there].tolist() == [home for home, _ in wanted]
        np.testing.assert_allclose(found.cosines[i][there], [cosine for _, cosine in wanted], atol=1e-6)
        assert not there[len(wanted) :].any()


def test_a_graph_comes_back_from_its_rows():
    graph = build_graph(drawn(50), 5)
    table = pa.table(
        {
            "record_id": [f"r{i:02d}" for i in range(50)],
            "neighbours": packed(graph.neighbours),
            "cosines": packed(graph.cosines),
        }
    )
    again = read_graph([table.slice(0, 20), table.slice(20)])
    assert np.array_equal(again.graph.neighbours, graph.neighbours)
    assert np.array_equal(again.graph.cosines, graph.cosines)
    assert again.rows_of(["r07", "nobody"]).tolist() == [7, -1]


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (3, 2)])
def test_matrices_survive_packing(shape: tuple[int, int]):
    values = np.arange(shape[0] * shape[1], dtype="<i4").reshape(shape)
    column = pa.chunked_array([packed(values)])
    assert np.array_equal(unpacked(column, "<i4"), values) or not values.size


def test_named_arrays_survive_packing():
    arrays = {"centroids": np.random.default_rng(0).random((3, 4)).astype(np.float32), "trained_on": np.array([7])}
    again = unpacked_arrays(packed_arrays(arrays))
    assert all(np.array_equal(again[name], value) for name, value in arrays.items())


def test_an_empty_graph_has_no_pairs():
    assert Graph(np.empty((0, 0), np.int32), np.empty((0, 0), np.float32)).pairs(0.0).shape == (0, 2)
