"""What ails a workspace."""

import os
import time

from charassets.inspection.health import clean, examine
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
    young = workspace.root / "charassets.duckdb.3-4.tmp"
    young.write_bytes(b"a build under way")
    found = list(examine(settings))
    assert len(found) == len(left)
    assert all(finding.garbage for finding in found)
    assert len(clean(settings)) == len(left)
    assert not any(path.exists() for path in left)
    assert young.exists()
    assert list(examine(settings)) == []
    assert build(workspace, lake, settings).unchanged


def test_a_cut_fragment_and_a_missing_model_are_told_with_what_to_do(tmp_path):
    settings = settings_for(tmp_path, detector={"path": str(tmp_path / "none.onnx")})
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    fragment = lake.fragment("raw_shards", "shard-00000")
    (workspace.root / "lake" / fragment.path()).write_bytes(b"cut")
    told = {finding.where: finding for finding in examine(settings)}
    assert "run" in told["raw_shards/shard-00000"].todo
    assert "detector" in told[str(tmp_path / "none.onnx")].what


def test_a_busy_workspace_is_told_and_left_alone(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with workspace.locked():
        (finding,) = examine(settings)
    assert "now" in finding.what
