"""The duplicate rule on pictures whose vectors and hashes are made to measure."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.curation.decisions import Decisions, Keep
from charassets.curation.links import Links
from charassets.schema import NEAR_DUPLICATES
from charassets.similarity.answers import ANSWERS, Answers
from charassets.similarity.candidates import Pairs
from charassets.similarity.duplicates import PICTURES, DuplicateRule, group_duplicates
from charassets.similarity.knn import GraphRule, build, new_searcher
from charassets.similarity.vectors import Vectors

RULE = DuplicateRule(cosine=0.95, phash_bits=10, neighbours=8)


def picture(name: str, *, phash: int | None = 0, image: str | None = None, **changed: object) -> dict[str, object]:
    plain = {
        "single": True,
        "phash_mirrored": None if phash is None else phash ^ ((1 << 64) - 1),
        "width": 100,
        "height": 100,
        "sharpness": 50.0,
        "tags": 3,
    }
    return {"record_id": name, "image_id": image or f"image-{name}", "phash": phash, **plain, **changed}


def at_angles(*degrees: float | None) -> Vectors:
    """Vectors of the plane; None is a record without an embedding."""
    known = [np.radians(d) for d in degrees if d is not None]
    values = np.array([[np.cos(a), np.sin(a)] for a in known], np.float16).reshape(-1, 2)
    row = np.cumsum([d is not None for d in degrees]) - 1
    return Vectors(values, np.where([d is None for d in degrees], -1, row).astype(np.int64))


def near(vectors: Vectors, neighbours: int) -> Pairs:
    """Pairs of neighbours, by row of the pictures."""
    rows = np.flatnonzero(vectors.row >= 0)
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    values = vectors.values[vectors.row[rows]]
    rule = GraphRule(neighbours)
    return rows[build(values, new_searcher(values, rule), neighbours).pairs(-1.0)]


def grouped(
    pictures: list[dict[str, object]], vectors: Vectors, rule: DuplicateRule = RULE, **more: object
) -> dict[str, dict]:
    """Rows by record where nobody can look at the pictures: the two keys decide."""
    table = pa.Table.from_pylist(pictures, schema=PICTURES)
    answers = Answers()
    rows = group_duplicates(table, vectors, near(vectors, rule.neighbours), rule, answers, **more).rows
    assert rows.schema == NEAR_DUPLICATES.arrow
    return {row["record_id"]: row for row in rows.to_pylist()}


def test_both_keys_have_to_agree():
    far_hash = (1 << 20) - 1
    rows = grouped(
        [picture("a"), picture("same"), picture("other_hash", phash=far_hash), picture("other_vector")],
        at_angles(0, 5, 5, 60),
    )
    assert {name: row["group_id"] for name, row in rows.items()} == {
        "a": "a",
        "same": "a",
        "other_hash": "other_hash",
        "other_vector": "other_vector",
    }
    assert rows["same"]["cosine"] == pytest.approx(np.cos(np.radians(5)), abs=1e-3)
    assert rows["same"]["phash_distance"] == 0


def test_a_chain_of_near_misses_does_not_weld_its_ends():
    ring = [picture(f"p{i}") for i in range(8)]
    rows = grouped(ring, at_angles(*(12 * i for i in range(8))))
    groups = {name: row["group_id"] for name, row in rows.items()}
    assert groups["p0"] == groups["p1"] == "p0"  # 12 degrees: cosine .978
    assert groups["p7"] != "p0"
    for row in rows.values():
        assert row["keeper"] or row["cosine"] >= RULE.cosine


def test_two_copies_that_miss_each_other_meet_at_their_original():
    crop_left, crop_right = 0b11111111, 0b11111111 << 8
    rows = grouped(
        [picture("left", phash=crop_left), picture("original", width=400), picture("right", phash=crop_right)],
        at_angles(-15, 0, 15),
    )
    assert [row["group_id"] for row in rows.values()] == ["original"] * 3


def test_more_copies_than_neighbours_are_one_group():
    copies = [picture(f"c{i:02d}", phash=i % 3) for i in range(30)]
    rows = grouped(copies, at_angles(*(0.2 * i for i in range(30))), DuplicateRule(0.95, 10, neighbours=2))
    assert {row["group_id"] for row in rows.values()} == {"c00"}


def test_a_copy_crowded_out_of_the_graph_is_found_by_its_hash():
    sheet = [picture(f"expression{i}", phash=((1 << 12) - 1) << (i * 6)) for i in range(6)]
    copies = [picture("x", phash=1 << 63), picture("y", phash=(1 << 63) | 1)]
    angles = [*(0.3 * i for i in range(1, 7)), 0.0, 10.0]
    rows = grouped([*sheet, *copies], at_angles(*angles), DuplicateRule(0.95, 4, neighbours=2))
    assert rows["y"]["group_id"] == "x"


@pytest.mark.parametrize(
    ("better", "words"),
    [
        ({"width": 200}, "the larger (200x100, not 100x100)"),
        ({"alpha_coverage": 0.5}, "the cut-out"),
        ({"sharpness": 80.0}, "the sharper (80, not 50)"),
        ({"tags": 9}, "the one with more tags (9, not 3)"),
    ],
)
def test_the_keeper_is_the_better_copy_and_says_why(better: dict[str, object], words: str):
    rows = grouped([picture("a"), picture("b", **better)], at_angles(0, 2))
    assert rows["b"]["keeper"]
    assert not rows["a"]["keeper"]
    assert rows["b"]["reason"] == f"kept of 2 copies: {words}"
    assert rows["a"]["reason"] == f"same picture; of the two {words} is kept"


def test_a_frame_does_not_make_a_copy_larger():
    framed = picture("framed", width=140, height=140, frame_box=[21, 21, 119, 119])
    rows = grouped([picture("plain"), framed], at_angles(0, 2))
    assert rows["plain"]["keeper"]
    assert (
        rows["framed"]["reason"] == "same picture; of the two the larger without its frame (100x100, not 98x98) is kept"
    )


def test_a_keeper_that_a_person_chose_is_kept_for_that_reason():
    chosen = Decisions(keeps=(Keep(frozenset({"b"}), frozenset({"a", "b"}), None),))
    rows = grouped([picture("a", width=300), picture("b")], at_angles(0, 2), decisions=chosen)
    assert rows["b"]["reason"] == "kept of 2 copies: the one that a person chose"
    assert rows["a"]["reason"] == "same picture; of the two the one that a person chose is kept"


def test_a_chosen_copy_that_the_gates_drop_is_not_called_kept():
    chosen = Decisions(keeps=(Keep(frozenset({"b"}), frozenset({"a", "b"}), None),))
    rows = grouped([picture("a"), picture("b", single=False)], at_angles(0, 2), decisions=chosen)
    assert rows["b"]["reason"] == (
        "stands for 2 copies, the one that a person chose, and is not kept: the gates drop it"
    )
    assert rows["a"]["reason"] == (
        "same picture; of the two the one that a person chose stands for both, and the gates drop it"
    )


def test_copies_none_of_which_passes_the_gates_have_no_kept_one():
    rows = grouped([picture("a", single=False, width=200), picture("b", single=False)], at_angles(0, 2))
    assert rows["a"]["reason"].startswith("stands for 2 copies, the larger (200x100, not 100x100), and is not kept")


def test_a_variant_is_no_copy_and_its_reason_says_whose_drawing_it_is():
    row = {"left": "image-a", "right": "image-b", "answer": "variant", "mirrored": False, "grey": False}
    answers = Answers(before=pa.Table.from_pylist([row], schema=ANSWERS))
    table = pa.Table.from_pylist([picture("a", width=300), picture("b")], schema=PICTURES)
    vectors = at_angles(0, 2)
    first, second = group_duplicates(table, vectors, near(vectors, 8), RULE, answers).rows.to_pylist()
    assert (second["keeper"], second["variant_of"]) == (True, "a")
    assert second["reason"] == "no copy, but the drawing of a with another face, dress, colour or ground"
    assert (first["variant_of"], first["reason"]) == (None, "no copy found")


def test_equal_copies_are_decided_by_record_id():
    rows = grouped([picture("b"), picture("a")], at_angles(0, 2))
    assert rows["a"]["keeper"]
    assert rows["a"]["reason"].endswith("the first by record_id")


def test_exact_copies_need_no_embedding():
    rows = grouped([picture("a", image="x"), picture("b", image="x", tags=5)], at_angles(None, None))
    assert (rows["a"]["group_id"], rows["a"]["relation"], rows["a"]["cosine"]) == ("b", "exact", None)
    assert rows["a"]["reason"].startswith("same bytes")


def test_pictures_of_about_the_same_sharpness_are_as_sharp():
    rows = grouped([picture("b", sharpness=229.5), picture("a", sharpness=228.6)], at_angles(0, 1))
    assert rows["a"]["keeper"] and "sharper" not in rows["a"]["reason"]


def test_who_is_kept_beside_another_takes_nobodys_place():
    pictures = [picture("best", width=300), picture("good", width=200), picture("grey"), picture("green")]
    both = frozenset({"grey", "green"})
    rows = grouped(pictures, at_angles(0, 1, 2, 3), decisions=Decisions(keeps=(Keep(both, both, None),)))
    kept = {name for name, row in rows.items() if row["keeper"]}
    assert kept == {"best", "grey", "green"}
    assert rows["good"]["group_id"] == "best"


def test_an_exact_copy_of_a_duplicate_follows_it_to_the_keeper():
    rows = grouped(
        [picture("big", width=300), picture("small", image="x"), picture("small_again", image="x")], at_angles(0, 2, 2)
    )
    assert [row["group_id"] for row in rows.values()] == ["big"] * 3
    assert [row["relation"] for row in rows.values()] == ["self", "duplicate", "duplicate"]


def test_pictures_without_a_hash_or_alone_keep_themselves():
    rows = grouped([picture("a", phash=None), picture("b", phash=None)], at_angles(0, 0))
    assert all(row["keeper"] and row["relation"] == "self" and row["phash_distance"] is None for row in rows.values())
    assert grouped([], at_angles()) == {}
    assert grouped([picture("a")], at_angles(0))["a"]["reason"] == "no copy found"


_pictures = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 255), st.integers(1, 3), st.integers(0, 4)), min_size=1, max_size=20
)


@settings(max_examples=40, deadline=None)
@given(_pictures, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_the_rows(drawn: list[tuple[int, int, int, int]], random) -> None:
    pictures = [picture(f"r{i:02d}", phash=h, width=100 * w, image=f"i{c}-{h}") for i, (_, h, w, c) in enumerate(drawn)]
    angles = [float(angle) for angle, *_ in drawn]
    order = list(range(len(drawn)))
    random.shuffle(order)
    rule = DuplicateRule(0.95, 2, neighbours=32)
    straight = grouped(pictures, at_angles(*angles), rule)
    shuffled = grouped([pictures[i] for i in order], at_angles(*(angles[i] for i in order)), rule)
    assert straight == shuffled


def test_people_are_believed_about_copies():
    said = Decisions(copies=Links(same=(frozenset({"a", "far"}),), different=((frozenset({"a"}), frozenset({"b"})),)))
    pictures = [picture("a", width=300), picture("b"), picture("far", phash=(1 << 30) - 1)]
    rows = grouped(pictures, at_angles(0, 2, 90), decisions=said)
    assert {name: row["group_id"] for name, row in rows.items()} == {"a": "a", "b": "b", "far": "a"}
    assert "a person says" in rows["far"]["reason"]


def test_a_group_keeps_its_name_when_a_better_copy_comes():
    rows = grouped(
        [picture("a"), picture("b"), picture("better", width=900)],
        at_angles(0, 1, 2),
        before=pa.table({"record_id": ["a", "b"], "group_name": ["a", "a"]}),
    )
    assert {row["group_id"] for row in rows.values()} == {"better"}
    assert {row["group_name"] for row in rows.values()} == {"a"}


@settings(max_examples=15, deadline=None)
@given(_pictures, st.randoms(use_true_random=False))
def test_batches_in_any_order_give_the_groups_of_one_run(drawn, random) -> None:
    pictures = [picture(f"r{i:02d}", phash=h, width=100 * w, image=f"i{c}-{h}") for i, (_, h, w, c) in enumerate(drawn)]
    angles = [float(angle) for angle, *_ in drawn]

    def run(chosen: list[int], answers: Answers) -> dict[str, str]:
        vectors = at_angles(*(angles[i] for i in chosen))
        pairs = near(vectors, 32)
        table = pa.Table.from_pylist([pictures[i] for i in chosen], schema=PICTURES)
        rows = group_duplicates(table, vectors, pairs, RULE, answers).rows.to_pylist()
        return {row["record_id"]: row["group_id"] for row in rows}

    straight = run(list(range(len(drawn))), Answers())
    order = list(range(len(drawn)))
    random.shuffle(order)
    kept, groups = None, {}
    for end in sorted({max(1, len(order) // 3), max(1, 2 * len(order) // 3), len(order)}):
        answers = Answers(kept=kept)
        groups = run(order[:end], answers)
        kept = answers.kept()
    assert groups == straight
