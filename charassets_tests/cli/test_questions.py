"""The commands that answer questions, over a small lake."""

import json
import subprocess
import sys

import pytest

from charassets.curation import EditLog
from charassets.curation.snapshot import take_snapshot
from charassets.warehouse import build
from charassets_tests.defs.small_source import folder_of
from charassets_tests.warehouse.small_lake import settings_for

pytestmark = pytest.mark.usefixtures("own_environment")


def test_why_tells_the_story_to_people_and_to_programs(charassets, workspace):
    code, out, err = charassets("why", "ann-1-small", "-w", workspace.root)
    assert code == 0, err
    for part in ("duplicate", "Gates", "gates.min_sharpness", "/art/ann-1.png", "duplicates."):
        assert part in out
    told = json.loads(charassets("why", "ann-1-small", "-w", workspace.root, "--json")[1])
    assert told["fate"] == "duplicate"
    assert told["remedy"]["told"].startswith("duplicates.")


def test_why_tells_whose_word_stands(charassets, workspace):
    said = {"record_ids": ["ann-1"], "attribute": "Hair Length", "value": "Short"}
    edit = EditLog(workspace.edit_log).append("attribute.set", said, actor="mia")
    settings = settings_for(workspace.root)
    lake = workspace.open_lake()
    take_snapshot(EditLog(workspace.edit_log), lake)
    build(workspace, lake, settings)
    told = json.loads(charassets("why", "ann-1", "-w", workspace.root, "--json")[1])
    (hair,) = [one for one in told["attributes"] if one["name"] == "Hair Length"]
    assert (hair["value"], hair["status"]) == ("Short", "reviewed")
    assert "mia" in hair["reason"] and edit.id in hair["reason"]


def test_search_lists_what_passes(charassets, workspace):
    code, out, err = charassets("search", "id:ann*", "-w", workspace.root, "--json")
    told = json.loads(out)
    assert (code, told["total"]) == (0, 3), err
    assert {one["values"]["record_id"] for one in told["results"]} == {"ann-1", "ann-2", "ann-3"}


def test_a_state_compared_with_itself_shows_nothing(charassets, workspace):
    code, out, _ = charassets("diff", workspace.root, workspace.root, "--json")
    told = json.loads(out)
    assert (code, told["added"], told["dropped"], told["drift"]) == (0, 0, {}, [])


def test_models_are_listed_with_licence_and_a_missing_one_is_six(charassets, tmp_path):
    code, out, _ = charassets("models", "--json")
    assert code == 0
    assert {m["role"]: m["licence"] for m in json.loads(out)}["detector"] == "AGPL-3.0-or-later"
    code, out, _ = charassets("models", "--detector", tmp_path / "none.onnx")
    assert code == 6
    assert "not there" in out


def test_doctor_answers_zero_for_a_sound_workspace_and_one_for_an_ailing_one(charassets, workspace):
    assert charassets("doctor", "-w", workspace.root, "--json")[0] == 0
    (workspace.root / "charassets.duckdb").unlink()  # as before the end of a first run
    code, out, _ = charassets("doctor", "-w", workspace.root, "--json")
    assert (code, json.loads(out)["ok"], json.loads(out)["computed"]) == (0, True, False)
    next((workspace.root / "lake").rglob("manifest.json")).write_text("{")
    code, out, _ = charassets("doctor", "-w", workspace.root, "--json")
    assert code == 1
    assert not json.loads(out)["ok"]


def test_clusters_are_listed_and_named_by_an_edit(charassets, workspace):
    code, out, _ = charassets("clusters", "list", "-w", workspace.root, "--json")
    listed = json.loads(out)
    assert code == 0
    assert [c["pictures"] for c in listed] == [3, 3]
    assert charassets("clusters", "rename", listed[0]["character_id"], "Ann", "-w", workspace.root)[0] == 0
    (edit,) = EditLog(workspace.edit_log).edits()
    assert (edit.op, edit.args["name"], len(edit.args["members"])) == ("cluster.rename", "Ann", 3)
    code, _, err = charassets("clusters", "rename", "character_999", "Nobody", "-w", workspace.root)
    assert code == 2 and "character_999" in err


def test_init_makes_a_settings_file_once(charassets, tmp_path):
    assert charassets("init", "-w", tmp_path / "new")[0] == 0
    code, _, err = charassets("init", "-w", tmp_path / "new")
    assert code == 2 and "already" in err
    assert charassets("config", "-w", tmp_path / "new", "--json")[0] == 0


def test_ingest_gives_items_their_shards_and_computes_nothing(charassets, tmp_path):
    source = folder_of(tmp_path / "in", 3)
    code, out, _ = charassets("ingest", f"mine={source}", "-w", tmp_path / "w", "--dry-run", "--json")
    assert (code, json.loads(out)["items"]) == (0, {"mine": 3})
    assert not (tmp_path / "w" / "lake").exists()
    code, out, _ = charassets("ingest", f"mine={source}", "-w", tmp_path / "w", "--json")
    assert (code, json.loads(out)["new_shards"]) == (0, 1)
    assert [path.name for path in (tmp_path / "w" / "lake").iterdir()] == ["source_items"]
    assert "mine" in (tmp_path / "w" / "charassets.yaml").read_text()


def test_a_damaged_manifest_is_removed_when_asked_and_a_damaged_warehouse_is_told_by_name(charassets, workspace):
    manifest = workspace.root / "lake" / "near_duplicates" / "all" / "manifest.json"
    manifest.write_bytes(b"")
    code, out, _ = charassets("doctor", "-w", workspace.root)
    assert code == 1 and "near_duplicates/all/manifest.json" in out and "--mend" in out
    assert charassets("doctor", "--mend", "-w", workspace.root)[0] == 0
    assert not manifest.exists() and charassets("doctor", "-w", workspace.root)[0] == 0
    code, out, _ = charassets("status", "-w", workspace.root, "--json")
    assert (code, json.loads(out)["collection"]["near_duplicates"]) == (0, "missing")

    (workspace.root / "charassets.duckdb").write_bytes(b"junk")
    code, out, _ = charassets("doctor", "-w", workspace.root)
    assert code == 1 and "charassets.duckdb" in out and "`charassets run`" in out
    code, _, err = charassets("search", "-w", workspace.root)
    assert code == 4 and len(err.splitlines()) == 1 and "it is built again" in err


@pytest.mark.processes
def test_a_warehouse_that_another_program_writes_to_is_busy_and_not_damaged(charassets, workspace):
    file = workspace.root / "charassets.duckdb"
    held = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", held, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout and other.stdout.readline() == "open\n"
        code, _, err = charassets("search", "-w", workspace.root)
        assert (code, len(err.splitlines())) == (7, 1) and "another program" in err and "-readonly" in err
        code, out, _ = charassets("doctor", "-w", workspace.root)
        assert code == 1 and "another program" in out
        told = json.loads(charassets("status", "-w", workspace.root, "--json")[1])
        assert not told["warehouse_up_to_date"] and "another program" in told["warehouse_problem"]
    assert charassets("search", "-w", workspace.root)[0] == 0
