"""Batches in any order: the neighbour graph is brought up to date by its real index, the groups follow, answers are kept."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.answers import Answers
from charassets.similarity.duplicates import PICTURES, DuplicateRule, group_duplicates
from charassets.similarity.graph import Graph
from charassets.similarity.knn import GraphRule, Searcher, build, new_searcher, updated
from charassets.similarity.vectors import Vectors
from charassets_tests.similarity.drawing import copies_of, drawn

K = 6
ORIGINALS = drawn(240, dim=16, seed=5)
POOL = np.concatenate([ORIGINALS, copies_of(ORIGINALS[:80]), copies_of(ORIGINALS[:30], seed=2)])
ORIGINAL_OF = np.concatenate([np.arange(240), np.arange(80), np.arange(30)])
HASHES = np.random.default_rng(3).integers(0, 1 << 63, 240, np.uint64)[ORIGINAL_OF]
RULE = DuplicateRule(cosine=0.95, phash_bits=10, neighbours=K)


def frozen(index: str) -> Searcher:
    """The index a collection of this size gets when it is past the threshold, trained on a part of the pool."""
    rule = GraphRule(K, exact_up_to=100) if index == "auto" else GraphRule(K, index)
    assert rule.method_for(len(POOL)) != "exact"
    return new_searcher(POOL[::2], rule)


SEARCHERS = {index: frozen(index) for index in ("auto", "cells", "faiss")}


def searching(searcher: Searcher, rows: list[int]) -> Searcher:
    """The frozen index over some rows of the pool."""
    return searcher.extended(POOL[rows], np.full(len(rows), -1))


def groups(rows: list[int], graph: Graph, answers: Answers) -> dict[str, str]:
    pictures = [
        {
            **{"record_id": f"r{i:03d}", "image_id": f"i{i:03d}", "single": True, "phash": int(HASHES[i])},
            **{"phash_mirrored": int(HASHES[i]) ^ (1 << 64) - 1, "width": 100 + i, "height": 100, "tags": 0},
            "sharpness": 1.0,
        }
        for i in rows
    ]
    table = pa.Table.from_pylist(pictures, schema=PICTURES)
    vectors = Vectors(POOL[rows], np.arange(len(rows)))
    found = group_duplicates(table, vectors, graph.pairs(-1.0), RULE, answers).rows
    return dict(zip(found["record_id"].to_pylist(), found["group_id"].to_pylist(), strict=True))


def in_batches(order: list[int], ends: list[int], searcher: Searcher) -> dict[str, str]:
    """The groups after the last batch; rows are sorted within a run, as records are."""
    before: list[int] = []
    graph, kept, found = None, None, {}
    for end in ends:
        rows = sorted(order[:end])
        if graph is None:
            graph = build(POOL[rows], searching(searcher, rows), K)
        else:
            place = {row: i for i, row in enumerate(before)}
            source = np.array([place.get(row, -1) for row in rows], np.int64)
            index = searching(searcher, before).extended(POOL[rows], source)
            graph = updated(graph, POOL[rows], source, index, K)
        answers = Answers(kept=kept)
        found, kept, before = groups(rows, graph, answers), answers.kept(), rows
    return found


@pytest.mark.parametrize("index", list(SEARCHERS))
@settings(max_examples=10, deadline=None)
@given(st.permutations(range(len(POOL))), st.lists(st.integers(20, len(POOL) - 1), max_size=3, unique=True))
def test_batches_in_any_order_give_the_groups_of_one_run_through_the_approximate_index(index, order, cuts):
    everybody = list(range(len(POOL)))
    whole = build(POOL, searching(SEARCHERS[index], everybody), K)
    straight = groups(everybody, whole, Answers())
    assert in_batches(list(order), [*sorted(cuts), len(POOL)], SEARCHERS[index]) == straight


@pytest.mark.parametrize("index", list(SEARCHERS))
def test_the_groups_found_through_the_index_are_the_planted_ones(index: str):
    everybody = list(range(len(POOL)))
    found = groups(everybody, build(POOL, searching(SEARCHERS[index], everybody), K), Answers())
    planted = {f"r{i:03d}": f"r{max(np.flatnonzero(ORIGINAL_OF[i] == ORIGINAL_OF)):03d}" for i in everybody}
    assert np.mean([found[record] == keeper for record, keeper in planted.items()]) >= 0.99
