"""The neighbour graph against brute force."""

import numpy as np
import pyarrow as pa
import pytest

from charassets.errors import CharassetsError
from charassets.similarity.knn import build_graph
from charassets.similarity.vectors import gather


def drawn(n: int, dim: int = 48, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((n // 20, dim))[random.integers(0, n // 20, n)]
    vectors = vectors + 0.7 * random.standard_normal((n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def test_small_collections_get_exact_neighbours():
    vectors = drawn(400)
    graph = build_graph(vectors, 5)
    single = vectors.astype(np.float32)
    scores = single @ single.T
    np.fill_diagonal(scores, -2)
    assert np.allclose(graph.cosines, -np.sort(-scores, axis=1)[:, :5], atol=1e-5)
    assert not (graph.neighbours == np.arange(400)[:, None]).any()


def test_the_large_index_finds_planted_copies():
    vectors = drawn(6_000)
    copies = vectors[:300].astype(np.float32) + 0.01 * np.random.default_rng(1).standard_normal((300, 48))
    copies = (copies / np.linalg.norm(copies, axis=1, keepdims=True)).astype(np.float16)
    graph = build_graph(np.concatenate([vectors, copies]), 8, exact_up_to=1_000)
    found = [i in graph.neighbours[6_000 + i] for i in range(300)]
    assert np.mean(found) >= 0.995
    exact = build_graph(np.concatenate([vectors, copies]), 8)
    overlap = [len(np.intersect1d(a, b)) / 8 for a, b in zip(graph.neighbours, exact.neighbours, strict=True)]
    assert np.mean(overlap) > 0.9


def test_more_equal_vectors_than_neighbours_still_leave_out_the_vector_itself():
    graph = build_graph(np.repeat(drawn(20)[:1], 30, axis=0), 4)
    assert graph.neighbours.shape == (30, 4)
    assert not (graph.neighbours == np.arange(30)[:, None]).any()


def test_each_pair_is_listed_once():
    pairs = build_graph(drawn(200), 4).pairs(0.0)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_collections_have_as_many_neighbours_as_there_are(n: int):
    assert build_graph(drawn(40)[:n], 16).neighbours.shape == (n, max(0, n - 1))


def _stored(records: list[str], vectors: np.ndarray, model: str) -> pa.Table:
    return pa.table(
        {"record_id": records, "model": [model] * len(records), "embedding": [v.tobytes() for v in vectors]}
    )


def test_vectors_are_gathered_for_the_records_asked_about():
    vectors = drawn(40)
    batches = [_stored(["a", "b"], vectors[:2], "m"), _stored(["c"], vectors[2:3], "m")]
    found = gather(batches, ["c", "nobody", "a"])
    assert found.row.tolist() == [1, -1, 0]
    assert np.array_equal(found.values, vectors[[0, 2]])


def test_vectors_of_two_models_are_refused():
    vectors = drawn(40)
    batches = [_stored(["a"], vectors[:1], "mini-1"), _stored(["b"], vectors[1:2], "clip-2")]
    with pytest.raises(CharassetsError, match="clip-2, mini-1"):
        gather(batches, ["a", "b"])
