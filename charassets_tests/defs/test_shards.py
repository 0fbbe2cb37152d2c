import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from charassets.definitions import defs
from charassets_tests.defs.small_source import (
    draw,
    events,
    execute,
    folder_of,
    list_again,
    materialize,
    numbers,
    workspace_over,
)

KEYS = ["shard-00000", "shard-00001", "shard-00002"]


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def source(tmp_path):
    return folder_of(tmp_path / "pictures", 6)


@pytest.fixture
def root(source, tmp_path):
    workspace_over(source, tmp_path / "work")
    return tmp_path / "work"


def stale_of(instance, table):
    graph = defs().get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return {key: resolver.get_status(dg.AssetKey(table), key) for key in KEYS}


def test_each_shard_has_its_own_event_with_its_own_version_and_numbers(instance, root):
    materialize(instance, root, KEYS, "raw_shards")
    latest = events(instance, "raw_shards")
    assert sorted(latest) == KEYS
    assert [numbers(latest[key])["dagster/partition_row_count"] for key in KEYS] == [2, 2, 2]
    assert len({latest[key].tags["dagster/data_version"] for key in KEYS}) == 3


def test_a_bad_shard_fails_alone_and_is_named(instance, source, root):
    (source / "002-torn.tar").write_bytes(b"not a tar at all" * 64)
    list_again(root)
    keys = [*KEYS, "shard-00003"]
    result = materialize(instance, root, keys, "raw_shards")
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert list(failure.metadata["failed"].value) == [keys[3]]
    assert failure.metadata["exit_code"].value == 3
    assert instance.get_materialized_partitions(dg.AssetKey("raw_shards")) == set(KEYS)


def test_a_shard_that_did_not_change_is_not_computed_again(instance, root):
    materialize(instance, root, KEYS, "raw_shards", "tag_evidence")
    before = {key: event.tags["dagster/data_version"] for key, event in events(instance, "tag_evidence").items()}
    materialize(instance, root, KEYS, "raw_shards", "tag_evidence")
    again = events(instance, "tag_evidence")
    assert [numbers(again[key])["records_computed"] for key in KEYS] == [0, 0, 0]
    assert {key: event.tags["dagster/data_version"] for key, event in again.items()} == before


def test_dagster_calls_exactly_the_readers_of_a_changed_shard_stale(instance, source, root):
    materialize(instance, root, KEYS, "raw_shards", "tag_evidence")
    assert set(stale_of(instance, "tag_evidence").values()) == {StaleStatus.FRESH}
    (source / "003.txt").write_text("1girl, solo, green hair, twintails")
    list_again(root)
    materialize(instance, root, KEYS, "raw_shards")
    assert stale_of(instance, "tag_evidence") == {
        KEYS[0]: StaleStatus.FRESH,
        KEYS[1]: StaleStatus.STALE,
        KEYS[2]: StaleStatus.FRESH,
    }
    materialize(instance, root, KEYS, "tag_evidence")
    assert set(stale_of(instance, "tag_evidence").values()) == {StaleStatus.FRESH}


def damage(root, shard):
    part = next((root / "lake" / "raw_shards" / shard).glob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"?")


def test_a_damaged_fragment_fails_the_check_that_is_run_on_its_own_and_is_named(instance, root):
    materialize(instance, root, KEYS, "raw_shards")
    damage(root, KEYS[1])
    result = execute(instance, root, checks=[("raw_shards", "files_match_manifest")])
    answers = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert not answers["files_match_manifest"].passed
    assert list(answers["files_match_manifest"].metadata["bad_shards"].value) == [KEYS[1]]


def test_a_shard_that_failed_a_check_holds_up_what_follows_until_it_is_mended(instance, root):
    materialize(instance, root, KEYS, "raw_shards")
    damage(root, KEYS[1])
    execute(instance, root, checks=[("raw_shards", "files_match_manifest")])
    assert not materialize(instance, root, KEYS, "raw_shards", "tag_evidence").success  # though nothing was computed
    assert instance.get_materialized_partitions(dg.AssetKey("tag_evidence")) == set()
    (root / "lake" / "raw_shards" / KEYS[1] / "manifest.json").unlink()  # what the message advises
    assert materialize(instance, root, KEYS, "raw_shards", "tag_evidence").success


def test_reading_damage_fails_the_shard_with_the_code_of_verification(instance, root):
    materialize(instance, root, KEYS, "raw_shards")
    damage(root, KEYS[1])
    result = materialize(instance, root, KEYS, "tag_evidence")
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert list(failure.metadata["failed"].value) == [KEYS[1]]
    assert failure.metadata["exit_code"].value == 4
    assert instance.get_materialized_partitions(dg.AssetKey("tag_evidence")) == {KEYS[0], KEYS[2]}


def test_a_rejected_picture_is_counted_by_its_code(instance, source, root):
    (source / "000.png").write_bytes(b"no picture at all")
    list_again(root)
    materialize(instance, root, KEYS, "raw_shards")
    told = numbers(events(instance, "raw_shards")[KEYS[0]])
    assert told["records_in"] == 2
    assert told["records_rejected"] == 1
    assert [name for name in told if name.startswith("rejected/")] == ["rejected/not_an_image"]


def test_new_pictures_open_a_new_shard_and_leave_the_others_alone(instance, source, root):
    materialize(instance, root, KEYS, "raw_shards")
    draw(source / "0000-first-in-the-alphabet.png", 9, "1girl, solo")
    list_again(root)
    keys = [*KEYS, "shard-00003"]
    materialize(instance, root, keys, "raw_shards")
    latest = events(instance, "raw_shards")
    assert [numbers(latest[key])["records_computed"] for key in keys] == [0, 0, 0, 1]


def test_a_shard_shows_its_pictures_and_warns_when_few_are_kept(instance, source, tmp_path, small_models):
    models = {"detector": {"path": str(small_models.detector)}, "embedder": {"path": str(small_models.embedder)}}
    strict = {"gates": {"min_sharpness": 1e9}}  # nothing is sharp enough
    root = tmp_path / "work"
    workspace_over(source, root, **models, **strict)
    for day in range(3):
        metadata = {"kept_share": 0.9}
        before = dg.AssetMaterialization("single_character_images", partition=f"before-{day}", metadata=metadata)
        instance.report_runless_asset_event(before)
    result = materialize(instance, root, KEYS, "raw_shards", "single_character_images")
    assert result.success  # a warning holds up nothing
    drift = next(e for e in result.get_asset_check_evaluations() if e.check_name == "kept_share_steady")
    assert not drift.passed
    assert drift.description is not None and f"0.00 in {KEYS[0]}" in drift.description
    assert drift.description.endswith("where 0.90 was usual before")
    assert set(drift.metadata["odd_shards"].value) == set(KEYS)
    told = numbers(events(instance, "single_character_images")[KEYS[0]])
    assert told["kept_share"] == 0
    assert told["refused"].startswith("![refused](data:image/webp;base64,")
    assert len(told["refused"]) < 30_000
