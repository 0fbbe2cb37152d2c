"""Edited exports come back as edits."""

import json

import pytest

from charassets.curation import EditLog, replay
from charassets.errors import UsageError
from charassets.exports.export import export
from charassets.exports.import_back import compare
from charassets_tests.exports.conftest import asked


def caption_of(out, record):
    return next(out.glob(f"*/*/{record}.txt"))


def edit_line(out, record, change):
    path = out / "train.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(next(line for line in lines if line["record_id"] == record))
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


@pytest.mark.parametrize("format", ["kohya", "jsonl"])
def test_an_export_nobody_edited_has_no_differences(settings, out, format):
    export(settings, asked(format, split={"test": 0.3}), out)
    found = compare(out)
    assert (found.changes, found.edits, found.not_taken) == ((), [], ())


def test_a_tag_that_was_replaced_is_a_new_value(settings, out):
    export(settings, asked("kohya"), out)
    path = caption_of(out, "ann-1")
    path.write_text(path.read_text().replace("long hair", "short hair, red eyes"))
    found = compare(out)
    assert {(c.record_id, c.attribute, c.before, c.after) for c in found.changes} == {
        ("ann-1", "Hair Length", "Long", "Short"),
        ("ann-1", "Eye Color", "Unknown", "Red"),
    }
    assert all(c.where.endswith("ann-1.txt") for c in found.changes)


def test_a_tag_that_was_removed_makes_the_value_unknown(settings, out):
    export(settings, asked("kohya"), out)
    path = caption_of(out, "ann-1")
    path.write_text("1girl, solo\n")
    (change,) = compare(out).changes
    assert (change.attribute, change.after) == ("Hair Length", "Unknown")


def test_equal_changes_of_many_records_are_one_edit(settings, out):
    export(settings, asked("kohya"), out)
    for record in ("ann-1", "ann-2", "ben-1"):
        caption_of(out, record).write_text("1girl, solo, short hair\n")
    assert compare(out).edits == [
        ("attribute.set", {"record_ids": ["ann-1", "ann-2", "ben-1"], "attribute": "Hair Length", "value": "Short"})
    ]


def test_edits_are_what_the_log_takes(settings, out, tmp_path):
    export(settings, asked("kohya"), out)
    caption_of(out, "ann-1").write_text("1girl, solo, short hair\n")
    log = EditLog(tmp_path / "edits.sqlite")
    for op, args in compare(out).edits:
        log.append(op, args)
    assert replay(log.edits()).attributes["ann-1", "Hair Length"].value == "Short"


def test_words_that_mean_no_attribute_are_told_and_left(settings, out):
    export(settings, asked("kohya"), out)
    path = caption_of(out, "ann-1")
    path.write_text(path.read_text().replace("solo", "solo, starry sky"))
    found = compare(out)
    assert found.edits == []
    assert "starry_sky" in found.not_taken[0]


def test_a_renamed_folder_is_a_named_character(settings, out):
    export(settings, asked("kohya"), out)
    folder = caption_of(out, "ann-1").parent
    folder.rename(folder.with_name("1_ann_smith"))
    ((op, args),) = compare(out).edits
    assert (op, args["name"]) == ("cluster.rename", "ann smith")
    assert set(args["members"]) == {"ann-1", "ann-2", "ann-3"}


def test_a_moved_picture_leaves_one_character_and_joins_another(settings, out):
    export(settings, asked("kohya"), out)
    here, there = caption_of(out, "ann-1"), caption_of(out, "ben-1").parent
    for path in list(here.parent.glob("ann-1.*")):
        path.rename(there / path.name)
    found = dict(compare(out).edits)
    assert set(found["records.eject"]["members"]) == {"ann-2", "ann-3"}
    assert set(found["records.same_character"]["record_ids"]) == {"ann-1", "ben-1", "ben-2", "ben-3"}


def test_a_deleted_picture_is_told_and_means_nothing(settings, out):
    export(settings, asked("kohya"), out)
    for path in list(caption_of(out, "ann-1").parent.glob("ann-1.*")):
        path.unlink()
    found = compare(out)
    assert found.edits == []
    assert len(found.not_taken) == 1


def test_an_edited_line_changes_attributes_in_any_spelling(settings, out):
    export(settings, asked("jsonl"), out)
    edit_line(out, "ann-1", lambda line: line["attributes"].update({"Hair Color": "blonde", "Dress": "Green Yukata"}))
    edit_line(out, "ann-2", lambda line: line["attributes"].update({"Hair Color": "Plaid", "Mood": "x"}))
    edit_line(out, "ben-1", lambda line: line.update(caption="1girl, solo, bald"))
    found = compare(out)
    assert {(c.record_id, c.attribute, c.after) for c in found.changes} >= {
        ("ann-1", "Hair Color", "Blonde"),
        ("ann-1", "Dress", "Kimono"),
        ("ben-1", "Hair Length", "Bald"),
    }
    assert [line.split(":")[0] for line in found.not_taken] == ["train.jsonl", "train.jsonl"]


def test_a_broken_line_is_named(settings, out):
    export(settings, asked("jsonl"), out)
    with (out / "train.jsonl").open("a") as file:
        file.write("{broken\n")
    with pytest.raises(UsageError, match=r"train\.jsonl:\d+"):
        compare(out)


def test_other_folders_and_formats_are_refused(settings, out, tmp_path):
    with pytest.raises(UsageError, match="no export"):
        compare(tmp_path)
    export(settings, asked("coco"), out)
    with pytest.raises(UsageError, match="coco"):
        compare(out)
