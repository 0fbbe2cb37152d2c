"""What ails a workspace."""

import os
import subprocess
import time

from charassets.inspection.health import examine, held
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import built_lake, settings_for


def old(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left over")
    os.utime(path, (time.time() - 2 * 86_400,) * 2)
    return path


def test_a_sound_workspace_has_no_findings(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    assert list(examine(settings)) == []


def test_what_a_crash_left_is_found_and_removed_and_nothing_else(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    left = [
        old(workspace.root / "charassets.duckdb.1-2.tmp"),
        old(workspace.root / "lake" / "raw_shards" / "shard-00000" / "part-000.parquet"),
        old(workspace.exports / ".jsonl.77.old" / "train.jsonl").parent,
    ]
    os.utime(left[2], (time.time() - 2 * 86_400,) * 2)
    young = workspace.root / f"charassets.duckdb.{os.getpid()}-4.tmp"
    young.write_bytes(b"a build under way")
    found = list(examine(settings))
    assert len(found) == len(left)
    for finding in found:
        finding.mend()
    assert not any(path.exists() for path in left)
    assert young.exists()
    assert list(examine(settings)) == []
    assert build(workspace, lake, settings).unchanged


def test_while_no_run_works_a_dead_process_is_known_by_its_number(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = [
        workspace.root / f"charassets.duckdb.{ended.pid}-4f.tmp",
        workspace.root / "lake" / "raw_shards" / "shard-00000" / f"rows.{ended.pid}-4f.tmp",
    ]
    alive = workspace.root / f"charassets.duckdb.{os.getpid()}-4f.tmp"
    for path in (*left, alive):
        path.write_bytes(b"just now")
    assert list(examine(settings)) == []
    found = list(examine(settings, idle=True))
    assert {finding.where for finding in found} == {str(path) for path in left}
    assert all(f"of process {ended.pid}" in finding.told() for finding in found)
    for finding in found:
        finding.mend()
    assert alive.exists() and not any(path.exists() for path in left)


def test_a_cut_fragment_and_a_missing_model_are_told_with_what_to_do(tmp_path):
    settings = settings_for(tmp_path, detector={"path": str(tmp_path / "none.onnx")})
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    fragment = lake.fragment("raw_shards", "shard-00000")
    (workspace.root / "lake" / fragment.path()).write_bytes(b"cut")
    told = {finding.where: finding for finding in examine(settings)}
    assert "run" in told["raw_shards/shard-00000"].todo
    assert "detector" in told[str(tmp_path / "none.onnx")].what


def test_a_busy_workspace_is_not_held_and_a_free_one_is(tmp_path):
    settings = settings_for(tmp_path)
    workspace, _ = built_lake(settings)
    with workspace.locked(), held(workspace, take=False) as (free, _):
        assert not free
    with held(workspace, take=True) as (free, left):
        assert free and left is None
