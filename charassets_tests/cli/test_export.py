"""``charassets export`` and ``import-back``."""

import json

import pytest

from charassets.curation import EditLog

pytestmark = pytest.mark.usefixtures("own_environment")


def test_an_export_is_told_as_one_object_and_the_second_does_nothing(charassets, workspace, tmp_path):
    call = ("export", "kohya", tmp_path / "out", "-w", workspace.root, "--balance", 3, "--json")
    code, out, err = charassets(*call)
    assert code == 0, err
    told = json.loads(out)
    assert (told["ok"], told["unchanged"], told["records"]) == (True, False, 6)
    assert (tmp_path / "out" / "dataset_config.toml").is_file()
    _, out, err = charassets(*call)
    assert json.loads(out)["unchanged"]
    assert "nothing to do" in err


def test_a_split_that_comes_out_otherwise_than_asked_is_told(charassets, workspace, tmp_path):
    code, _, err = charassets("export", "jsonl", tmp_path / "out", "-w", workspace.root, "--test", "0.01")
    assert code == 0
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())["by_split"]
    share = told.get("test", 0) / sum(told.values())
    assert ("test has" in err) == (abs(share - 0.01) > 0.05)
    _, _, err = charassets("export", "jsonl", tmp_path / "most", "-w", workspace.root, "--test", "0.5")
    told = json.loads((tmp_path / "most" / "manifest.json").read_text())["by_split"]
    assert ("instead of 50%" in err) == (abs(told.get("test", 0) / sum(told.values()) - 0.5) > 0.05)


def test_captions_without_a_word_are_counted(charassets, workspace, tmp_path):
    _, out, err = charassets("export", "kohya", tmp_path / "all", "-w", workspace.root, "--json")
    written = [file.read_text().strip() for file in (tmp_path / "all").glob("*/*/*.txt")]
    assert ("captions are empty" in err) == ("" in written)
    code, out, err = charassets(
        "export", "kohya", tmp_path / "out", "-w", workspace.root, "--caption", "{series}", "--json"
    )
    wordless = sum(not file.read_text().strip() for file in (tmp_path / "out").glob("*/*/*.txt"))
    assert code == 0 and wordless
    assert f"{wordless} of {json.loads(out)['records']} captions are empty" in err


def test_a_dry_run_writes_nothing(charassets, workspace, tmp_path):
    code, out, _ = charassets("export", "csv", tmp_path / "out", "-w", workspace.root, "--dry-run", "--json")
    assert (code, json.loads(out)["chosen"]) == (0, 7)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("papyrus",),
        ("csv", "--filter", "hair:blu"),
        ("csv", "--validation", "0.6", "--test", "0.6"),
        ("csv", "--caption", "{x}"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(charassets, workspace, tmp_path, wrong):
    code, out, err = charassets("export", *wrong, tmp_path / "out", "-w", workspace.root)
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [err.splitlines()[-1]]


def test_edits_are_shown_and_taken_only_when_told(charassets, workspace, tmp_path):
    charassets("export", "kohya", tmp_path / "out", "-w", workspace.root)
    caption = next((tmp_path / "out").glob("*/*/ann-1.txt"))
    caption.write_text("1girl, solo, short hair\n")
    call = ("import-back", tmp_path / "out", "-w", workspace.root)
    code, out, err = charassets(*call)
    assert (code, EditLog(workspace.edit_log).edits()) == (0, [])
    assert "ann-1" in out and "Short" in out and "no edits taken of 1; --yes takes them" in err
    code, out, _ = charassets(*call, "--yes", "--json")
    assert json.loads(out)["taken"] == 1
    (edit,) = EditLog(workspace.edit_log).edits()
    assert edit.args["value"] == "Short"
    assert json.loads(charassets(*call, "--yes", "--json")[1])["taken"] == 0  # what was said already is not said again
