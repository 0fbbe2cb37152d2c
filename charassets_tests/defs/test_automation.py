from datetime import UTC, datetime

import dagster as dg
import pytest

from charassets.definitions import defs
from charassets.defs.automation import new_shards, nightly_shards
from charassets.defs.in_process import spans_over
from charassets.defs.partitions import contiguous
from charassets.defs.resources import Workbench
from charassets_tests.defs.small_source import (
    folder_of,
    list_again,
    materialize,
    overrides_of,
    register,
    workspace_over,
)

MIDNIGHT = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.fixture
def source(tmp_path):
    return folder_of(tmp_path / "pictures", 6)


@pytest.fixture
def root(source, tmp_path, small_models):
    models = {"detector": {"path": str(small_models.detector)}, "embedder": {"path": str(small_models.embedder)}}
    workspace_over(source, tmp_path / "work", **models)
    return tmp_path / "work"


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


def tick_of_sensor(instance, root):
    bench = Workbench(overrides=overrides_of(root))
    with dg.build_sensor_context(instance=instance, resources={"workbench": bench}) as context:
        return new_shards(context)


def tick_of_schedule(instance, root):
    bench = Workbench(overrides=overrides_of(root))
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=MIDNIGHT,
        repository_def=defs().get_repository_def(),
        resources={"workbench": bench},
    ) as context:
        return nightly_shards.evaluate_tick(context)


def spans(tick):
    return [
        (r.tags["dagster/asset_partition_range_start"], r.tags["dagster/asset_partition_range_end"])
        for r in tick.run_requests
    ]


def test_the_sensor_registers_the_shards_of_new_pictures_once(instance, source, root):
    first = tick_of_sensor(instance, root)
    assert list(first.dynamic_partitions_requests[0].partition_keys) == ["shard-00000", "shard-00001", "shard-00002"]
    register(instance, first.dynamic_partitions_requests[0].partition_keys)
    assert "no new shard" in tick_of_sensor(instance, root).skip_message
    folder_of(source, 2, first=6)
    assert list(tick_of_sensor(instance, root).dynamic_partitions_requests[0].partition_keys) == ["shard-00003"]


def test_the_sensor_waits_while_a_run_holds_the_workspace(instance, source, root):
    folder_of(source, 2, first=6)
    from charassets.lake.workspace import Workspace
    from charassets_tests.defs.small_source import settings_of

    with Workspace.of(settings_of(root)).locked():
        assert "another run" in tick_of_sensor(instance, root).skip_message


def test_the_night_asks_for_missing_and_changed_shards_in_spans(instance, source, root):
    keys = ["shard-00000", "shard-00001", "shard-00002"]
    register(instance, keys)
    assert spans(tick_of_schedule(instance, root)) == [(keys[0], keys[2])]


def test_the_night_asks_for_nothing_when_all_is_up_to_date_and_for_one_shard_when_one_changed(instance, source, root):
    tables = (
        *("raw_shards", "single_character_images", "clip_embeddings", "design_features"),
        *("tag_evidence", "visual_evidence", "character_attributes", "character_identities"),
    )
    keys = ["shard-00000", "shard-00001", "shard-00002"]
    assert materialize(instance, root, keys, *tables).success
    assert tick_of_schedule(instance, root).run_requests == []
    (source / "002.txt").write_text("1boy, solo, white hair")
    list_again(root)
    assert spans(tick_of_schedule(instance, root)) == [(keys[1], keys[1])]


def test_spans_are_neighbours_and_at_most_so_long():
    keys = [f"s{i}" for i in range(8)]
    wanted = {"s0", "s1", "s2", "s4", "s6", "s7"}
    assert list(contiguous(keys, wanted, 2)) == [["s0", "s1"], ["s2"], ["s4"], ["s6", "s7"]]


def test_a_run_asks_for_what_is_wanted_and_bridges_small_gaps_only():
    keys = [f"s{i:02d}" for i in range(40)]
    assert spans_over(keys, set()) == []
    assert spans_over(keys, {"s05"}) == [["s05"]]
    assert spans_over(keys, {"s05", "s08", "s39"}) == [["s05", "s06", "s07", "s08"], ["s39"]]


def test_the_conditions_ask_for_missing_shards_whose_input_is_there(instance, root):
    keys = ["shard-00000", "shard-00001", "shard-00002"]
    register(instance, keys)
    materialize(instance, root, keys[:2], "raw_shards")
    result = dg.evaluate_automation_conditions(defs=defs(), instance=instance, evaluation_time=MIDNIGHT)
    assert result.get_requested_partitions(dg.AssetKey("raw_shards")) == {keys[2]}
    assert result.get_requested_partitions(dg.AssetKey("tag_evidence")) == set(keys)  # the third with its input
