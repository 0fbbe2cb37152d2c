"""Choosing and publishing, whatever the format."""

import hashlib
import json
import os

import duckdb
import pytest
import yaml
from PIL import Image

from charassets.curation import EditLog
from charassets.errors import UsageError
from charassets.exports.export import FORMATS, count, export
from charassets.exports.publishing import read_manifest
from charassets.settings import load_settings
from charassets.warehouse import build
from charassets.warehouse.query import QueryError
from charassets_tests.exports.conftest import KEPT, PICTURED, asked
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_published_whole_with_card_index_and_manifest(settings, out, format):
    manifest = export(settings, asked(format), out).manifest
    assert read_manifest(out) == manifest
    assert manifest["records"] + sum(manifest["left_out"].values()) == manifest["chosen"] == len(KEPT)
    index = duckdb.sql(f"SELECT record_id, file, sha256 FROM '{out}/index.parquet'").fetchall()  # noqa: S608
    assert {row[0] for row in index} == (PICTURED if FORMATS[format].holds_pictures else KEPT)
    for _, file, digest in index:
        if file is not None and (out / file).is_file():
            assert hashlib.sha256((out / file).read_bytes()).hexdigest() == digest
    card = (out / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(card.split("---")[1])
    assert head["size_categories"] == ["n<1K"]
    for part in (
        "## Counts",
        "## Sources",
        "## Models",
        "## Coverage",
        "## Holes",
        "## How it was made",
        "## No leaks",
    ):
        assert part in card
    assert not list(out.parent.glob(".*")), "nothing is left beside it"
    assert export(settings, asked(format), out).unchanged


def test_the_filter_is_the_query_language(settings, out):
    manifest = export(settings, asked("jsonl", filter="id:ann* hair:long"), out).manifest
    assert manifest["records"] == 3
    with pytest.raises(QueryError, match="character 1"):
        export(settings, asked("jsonl", filter="haar:long"), out)
    with pytest.raises(UsageError, match="no record passes"):
        export(settings, asked("jsonl", filter="cluster:999"), out)
    assert read_manifest(out) == manifest, "what stood there stands"


def test_values_below_the_confidence_are_unknown(settings, out):
    export(settings, asked("jsonl", min_confidence=0.85), out)
    lines = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    ann = next(line for line in lines if line["record_id"] == "ann-1")
    assert (ann["attributes"]["Gender"], ann["attributes"]["Hair Length"]) == ("Female", "Unknown")
    export(settings, asked("jsonl", min_confidence=0.8), out)
    lines = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    assert next(line for line in lines if line["record_id"] == "ann-1")["attributes"]["Hair Length"] == "Long"


def test_repeats_balance_characters(settings, out):
    export(settings, asked("parquet", filter="id:ann* or id:ben-1", balance=2), out)
    sql = f"SELECT record_id, repeats FROM '{out}/train.parquet'"  # noqa: S608
    found = dict(duckdb.sql(sql).fetchall())
    assert found == {"ann-1": 1, "ann-2": 1, "ann-3": 1, "ben-1": 2}


def test_a_dry_run_counts_what_an_export_writes(settings, out):
    options = asked("jsonl", split={"test": 0.5})
    assert count(settings, options) == export(settings, options, out).manifest["by_split"]


def test_a_folder_of_somebody_else_is_never_replaced(settings, out):
    out.mkdir()
    (out / "thesis.txt").write_text("three years of work")
    with pytest.raises(UsageError, match="no export"):
        export(settings, asked("jsonl"), out)
    assert (out / "thesis.txt").read_text() == "three years of work"


def test_edits_are_never_replaced_unless_told(settings, out):
    export(settings, asked("kohya"), out)
    caption = next((out / "train").glob("*/ann-1.txt"))
    caption.write_text("1girl, short hair\n")
    with pytest.raises(UsageError, match="import-back"):
        export(settings, asked("kohya", balance=2), out)
    assert caption.read_text() == "1girl, short hair\n"
    assert not export(settings, asked("kohya", balance=2), out, replace_edited=True).unchanged


def test_a_crash_leaves_the_old_export(settings, out, monkeypatch):
    first = export(settings, asked("jsonl"), out).manifest

    def failing(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Exception, match="No space left"):
        export(settings, asked("jsonl", filter="id:ann*"), out)
    assert read_manifest(out) == first
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_characters_stand_in_their_folders(settings, out):
    export(settings, asked("characters"), out)
    found = {path.stem: path.parent.name for path in out.glob("*/*.webp")}
    assert set(found) == PICTURED
    assert found["ann-1"] == found["ann-2"] != found["ben-1"]


def test_what_people_decided_since_the_last_run_is_exported(tmp_path):
    settings = settings_for(tmp_path / "w")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    before = export(settings, asked("kohya"))
    log = EditLog(workspace.edit_log)
    log.append("attribute.set", {"record_ids": ["ann-1"], "attribute": "Hair Length", "value": "Short"})
    log.append("cluster.rename", {"members": ["ann-1", "ann-2", "ann-3"], "name": "Ann Smith"})
    folders = export(settings, asked("characters"), tmp_path / "folders").path
    named = {path.relative_to(folders).as_posix() for path in folders.glob("*Ann_Smith/*")}
    assert named >= {f"character_000__Ann_Smith/Ann_Smith__{record}.webp" for record in ("ann-1", "ann-2", "ann-3")}
    after = export(settings, asked("kohya"))
    assert not after.unchanged
    caption = next(after.path.glob("train/1_Ann_Smith/ann-1.txt")).read_text()
    assert caption.startswith("1girl, ann smith") and "short hair" in caption and "long hair" not in caption
    assert before.manifest["records"] == after.manifest["records"]
    assert export(settings, asked("kohya")).unchanged


def test_originals_keep_their_bytes_and_can_be_links(tmp_path):
    from charassets.lake.workspace import Workspace
    from charassets.sources.intake import take_in
    from charassets.stages.collection import run_collection
    from charassets.stages.pipeline import collection_stages, shard_stages
    from charassets.stages.runner import run_stage
    from charassets.studio.scenes import draw_scene

    source = tmp_path / "in"
    source.mkdir()
    for seed in range(4):
        Image.fromarray(draw_scene(seed, 192).pixels).save(source / f"{seed}.png")
        (source / f"{seed}.txt").write_text("1girl, solo")
    flags = {"workspace": str(tmp_path / "w"), "sources": [{"name": "s", "path": str(source)}]}
    settings = load_settings(flags)
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    (shard,) = take_in(settings, lake).change.shards
    for stage in shard_stages(settings).values():
        run_stage(stage, shard, lake)
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    build(workspace, lake, settings)
    out = tmp_path / "out"
    result = export(settings, asked("characters", pictures="original", link=True), out)
    rows = duckdb.sql(f"SELECT file, sha256 FROM '{out}/index.parquet'").fetchall()  # noqa: S608
    assert len(rows) == result.manifest["records"] > 0
    originals = {path.read_bytes() for path in source.rglob("*") if path.is_file()}
    for file, _ in rows:
        assert (out / file).read_bytes() in originals
        assert (out / file).stat().st_nlink == 2
