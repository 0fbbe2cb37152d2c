"""``charassets clusters export`` and ``unkept``, over a small lake."""

import json

import pytest

from charassets.curation import EditLog, take_snapshot
from charassets.stages.character_clusters import CharacterClusters
from charassets.stages.collection import run_collection
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import settings_for

pytestmark = pytest.mark.usefixtures("own_environment")


def test_characters_are_published_with_folders_and_without(charassets, workspace, tmp_path):
    code, out, err = charassets("clusters", "export", "--out", tmp_path / "out", "-w", workspace.root, "--json")
    told = json.loads(out)
    assert (code, told["path"], told["unchanged"]) == (0, str(tmp_path / "out"), False), err
    assert (tmp_path / "out" / "character_000").is_dir() and (tmp_path / "out" / "quality_report.json").is_file()
    alone = ("clusters", "export", "--no-folders", "--out", tmp_path / "alone", "-w", workspace.root)
    assert charassets(*alone)[0] == 0
    assert {path.suffix for path in (tmp_path / "alone").iterdir()} >= {".png", ".webp", ".json", ".jsonl"}
    assert not [path for path in (tmp_path / "alone").iterdir() if path.is_dir()]


def test_a_folder_that_holds_something_else_is_not_replaced(charassets, workspace, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    code, _, err = charassets("clusters", "export", "--out", tmp_path / "mine", "-w", workspace.root)
    assert code != 0 and "no export" in err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_what_does_not_hold_is_hinted_at_and_listed(charassets, workspace):
    assert "everything that people decided holds" in charassets("clusters", "unkept", "-w", workspace.root)[2]
    lake, settings, log = workspace.open_lake(), settings_for(workspace.root), EditLog(workspace.edit_log)
    tie = log.append("records.same_character", {"record_ids": ["ann-1", "ann-2"]}, actor="mia")
    log.append("records.different_character", {"left": ["ann-1"], "right": ["ann-2", "ann-3"]})
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    build(workspace, lake, settings)
    assert "`charassets clusters unkept` lists them" in charassets("clusters", "list", "-w", workspace.root)[2]
    (line,) = json.loads(charassets("clusters", "unkept", "-w", workspace.root, "--json")[1])
    assert (line["edit_id"], line["actor"], line["table_name"]) == (tie.id, "mia", "character_clusters")


def test_what_no_run_has_heeded_yet_is_no_decision_that_holds(charassets, workspace):
    def asked():
        _, out, err = charassets("clusters", "unkept", "-w", workspace.root, "--json")
        return [(line["edit_id"], line["what"], line["table_name"]) for line in json.loads(out)], err

    lake, settings, log = workspace.open_lake(), settings_for(workspace.root), EditLog(workspace.edit_log)
    tie = log.append("records.same_character", {"record_ids": ["ann-1", "ann-2"]}, actor="mia")
    log.append("attribute.set", {"record_ids": ["ann-1"], "attribute": "Gender", "value": "Female"})
    assert asked()[0] == [(tie.id, "records.same_character waits for the next run", None)]
    _, out, err = charassets("clusters", "unkept", "-w", workspace.root)
    assert tie.id in out and "everything" not in err
    assert "edits about copies and characters that wait for the next `charassets run`: 1" in err
    assert "wait for the next `charassets run`: 1" in charassets("clusters", "list", "-w", workspace.root)[2]
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    build(workspace, lake, settings)
    assert asked()[0] == []
    log.undo(tie.id)
    assert asked()[0] == [(tie.id, "records.same_character is undone, which waits for the next run", None)]


def test_a_chosen_copy_that_the_gates_drop_is_listed_with_the_edit(charassets, workspace):
    lake, settings, log = workspace.open_lake(), settings_for(workspace.root), EditLog(workspace.edit_log)
    keep = log.append("duplicates.keep", {"record_ids": ["two"], "group": ["two", "ann-1"]}, actor="mia")
    take_snapshot(log, lake)
    build(workspace, lake, settings)
    (line,) = json.loads(charassets("clusters", "unkept", "-w", workspace.root, "--json")[1])
    assert (line["edit_id"], line["actor"], line["table_name"]) == (keep.id, "mia", "near_duplicates")
    assert line["what"].startswith("two was chosen of its copies and is not kept: the gates drop it as multiple")
