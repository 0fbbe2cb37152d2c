"""What people said and does not hold is listed, edit by edit."""

from hypothesis import given
from hypothesis import strategies as st

from charassets.curation.log import Edit
from charassets.curation.unkept import UNKEPT, unkept

AT = {"a1": "ann", "a2": "ann", "b1": "ben", "b2": "ben", "n1": None}


def said(*edits):
    return [Edit(f"e{k}", k, "2026-01-01T00:00:00Z", "mia", op, args, 0) for k, (op, args) in enumerate(edits, 1)]


def lines(*edits, at=AT):
    rows = unkept(said(*edits), at)
    assert rows.schema == UNKEPT
    return [(row["edit_id"], row["what"]) for row in rows.to_pylist()]


def test_what_holds_is_not_listed():
    assert not lines(
        ("records.same_character", {"record_ids": ["a1", "a2"]}),
        ("records.different_character", {"left": ["a1"], "right": ["b1", "n1"]}),
        ("records.eject", {"record_ids": ["n1"], "members": ["a1", "a2"]}),
        ("cluster.rename", {"members": ["a1", "a2"], "name": "Ann"}),
        ("attribute.set", {"record_ids": ["a1"], "attribute": "Gender", "value": "Female"}),
    )


def test_a_tie_that_a_later_cut_overruled_names_who_is_astray_and_whose_word_it_was():
    (line,) = unkept(said(("records.same_character", {"record_ids": ["a1", "a2", "b1"]})), AT).to_pylist()
    assert line["what"].startswith("b1 not with the others of one character (ann)")
    assert (line["actor"], line["at"]) == ("mia", "2026-01-01T00:00:00Z")


def test_a_cut_across_which_a_character_reaches_is_listed():
    ((_, what),) = lines(("records.different_character", {"left": ["a1", "b1"], "right": ["a2"]}))
    assert what.startswith("a1 and a2 share ann although they were parted")


def test_a_lock_of_which_one_became_noise_is_listed():
    ((_, what),) = lines(("cluster.lock", {"members": ["a1", "a2", "n1"]}))
    assert what.startswith("n1 not with the others")


def test_a_name_of_noise_and_a_name_that_was_outvoted_found_no_character():
    found = lines(
        ("cluster.rename", {"members": ["n1"], "name": "Nobody"}),
        ("cluster.rename", {"members": ["b1"], "name": "Benno"}),
        ("cluster.rename", {"members": ["a1", "a2"], "name": "Ann"}),
        ("cluster.rename", {"members": ["b1", "b2"], "name": "Ben"}),
        at={**AT, "b1": "ben", "c1": "ben"},
    )
    assert [edit for edit, _ in found] == ["e1"], "Benno's members were named anew: that is no loss"
    assert "its pictures are noise" in found[0][1]
    ((_, what),) = lines(
        ("cluster.rename", {"members": ["a1"], "name": "Anna"}),
        ("cluster.rename", {"members": ["b1", "b2", "a2"], "name": "Ben"}),
        at=dict.fromkeys(AT, "one"),
    )
    assert what == "no character bears the name 'Anna': its pictures are called Ben"


def test_records_that_are_gone_are_passed_over():
    assert not lines(
        ("records.same_character", {"record_ids": ["a1", "gone"]}),
        ("cluster.rename", {"members": ["gone"], "name": "Ghost"}),
        ("records.different_character", {"left": ["gone"], "right": ["lost"]}),
    )


@given(st.dictionaries(st.sampled_from(list(AT)), st.sampled_from(["x", "y", None])))
def test_a_tie_and_a_cut_of_the_same_two_never_both_hold_where_both_are_members(at):
    tie = lines(("records.same_character", {"record_ids": ["a1", "b1"]}), at=at)
    cut = lines(("records.different_character", {"left": ["a1"], "right": ["b1"]}), at=at)
    if at.get("a1") is not None and at.get("b1") is not None:
        assert bool(tie) != bool(cut)


def test_names_that_clusters_do_not_follow_are_listed_and_those_that_hold_are_not():
    assert not lines(
        ("identity.confirm", {"record_ids": ["a1", "a2"], "name": "Ann"}),
        ("identity.correct", {"record_ids": ["b1"], "name": "Ben"}),
        ("identity.correct", {"record_ids": ["n1"], "name": "Unknown"}),
    )
    ann, ben = ("identity.confirm", {"record_ids": ["a1"], "name": "Ann"}), {"record_ids": ["a2"], "name": "Ben"}
    (mixed,) = lines(ann, ("identity.correct", ben))
    assert mixed == ("e2", "a2 is called 'Ben' and shares ann with 'Ann': another word joins them")
    (astray,) = lines(("identity.confirm", {"record_ids": ["a1", "a2", "b1"], "name": "Ann"}))
    assert astray[1].startswith("b1 is called 'Ann' and is not with the others")
