"""The neighbour graph over a small lake: built once, then brought up to date as shards come, change and go."""

from pathlib import Path

import numpy as np
import pytest

from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.similarity import knn
from charassets.similarity.stored import COLUMNS, StoredGraph, read_graph
from charassets.stages.collection import ALL, run_collection
from charassets.stages.knn_graph import KnnGraph, graph_facts
from charassets.stages.promises import CONTRACTS
from charassets_tests.similarity.drawing import drawn
from charassets_tests.warehouse.small_lake import commit, settings_for

VECTORS = drawn(160, dim=16)


def put(lake: Lake, shard: str, rows: range | list[int], *, crop: str = "crop", model: str = "drawn@0") -> None:
    """Commit a shard of embeddings; record ids are in an order of their own."""
    known = [
        {
            "record_id": f"{(row * 7919) % 1009:04d}",
            "crop_id": f"{crop}-{row}",
            "model": model,
            "dim": 16,
            "embedding": VECTORS[row].tobytes(),
        }
        for row in rows
    ]
    commit(lake, "clip_embeddings", shard, known, [row["record_id"] for row in known])


def opened(folder: Path, **flags: object) -> tuple[KnnGraph, Lake]:
    settings = settings_for(folder, **flags)
    workspace = Workspace.of(settings)
    workspace.create()
    return KnnGraph(settings), workspace.open_lake()


def stored(lake: Lake) -> StoredGraph:
    fragment = lake.fragment("knn_graph", ALL)
    assert fragment is not None
    for contract in CONTRACTS["knn_graph"]:
        assert contract.broken(lake, fragment) is None
    return read_graph(fragment.batches(list(COLUMNS), 50))


def version(lake: Lake) -> str:
    fragment = lake.fragment("knn_graph", ALL)
    assert fragment is not None
    return fragment.version


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the graphs that were built from nothing."""
    made: list[int] = []
    build = knn.build

    def counted(vectors: np.ndarray, searcher: knn.Searcher, k: int):
        made.append(len(vectors))
        return build(vectors, searcher, k)

    monkeypatch.setattr("charassets.stages.knn_graph.build", counted)
    return made


@pytest.mark.parametrize("method", ["exact", "cells", "faiss"])
def test_shards_that_arrive_one_by_one_make_the_graph_of_one_run(tmp_path: Path, method: str, builds: list[int]):
    graph = {"method": method, "neighbours": 6}
    stage, lake = opened(tmp_path / "slowly", graph=graph)
    put(lake, "shard-00000", range(0, 100))
    run_collection(stage, lake)
    for number, rows in enumerate([range(100, 120), range(120, 160)], 1):
        put(lake, f"shard-{number:05d}", rows)
        run_collection(stage, lake)
    assert builds == [100]
    assert stored(lake).record_ids.to_pylist() == sorted(f"{(row * 7919) % 1009:04d}" for row in range(160))

    if method == "exact":  # an index that was trained on all is another index
        stage, at_once = opened(tmp_path / "at once", graph=graph)
        put(at_once, "shard-00000", range(0, 160))
        run_collection(stage, at_once)
        assert version(at_once) == version(lake)


def test_a_changed_crop_and_a_gone_shard_are_worked_in(tmp_path: Path, builds: list[int]):
    stage, lake = opened(tmp_path / "changed")
    put(lake, "shard-00000", range(0, 90))
    put(lake, "shard-00001", range(90, 130))
    run_collection(stage, lake)
    put(lake, "shard-00000", range(0, 80), crop="cut-anew")
    put(lake, "shard-00001", [])
    run_collection(stage, lake)
    assert builds == [130]

    stage, fresh = opened(tmp_path / "fresh")
    put(fresh, "shard-00000", range(0, 80), crop="cut-anew")
    run_collection(stage, fresh)
    assert version(fresh) == version(lake)


def test_an_unchanged_collection_computes_nothing(tmp_path: Path, builds: list[int]):
    stage, lake = opened(tmp_path)
    put(lake, "shard-00000", range(60))
    run_collection(stage, lake)
    assert run_collection(stage, lake).unchanged
    assert builds == [60]


@pytest.mark.parametrize(
    "flags", [{"graph": {"neighbours": 5}}, {"graph": {"generation": 1}}, {"graph": {"method": "faiss"}}]
)
def test_a_new_rule_or_generation_builds_anew(tmp_path: Path, flags: dict, builds: list[int]):
    stage, lake = opened(tmp_path)
    put(lake, "shard-00000", range(60))
    run_collection(stage, lake)
    other, _ = opened(tmp_path, **flags)
    run_collection(other, lake)
    assert builds == [60, 60]


def test_vectors_of_another_model_are_compared_anew(tmp_path: Path, builds: list[int]):
    stage, lake = opened(tmp_path)
    put(lake, "shard-00000", range(60))
    run_collection(stage, lake)
    put(lake, "shard-00000", range(60), model="newer@1")
    run_collection(stage, lake)
    assert builds == [60, 60]


def test_a_collection_that_outgrew_comparing_all_pairs_gets_an_index(tmp_path: Path, builds: list[int]):
    stage, lake = opened(tmp_path, graph={"exact_up_to": 100})
    put(lake, "shard-00000", range(0, 90))
    run_collection(stage, lake)
    put(lake, "shard-00001", range(90, 150))
    run_collection(stage, lake)
    put(lake, "shard-00002", range(150, 160))
    run_collection(stage, lake)
    assert builds == [90, 150]
    fragment = lake.fragment("knn_graph", ALL)
    assert fragment is not None
    assert graph_facts(fragment).method != "exact"
    assert graph_facts(fragment).trained_on == 150
