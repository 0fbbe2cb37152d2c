"""Folders of characters, and what the clustering came to: numbers, a map, sheets."""

import io
import json

import dagster as dg
import pytest
from PIL import Image

from charassets.curation import EditLog, take_snapshot
from charassets.defs.exports import character_outputs
from charassets.defs.resources import Workbench
from charassets.exports.character_report import LIST, MAP, QUALITY, SHEETS, SUMMARY
from charassets.exports.export import export
from charassets.images.contact_sheet import smaller
from charassets.stages.character_clusters import CharacterClusters
from charassets.stages.cluster_health import CHECKS
from charassets.stages.collection import run_collection
from charassets.warehouse import build
from charassets_tests.exports.conftest import asked
from charassets_tests.warehouse.small_lake import built_lake, settings_for


def read(folder, name):
    return json.loads((folder / name).read_bytes())


@pytest.fixture(scope="module")
def published(settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("characters") / "out"
    export(settings, asked("characters"), out)
    return out


def test_the_summary_counts_what_lies_in_the_folders(published):
    told = read(published, SUMMARY)
    folders = {f.name: len(list(f.iterdir())) for f in published.iterdir() if f.is_dir()}
    assert told["characters"] == sum(name.startswith("character_") for name in folders) == 2
    assert told["noise"] == folders.get("noise", 0)
    assert told["pictures"] == sum(folders.values()) == told["clustered"] + told["noise"]
    assert sum(told["characters_by_least_size"].values()) == told["characters"]
    assert told["largest"] == max(size for name, size in folders.items() if name != "noise")


def test_every_character_has_a_line_with_its_likeness(published):
    lines = [json.loads(line) for line in (published / LIST).read_text().splitlines()]
    assert [line["character_id"] for line in lines] == ["character_000", "character_001"]
    assert all(-1 <= line["least_alike"] <= line["median_alike"] <= 1 for line in lines)
    assert lines[0]["representative"].startswith("ann") and lines[1]["representative"].startswith("ben")


def test_the_quality_report_has_every_check_and_says_whom_to_look_at_and_why(published):
    told = read(published, QUALITY)
    assert [check["name"] for check in told["checks"]] == list(CHECKS)
    doubts = [line["doubt"] for line in told["doubtful"]]
    assert doubts == sorted(doubts, reverse=True) and len(doubts) == 2
    assert {line["nearest_other"]["character_id"] for line in told["doubtful"]} == {"character_000", "character_001"}
    assert all("contradict" in line["reason"] for line in told["doubtful"])
    assert told["unkept"] == []


def test_the_map_and_the_sheets_show_pictures(published):
    with Image.open(published / MAP) as page:
        assert page.format == "PNG" and len(page.convert("RGB").getcolors(1 << 20)) > 3
    for name in SHEETS.values():
        with Image.open(published / name) as page:
            assert page.format == "WEBP" and page.width == 8 * 112


def test_the_report_alone_has_the_same_numbers_and_no_folder(settings, published, out):
    export(settings, asked("character_report"), out)
    assert not [f for f in out.iterdir() if f.is_dir()]
    for name in (SUMMARY, LIST, QUALITY):
        assert (out / name).read_bytes() == (published / name).read_bytes()
    for name in (MAP, *SHEETS.values()):
        assert (out / name).read_bytes() == (published / name).read_bytes()


def test_a_filter_without_any_character_still_gives_a_report(settings, out):
    export(settings, asked("character_report", filter="id:words"), out)
    told = read(out, SUMMARY)
    assert (told["pictures"], told["characters"], told["largest"]) == (0, 0, 0)
    assert (out / LIST).read_bytes() == b"" and not (out / SHEETS["biggest"]).exists()


def test_a_decision_that_does_not_hold_is_in_the_report(tmp_path):
    settings = settings_for(tmp_path / "w")
    workspace, lake = built_lake(settings)
    log = EditLog(workspace.edit_log)
    log.append("cluster.rename", {"members": ["stopped"], "name": "Ghost"})
    take_snapshot(log, lake)
    log.append("records.eject", {"record_ids": ["stopped"], "members": ["ann-1", "ann-2"]})
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    build(workspace, lake, settings)
    told = read(export(settings, asked("character_report")).path, QUALITY)
    assert [line["what"] for line in told["unkept"]] == ["no character bears the name 'Ghost': its pictures are noise"]


@pytest.mark.parametrize(("most", "format"), [(100, "characters"), (3, "character_report")])
def test_the_asset_shows_numbers_and_pictures_and_leaves_folders_out_of_a_large_collection(tmp_path, most, format):  # noqa: A002
    settings = settings_for(tmp_path / "w")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    workbench = Workbench(overrides={"workspace": str(tmp_path / "w"), "clusters": {"folders_up_to": most}})
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([character_outputs], instance=instance, resources={"workbench": workbench})
    (event,) = result.asset_materializations_for_node("character_outputs")
    told = event.metadata
    assert told["format"].value == format and told["characters"].value == 2
    assert all(told[name].value.startswith("![") for name in ("map", "biggest", "doubtful"))
    assert [check["name"] for check in told["checks"].value] == list(CHECKS)
    assert (workspace.exports / "characters" / MAP).is_file()


def test_a_picture_is_made_as_small_as_it_has_to_be():
    noise = Image.effect_noise((600, 400), 90).convert("RGB")
    data = io.BytesIO()
    noise.save(data, "PNG")
    assert len(smaller(data.getvalue(), 20_000)) <= 20_000
