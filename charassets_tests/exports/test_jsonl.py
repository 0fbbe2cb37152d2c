"""The JSON lines export over a small lake."""

import json
from pathlib import Path

import pytest

from charassets.errors import UsageError
from charassets.exports import jsonl
from charassets.lake.workspace import Workspace
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import FATES, Drawn, built_lake, settings_for, write_shards


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return workspace


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_kept_record_is_a_line_with_the_nine_attributes_and_its_origin(workspace: Workspace):
    result = jsonl.export(workspace, workspace.exports)
    found = {line["record_id"]: line for line in lines(result.path)}
    assert set(found) == {name for name, fate in FATES.items() if fate == "kept"}
    assert result.rows == len(found)
    ann = found["ann-1"]
    assert ann["attributes"] == {
        **dict.fromkeys(["Age", "Ethnicity", "Hair Style", "Hair Color", "Eye Color", "Body Type", "Dress"], "Unknown"),
        "Gender": "Female",
        "Hair Length": "Long",
    }
    assert ann["confidence"] == {"Gender": 0.9, "Hair Length": 0.8}
    assert ann["character_id"] == "character_000"
    assert ann["origin"]["uri"] == "/art/ann-1.png"
    assert (ann["origin"]["width"], ann["origin"]["height"]) == (400, 600)
    assert "uri" in found["words"]["origin"]
    assert "width" not in found["words"]["origin"]


def test_a_second_export_writes_nothing_and_a_new_shard_does(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    first = jsonl.export(workspace, workspace.exports)
    before = first.path.stat()
    second = jsonl.export(workspace, workspace.exports)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert second.sha256 == first.sha256
    assert first.path.stat() == before

    write_shards(lake, [Drawn("one more", shard="shard-00003")])
    build(workspace, lake, settings)
    assert jsonl.export(workspace, workspace.exports).rows == first.rows + 1


@pytest.mark.parametrize("name", [jsonl.FILE, jsonl.MANIFEST])
def test_a_cut_file_is_written_again(workspace: Workspace, name: str):
    first = jsonl.export(workspace, workspace.exports)
    whole = first.path.read_bytes()
    damaged = workspace.exports / name
    damaged.write_bytes(damaged.read_bytes()[:-5])
    again = jsonl.export(workspace, workspace.exports)
    assert not again.unchanged
    assert again.path.read_bytes() == whole
    assert {path.name for path in workspace.exports.iterdir()} == {jsonl.FILE, jsonl.MANIFEST}


def test_without_a_warehouse_it_says_what_to_do(tmp_path: Path):
    with pytest.raises(UsageError, match="no warehouse yet"):
        jsonl.export(Workspace.of(settings_for(tmp_path)), tmp_path / "out")
