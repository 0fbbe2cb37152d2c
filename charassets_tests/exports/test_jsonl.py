"""The JSON lines export over a small lake."""

import json
from pathlib import Path

import pytest

from charassets.errors import UsageError
from charassets.exports.export import export
from charassets.warehouse import build
from charassets_tests.exports.conftest import KEPT, asked
from charassets_tests.warehouse.small_lake import Drawn, built_lake, settings_for, write_shards


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_kept_record_is_a_line_with_the_nine_attributes_and_its_origin(settings, out):
    result = export(settings, asked("jsonl"), out)
    found = {line["record_id"]: line for line in lines(out / "train.jsonl")}
    assert set(found) == KEPT
    assert result.manifest["records"] == len(found)
    ann = found["ann-1"]
    assert ann["attributes"] == {
        **dict.fromkeys(["Age", "Ethnicity", "Hair Style", "Hair Color", "Eye Color", "Body Type", "Dress"], "Unknown"),
        "Gender": "Female",
        "Hair Length": "Long",
    }
    assert ann["confidence"] == {"Gender": 0.9, "Hair Length": 0.8}
    assert ann["character_id"] is not None
    assert ann["origin"]["uri"] == "/art/ann-1.png"
    assert (ann["origin"]["width"], ann["origin"]["height"]) == (400, 600)
    assert "uri" in found["words"]["origin"]
    assert "width" not in found["words"]["origin"]


def test_a_second_export_writes_nothing_and_a_new_shard_does(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    first = export(settings, asked("jsonl"))
    before = (first.path / "train.jsonl").stat()
    second = export(settings, asked("jsonl"))
    assert (first.unchanged, second.unchanged) == (False, True)
    assert second.manifest == first.manifest
    assert (first.path / "train.jsonl").stat() == before

    write_shards(lake, [Drawn("one more", shard="shard-00003")])
    build(workspace, lake, settings)
    assert export(settings, asked("jsonl")).manifest["records"] == first.manifest["records"] + 1


@pytest.mark.parametrize("name", ["train.jsonl", "manifest.json", "index.parquet"])
def test_a_cut_file_is_written_again(settings, out, name):
    first = export(settings, asked("jsonl"), out)
    whole = (out / name).read_bytes()
    (out / name).unlink()
    if name == "manifest.json":  # the folder is then no export that may be replaced
        with pytest.raises(UsageError, match="no export"):
            export(settings, asked("jsonl"), out)
        return
    again = export(settings, asked("jsonl"), out)
    assert not again.unchanged
    assert (out / name).read_bytes() == whole
    assert again.manifest == first.manifest


def test_without_a_warehouse_it_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="no warehouse yet"):
        export(settings_for(tmp_path), asked("jsonl"), tmp_path / "out")
