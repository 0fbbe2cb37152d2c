from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from charassets.definitions import defs
from charassets_tests.defs.small_source import (
    events,
    folder_of,
    materialize,
    numbers,
    overrides_of,
    register,
    workspace_over,
)

KEYS = ["shard-00000", "shard-00001", "shard-00002"]


@pytest.fixture
def source(tmp_path):
    return folder_of(tmp_path / "pictures", 6)


@pytest.fixture
def root(source, tmp_path, small_models):
    models = {"detector": {"path": str(small_models.detector)}, "embedder": {"path": str(small_models.embedder)}}
    workspace_over(source, tmp_path / "work", **models)
    return tmp_path / "work"


def run_job(instance, root, name, ops=None):
    config = {"resources": {"workbench": {"config": {"overrides": overrides_of(root)}}}}
    if ops:
        config["ops"] = ops
    return defs().resolve_job_def(name).execute_in_process(config, instance=instance, raise_on_error=False)


def test_a_scattered_list_of_shards_takes_one_run_and_is_recorded_as_materialized(root):
    with dg.DagsterInstance.ephemeral() as instance:
        register(instance, KEYS)
        result = run_job(
            instance, root, "shards_by_key", {"bring_up_to_date": {"config": {"shard_keys": [KEYS[0], KEYS[2]]}}}
        )
        assert result.success
        for table in ("raw_shards", "character_attributes"):
            latest = events(instance, table)
            assert set(latest) == {KEYS[0], KEYS[2]}
            assert numbers(latest[KEYS[2]])["records_in"] == 2


def test_the_purge_keeps_the_runs_that_say_what_is_materialized(root, monkeypatch):
    with dg.instance_for_test() as instance:
        old = materialize(instance, root, KEYS, "raw_shards").run_id
        half = materialize(instance, root, KEYS[:2], "raw_shards").run_id
        newest = materialize(instance, root, KEYS[:2], "raw_shards").run_id
        later = datetime.now(UTC) + timedelta(days=31)

        class Later(datetime):
            @classmethod
            def now(cls, zone=None):
                return later.astimezone(zone)

        monkeypatch.setattr("charassets.defs.maintenance.datetime", Later)
        assert run_job(instance, root, "tidy").success
        left = {run.run_id for run in instance.get_runs()}
        assert half not in left  # all it did was done again since
        assert {old, newest} <= left  # the third shard was last materialized by the first run
        assert instance.get_materialized_partitions(dg.AssetKey("raw_shards")) == set(KEYS)


def test_tidying_sweeps_what_no_manifest_names_and_nothing_else(root):
    with dg.instance_for_test() as instance:
        materialize(instance, root, KEYS, "raw_shards")
        garbage = root / "lake" / "raw_shards" / KEYS[0] / "part-000000000000.parquet"
        garbage.write_bytes(b"left by a crash")
        fresh = garbage.with_name("part-111111111111.parquet")
        fresh.write_bytes(b"a run may be about to name this")
        import os

        os.utime(garbage, (0, 0))
        named = {path for path in (root / "lake").rglob("*.*") if path not in (garbage, fresh)}
        assert run_job(instance, root, "tidy").success
        assert not garbage.exists()
        assert fresh.exists()
        assert all(path.exists() for path in named)
