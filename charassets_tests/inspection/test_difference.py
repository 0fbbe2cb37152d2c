"""Two states of a dataset."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charassets.errors import UsageError
from charassets.exports.export import export
from charassets.exports.index import INDEX
from charassets.inspection.difference import compare
from charassets.settings import ExportSettings
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import RECORDS, Drawn, built_lake, settings_for


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """The first; the second with one record more, one gone blind, and one whose tags changed."""
    folder = tmp_path_factory.mktemp("states")
    changed = [r for r in RECORDS if r.name not in ("ann-3", "ben-3")]
    changed += [Drawn("ann-3", boxes=(), tags="no_humans", degrees=22, phash=0xFFFF << 16, shard="shard-00001")]
    changed += [Drawn("ben-3", tags="1girl, solo", degrees=200, phash=0xFFFF << 48, shard="shard-00001")]
    changed += [Drawn("new", degrees=290, phash=0xFF << 20)]
    for name, records in (("a", RECORDS), ("b", changed)):
        settings = settings_for(folder / name)
        workspace, lake = built_lake(settings, records)
        build(workspace, lake, settings)
        export(settings, ExportSettings())
    return folder


def test_a_state_does_not_differ_from_itself(states):
    found = compare(states / "a", states / "a" / "charassets.duckdb")
    assert (found.added, found.dropped, found.drift, found.moved, found.merged, found.split) == (0, {}, (), 0, (), {})
    assert found.before == found.after > 0


def test_added_dropped_and_changed_records_are_counted(states):
    found = compare(states / "a", states / "b")
    assert found.added == 1
    assert found.dropped == {"none": 1}
    drift = {d.attribute: d for d in found.drift}
    assert drift["Hair Length"].changed == 1
    assert drift["Hair Length"].newly_unknown == 1
    assert drift["Hair Length"].commonest == (("Long", "Unknown", 1),)


def test_exports_are_states_too(states):
    exports = compare(states / "a" / "exports" / "jsonl", states / "b" / "exports" / "jsonl")
    warehouses = compare(states / "a", states / "b")
    assert (exports.before, exports.after, exports.added, exports.drift) == (
        warehouses.before, warehouses.after, warehouses.added, warehouses.drift,
    )  # fmt: skip


def test_what_is_no_state_is_refused(states, tmp_path):
    with pytest.raises(UsageError, match="no state"):
        compare(states / "a", tmp_path)


def test_one_picture_that_goes_elsewhere_is_no_merger_and_no_split(tmp_path):
    def state(name, characters):
        rows = {"record_id": [f"r{i}" for i in range(len(characters))], "character_id": list(characters)}
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({**rows, "attributes": ["{}"] * len(characters)}), tmp_path / name / INDEX)
        return tmp_path / name

    first = state("first", [*"aaaabbbb", None, None])
    one_moved = compare(first, state("one_moved", [*"aaabbbb", None, "b", None]))
    assert (one_moved.moved, one_moved.merged, one_moved.split) == (1, (), {})
    assert (one_moved.gained, one_moved.lost) == (1, 1)
    welded = compare(first, state("welded", [*"cccccccb", None, None]))
    assert welded.merged == (("a", "b"),) and welded.split == {}
    parted = compare(first, state("parted", [*"aaddbbbb", None, None]))
    assert (parted.moved, parted.merged, parted.split) == (2, (), {"a": 2})
