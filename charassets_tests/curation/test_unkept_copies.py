"""What people said of copies and does not hold is listed, edit by edit."""

from charassets.curation.log import Edit
from charassets.curation.unkept import UNKEPT
from charassets.curation.unkept_copies import Placed, copies_named, unkept_copies

AT = {
    "a": Placed("a", "A"),
    "a2": Placed("a", "A"),
    "a3": Placed("a", "A3"),
    "b": Placed("b", "B", "the gates drop it as multiple (two figures)"),
    "b2": Placed("b", "B2"),
}


def said(*edits):
    return [Edit(f"e{k}", k, "2026-01-01T00:00:00Z", "mia", op, args, 0) for k, (op, args) in enumerate(edits, 1)]


def lines(*edits):
    rows = unkept_copies(said(*edits), AT)
    assert rows.schema == UNKEPT
    return [(row["edit_id"], row["what"]) for row in rows.to_pylist()]


def test_what_holds_is_not_listed():
    assert not lines(
        ("duplicates.not", {"left": ["a"], "right": ["b", "gone"]}),
        ("duplicates.same", {"left": ["a"], "right": ["a3", "gone"]}),
        ("duplicates.keep", {"record_ids": ["a"], "group": ["a", "a2"]}),
        ("records.same_character", {"record_ids": ["a", "b"]}),
    )


def test_pictures_that_were_parted_and_stay_together_name_the_edit_and_why():
    same, other = lines(
        ("duplicates.not", {"left": ["a"], "right": ["a2"]}),
        ("duplicates.keep", {"record_ids": ["a", "a3"], "group": ["a", "a3"]}),
    )
    assert same == ("e1", "a, a2 have the same bytes and stay together although they were parted")
    assert other == ("e2", "a, a3 are copies of one picture, a, and stay together although they were parted")


def test_copies_that_another_word_parted_are_listed():
    ((edit, what),) = lines(("duplicates.same", {"left": ["a"], "right": ["b2"]}))
    assert edit == "e1" and what.startswith("a, b2 are in 2 groups although they were called copies")


def test_a_chosen_copy_that_the_gates_drop_is_listed_until_another_is_chosen():
    keep = ("duplicates.keep", {"record_ids": ["b"], "group": ["b", "b2"]})
    ((edit, what),) = lines(keep)
    assert edit == "e1"
    assert what == "b was chosen of its copies and is not kept: the gates drop it as multiple (two figures)"
    assert not lines(keep, ("duplicates.keep", {"record_ids": ["b2"], "group": ["b", "b2"]}))


def test_only_edits_about_copies_name_records_that_are_looked_up():
    edits = said(
        ("duplicates.not", {"left": ["a"], "right": ["b"]}),
        ("attribute.set", {"record_ids": ["c"], "attribute": "Gender", "value": "Male"}),
    )
    assert copies_named(edits) == {"a", "b"}
