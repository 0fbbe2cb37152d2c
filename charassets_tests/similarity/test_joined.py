"""Looks and traits in one vector: what is known speaks, what is not known is silent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.clusters import ClusterRule, cluster_vectors
from charassets.similarity.joined import Trait, joined, looks, measured_anew
from charassets.similarity.knn import build_graph
from charassets.similarity.vectors import Vectors


def drawn(n, d=16, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def trait(values, options=4, confidence=1.0):
    return Trait(np.array(values), np.full(len(values), confidence, np.float32), options)


def cosine(vectors, a, b):
    return float(vectors[a].astype(np.float32) @ vectors[b].astype(np.float32))


def heads(vectors, seen):
    return Vectors(np.where(np.array(seen)[:, None], vectors, 0), np.where(seen, np.arange(len(seen)), -1))


@given(st.lists(st.booleans(), min_size=8, max_size=8), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_looks_are_a_weighted_mean_of_figure_and_head_and_a_figure_stands_for_a_head_that_is_not_seen(seen, weight):
    figures, faces = drawn(8, seed=1), drawn(8, seed=2)
    found = looks(figures, heads(faces, seen), weight)
    if weight == 0 or not any(seen):
        assert found is figures
        return
    np.testing.assert_allclose(np.linalg.norm(found.astype(np.float32), axis=1), 1, atol=3e-3)
    shown = np.where(np.array(seen)[:, None], faces, figures)
    mean = (1 - weight) * cosine(figures, 0, 1) + weight * cosine(shown, 0, 1)
    assert cosine(found, 0, 1) == pytest.approx(mean, abs=5e-3)


def test_a_shared_trait_brings_equal_looks_no_further_and_other_ones_together():
    same = np.repeat(drawn(1), 4, axis=0)
    found = joined(same, [trait([0, 0, 1, -1])], 0.5)
    assert cosine(found, 0, 1) == pytest.approx(1, abs=2e-3)
    assert cosine(found, 0, 2) < cosine(found, 0, 3) < cosine(found, 0, 1)


def test_a_rare_value_binds_more_than_a_common_one():
    strangers = np.eye(12, dtype=np.float16)
    found = joined(strangers, [trait([1, 1] + [0] * 10)], 0.5)
    assert cosine(found, 0, 1) > cosine(found, 2, 3) > cosine(found, 0, 2)


def test_an_unsure_answer_says_less():
    same = np.repeat(drawn(1), 2, axis=0)
    sure, unsure = (cosine(joined(same, [trait([0, 1], confidence=c)], 0.5), 0, 1) for c in (1.0, 0.3))
    assert sure < unsure < 1


@given(st.lists(st.integers(-1, 3), min_size=12, max_size=12), st.floats(0, 0.95))
@settings(max_examples=60, deadline=None)
def test_vectors_stay_of_norm_one_and_silence_changes_nothing(values, weight):
    vectors = drawn(12)
    found = joined(vectors, [trait(values), trait([-1] * 12)], weight)
    np.testing.assert_allclose(np.linalg.norm(found.astype(np.float32), axis=1), 1, atol=3e-3)
    silent = [k for k, value in enumerate(values) if value < 0]
    for a, b in zip(silent, silent[1:], strict=False):
        assert cosine(found, a, b) == pytest.approx(cosine(vectors, a, b), abs=5e-3)
    if weight == 0 or len(silent) == len(values):
        assert found is vectors


def test_the_graph_keeps_its_edges_and_measures_them_anew():
    vectors = drawn(300)
    graph = build_graph(vectors, 8)
    found = joined(vectors, [trait(np.arange(300) % 4)], 0.5)
    again = measured_anew(graph, found)
    for row in range(300):
        assert set(again.neighbours[row]) == set(graph.neighbours[row])
        expected = [cosine(found, row, other) for other in again.neighbours[row]]
        np.testing.assert_allclose(again.cosines[row], expected, atol=1e-3)
    assert (np.diff(again.cosines, axis=1) <= 0).all()


def test_two_who_wear_one_uniform_are_two_characters_once_their_hair_and_eyes_are_known():
    rng = np.random.default_rng(1)
    vectors = (drawn(1) + rng.normal(0, 0.05, (24, 16))).astype(np.float32)  # one uniform: all look alike
    others = rng.normal(size=(24, 16))
    vectors = np.concatenate([vectors, others])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    who = [0] * 12 + [1] * 12 + [-1] * 24
    names = [f"r{k:03d}" for k in range(48)]
    graph, rule = build_graph(vectors, 16), ClusterRule(4, 2)
    assert len({*cluster_vectors(vectors, graph, names, rule).label[:24].tolist()} - {-1}) == 1
    found = joined(vectors, [trait(who), trait(who)], 0.6)
    labels = cluster_vectors(found, measured_anew(graph, found), names, rule).label
    homes = [{*labels[:12].tolist()} - {-1}, {*labels[12:24].tolist()} - {-1}]
    assert all(len(home) == 1 for home in homes) and not homes[0] & homes[1]
