"""Stored embeddings gathered into one array."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.errors import CharassetsError
from charassets.similarity import vectors as stored_vectors
from charassets.similarity.vectors import (
    Batches,
    Embeddings,
    Vectors,
    gather,
    halved,
    of_rows,
    one_thread,
    room,
    single,
)
from charassets_tests.similarity.drawing import drawn


def rows(records: list[str], vectors: np.ndarray, model: str) -> pa.Table:
    return pa.table(
        {"record_id": records, "model": [model] * len(records), "embedding": [v.tobytes() for v in vectors]}
    )


def reading(batches: list[pa.Table]) -> Batches:
    return lambda columns: (batch.select(list(columns)) for batch in batches)


@pytest.mark.parametrize("mapped_from", [1, 1 << 30], ids=["mapped", "in memory"])
def test_vectors_are_gathered_for_the_records_asked_about(mapped_from: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_vectors, "_MAPPED_FROM", mapped_from)
    vectors = drawn(40)
    batches = [rows(["a", "b"], vectors[:2], "m"), rows(["c"], vectors[2:3], "m")]
    found = gather(reading(batches), ["c", "nobody", "a"])
    assert found.row.tolist() == [0, -1, 2]
    assert np.array_equal(found.values[[2, 0]], vectors[[0, 2]])
    assert not found.values[1].any()


def test_vectors_of_two_models_are_refused():
    vectors = drawn(40)
    batches = [rows(["a"], vectors[:1], "mini-1"), rows(["b"], vectors[1:2], "clip-2")]
    with pytest.raises(CharassetsError, match="clip-2, mini-1"):
        gather(reading(batches), ["a", "b"])


@pytest.mark.parametrize("mapped_from", [1, 1 << 30], ids=["mapped", "in memory"])
def test_some_rows_are_copied_and_all_rows_are_not(mapped_from: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_vectors, "_MAPPED_FROM", mapped_from)
    monkeypatch.setattr(stored_vectors, "_COPIED_AT_ONCE", 3)
    vectors = drawn(10)
    assert of_rows(vectors, np.arange(10)) is vectors
    chosen = np.array([0, 2, 3, 5, 9])
    assert np.array_equal(of_rows(vectors, chosen), vectors[chosen])


@given(st.integers(0, 1 << 30), st.integers(1, 9), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_vectors_come_from_any_batches_and_null_is_none(seed, size, asked):
    rng = np.random.default_rng(seed)
    vectors, names = drawn(30, seed=seed), np.array([f"r{k:02d}" for k in range(30)])
    there = rng.random(30) < 0.8
    order = rng.permutation(30)
    whole = rows(names[order].tolist(), vectors[order], "m")
    known = pa.array(
        [v.tobytes() if there[k] else None for k, v in zip(order, vectors[order], strict=True)], pa.binary()
    )
    whole = whole.set_column(2, "embedding", known)
    wanted = rng.permutation(30)[:asked]
    found = gather(reading([whole.slice(k, size) for k in range(0, 30, size)]), names[wanted].tolist())
    assert found.row.tolist() == [k if there[row] else -1 for k, row in enumerate(wanted)]
    if there[wanted].any():
        assert np.array_equal(found.values, np.where(there[wanted, None], vectors[wanted], 0))


@pytest.mark.parametrize("mapped_from", [1, 1 << 30], ids=["mapped", "in memory"])
def test_precision_is_changed_as_numpy_does(mapped_from: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_vectors, "_MAPPED_FROM", mapped_from)
    values = np.random.default_rng(0).normal(0, 1, (50, 8)).astype(np.float32)
    values[0] = [
        0,
        -0.0,
        1e-8,
        6e-8,
        -6.1e-5,
        65504,
        1 + 2**-11,
        1 + 3 * 2**-11,
    ]  # below half, denormal, largest, halfway
    stored = room(60, 8)
    halved(values, stored[:50])
    assert np.array_equal(stored[:50], values.astype(np.float16)) and not stored[50:].any()
    some = np.array([0, 7, 59, 7])
    assert np.array_equal(single(stored, some), stored[some].astype(np.float32))
    assert np.array_equal(single(stored, slice(40, 70)), stored[40:].astype(np.float32))


def test_few_embeddings_are_read_by_themselves_and_all_of_them_once():
    vectors, names, asked = drawn(40), pa.array([f"r{k:02d}" for k in range(40)]), []

    def read(some: pa.Array) -> Vectors:
        asked.append(len(some))
        return gather(reading([rows(names.to_pylist(), vectors, "m")]), some)

    embeddings = Embeddings(read, names)
    for wanted in ([3, 9], [20], [21], [5, 38], list(range(40))):
        found = embeddings.of(np.array(wanted))
        assert np.array_equal(found.values[found.row], vectors[wanted])
    assert asked == [2, 1, 40]
    many = Embeddings(read, names)
    assert np.array_equal(many.of(np.arange(11)).row, np.arange(11)) and asked[3:] == [40]


def test_threads_are_as_many_afterwards_even_after_an_error():
    import torch

    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="stop"), one_thread():
        assert torch.get_num_threads() == 1
        raise ValueError("stop")
    assert torch.get_num_threads() == before
