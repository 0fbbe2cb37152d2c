"""``charassets review`` and what ``charassets clusters`` shows of edits, over a small lake."""

import csv
import io
import json

import pytest

from charassets.curation import EditLog

pytestmark = pytest.mark.usefixtures("own_environment")


def queue(charassets, workspace, actor="local"):
    code, out, err = charassets("review", "next", "-w", workspace.root, "--json", "--actor", actor)
    assert code == 0, err
    return json.loads(out)


def test_the_queue_is_listed_and_two_reviewers_are_not_given_the_same(charassets, workspace, tmp_path):
    mine = queue(charassets, workspace, "mia")
    assert mine and mine[0]["proposed"] in mine[0]["choices"]
    assert queue(charassets, workspace, "tom") == mine  # to look is not to take
    assert charassets("review", "next", "-w", workspace.root, "--actor", "mia", "--out", tmp_path / "q.csv")[0] == 0
    code, out, err = charassets("review", "next", "-w", workspace.root, "--actor", "tom", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "before other reviewers" in err


def test_a_filled_in_file_becomes_edits_and_its_questions_are_not_asked_again(charassets, workspace, tmp_path):
    file = tmp_path / "queue.csv"
    assert charassets("review", "next", "-w", workspace.root, "--out", file)[0] == 0
    rows = list(csv.DictReader(file.open()))
    first = rows[0]
    first["value"] = first["proposed"].lower()
    held = io.StringIO()
    writer = csv.DictWriter(held, list(first))
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(held.getvalue())
    code, out, err = charassets("review", "take", file, "-w", workspace.root, "--json")
    assert (code, json.loads(out)["answers"]) == (0, 1), err
    (edit,) = EditLog(workspace.edit_log).edits()
    assert edit.args == {
        "record_ids": [first["record_id"]],
        "attribute": first["attribute"],
        "value": first["proposed"],
    }
    asked = {(row["record_id"], row["attribute"]) for row in queue(charassets, workspace)}
    assert (first["record_id"], first["attribute"]) not in asked


def test_one_wrong_answer_in_a_file_takes_none(charassets, workspace, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("record_id,attribute,value\nann-1,Hair Color,Blonde\nann-2,Hair Color,Plaid\n")
    code, _, err = charassets("review", "take", file, "-w", workspace.root)
    assert code == 2
    assert "line 3" in err and "Plaid" in err
    assert EditLog(workspace.edit_log).edits() == []


def test_a_file_without_the_column_of_answers_is_refused(charassets, workspace, tmp_path):
    (tmp_path / "answers.csv").write_text("record_id,attribute,answer\nann-1,Hair Color,Blonde\n")
    code, _, err = charassets("review", "take", tmp_path / "answers.csv", "-w", workspace.root)
    assert code == 2
    assert "there is no 'value'" in err and "line 2" in err


def test_a_terminal_answers_skips_undoes_and_stops(charassets, workspace, monkeypatch):
    first, *_ = queue(charassets, workspace)
    typed = iter(["", "u", "nonsense", "a", "q"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    code, out, err = charassets("review", "-w", workspace.root)
    assert code == 0, err
    assert first["attribute"] in out and "has no value 'nonsense'" in err
    said = [(edit.op, edit.args.get("value")) for edit in EditLog(workspace.edit_log).edits()]
    assert said == [("attribute.set", first["proposed"]), ("undo", None), ("attribute.set", "Unknown")]


def test_without_a_terminal_nobody_is_asked(charassets, workspace):
    code, _, err = charassets("review", "-w", workspace.root)
    assert code == 2
    assert "review next" in err


def test_an_answer_of_the_command_line_is_checked(charassets, workspace):
    assert charassets("review", "answer", "ann-1", "Hair Color", "blonde", "-w", workspace.root)[0] == 0
    assert charassets("review", "answer", "ann-1", "Shoe Size", "44", "-w", workspace.root)[0] == 2
    assert charassets("review", "answer", "nobody-9", "Hair Color", "blonde", "-w", workspace.root)[0] == 2


def test_characters_are_listed_as_people_named_them(charassets, workspace):
    assert charassets("clusters", "rename", "character_000", "Ann", "-w", workspace.root)[0] == 0
    listed = json.loads(charassets("clusters", "list", "-w", workspace.root, "--json")[1])
    assert [one["name"] for one in listed] == ["Ann", None]
