"""Stored embeddings gathered into one array."""

import numpy as np
import pyarrow as pa
import pytest

from charassets.errors import CharassetsError
from charassets.similarity import vectors as stored_vectors
from charassets.similarity.vectors import gather, of_rows
from charassets_tests.similarity.drawing import drawn


def rows(records: list[str], vectors: np.ndarray, model: str) -> pa.Table:
    return pa.table(
        {"record_id": records, "model": [model] * len(records), "embedding": [v.tobytes() for v in vectors]}
    )


@pytest.mark.parametrize("mapped_from", [1, 1 << 30], ids=["mapped", "in memory"])
def test_vectors_are_gathered_for_the_records_asked_about(mapped_from: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_vectors, "_MAPPED_FROM", mapped_from)
    vectors = drawn(40)
    batches = [rows(["a", "b"], vectors[:2], "m"), rows(["c"], vectors[2:3], "m")]
    found = gather(batches, ["c", "nobody", "a"])
    assert found.row.tolist() == [0, -1, 2]
    assert np.array_equal(found.values[[2, 0]], vectors[[0, 2]])
    assert not found.values[1].any()


def test_vectors_of_two_models_are_refused():
    vectors = drawn(40)
    batches = [rows(["a"], vectors[:1], "mini-1"), rows(["b"], vectors[1:2], "clip-2")]
    with pytest.raises(CharassetsError, match="clip-2, mini-1"):
        gather(batches, ["a", "b"])


@pytest.mark.parametrize("mapped_from", [1, 1 << 30], ids=["mapped", "in memory"])
def test_some_rows_are_copied_and_all_rows_are_not(mapped_from: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_vectors, "_MAPPED_FROM", mapped_from)
    monkeypatch.setattr(stored_vectors, "_LOOKED_UP_AT_ONCE", 3)
    vectors = drawn(10)
    assert of_rows(vectors, np.arange(10)) is vectors
    chosen = np.array([0, 2, 3, 5, 9])
    assert np.array_equal(of_rows(vectors, chosen), vectors[chosen])
