"""A shard that is added: near duplicates find what a run over all finds, and search its own pictures alone."""

from pathlib import Path

import pyarrow as pa
import pytest

from bench.synthetic_lake import settings_for, write_lake
from bench.synthetic_looks import FedDuplicates
from charassets.lake.fragments import Lake
from charassets.similarity import shared_before
from charassets.stages.collection import ALL, run_collection
from charassets.stages.near_duplicates import COMPARED, SHARED
from charassets.stages.pipeline import collection_stages

_RECORDS, _SHARD, _LAST = 600, 100, 5


def found(root: Path, lake: Lake) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Rows but for the groups' lasting names, which the first run gave, and what is kept of shared words."""
    settings = settings_for(root)
    run_collection(collection_stages(settings)["knn_graph"], lake)
    run_collection(FedDuplicates(settings, _RECORDS), lake)
    fragment = lake.fragment("near_duplicates", ALL)
    assert fragment is not None
    shared = fragment.read(role=SHARED).sort_by([(name, "ascending") for name in ("left", "right", "mirrored")])
    return fragment.read().drop_columns("group_name").sort_by("record_id"), shared, fragment.read(role=COMPARED)


def test_an_added_shard_gives_what_a_run_over_all_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    at_once = found(tmp_path / "all", write_lake(tmp_path / "all", _RECORDS, records_a_shard=_SHARD))
    lake = write_lake(tmp_path / "some", _RECORDS, records_a_shard=_SHARD, shards=_LAST)
    fewer = found(tmp_path / "some", lake)
    write_lake(tmp_path / "some", _RECORDS, records_a_shard=_SHARD, first_shard=_LAST)
    monkeypatch.setattr(shared_before, "shared_words", None)  # all is not searched again
    added = found(tmp_path / "some", lake)
    assert len(fewer[0]) < len(at_once[0]) and len(fewer[1]) < len(at_once[1])
    for one, other in zip(added, at_once, strict=True):
        assert one == other
