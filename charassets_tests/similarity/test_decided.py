"""Decisions of people over clusters: nothing found contradicts what was said."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.curation.links import settle
from charassets.curation.operations import Cut, Tie
from charassets.similarity.clusters import Clusters, renamed, representatives
from charassets.similarity.decided import decided

NAMES = [f"r{i:02d}" for i in range(12)]
VECTORS = np.random.default_rng(0).normal(size=(12, 8)).astype(np.float16)


def clusters(labels):
    label = renamed(np.array(labels), NAMES)
    return Clusters(label, np.where(label < 0, 0, 0.5).astype(np.float32), representatives(VECTORS, label, NAMES))


FOUND = clusters([0, 0, 0, 0, 1, 1, 1, 2, 2, -1, -1, -1])


def after(same=(), different=(), found=FOUND, names=None):
    sets = [frozenset(g) for g in same], [(frozenset(a), frozenset(b)) for a, b in different]
    return decided(found, VECTORS, NAMES, *sets, names)


def groups(found):
    parts = {}
    for name, label in zip(NAMES, found.label.tolist(), strict=True):
        parts.setdefault(label, set()).add(name)
    return {frozenset(members) for label, members in parts.items() if label >= 0}


def test_without_decisions_nothing_changes():
    assert after() is FOUND


def test_a_tie_joins_characters_whole_and_takes_records_out_of_the_noise():
    found = after(same=[{"r00", "r04", "r09"}])
    assert frozenset(NAMES[:7]) | {"r09"} in groups(found)
    assert found.probability[9] == 1 and found.probability[0] == 0.5
    assert found.representative.sum() == 2


def test_a_split_leaves_the_larger_part_and_the_smaller_is_a_character_of_its_own():
    assert {frozenset({"r00", "r01"}), frozenset({"r02", "r03"})} <= groups(
        after(different=[({"r00", "r01"}, {"r02", "r03"})])
    )


def test_one_record_that_is_put_out_is_noise():
    found = after(different=[({"r00"}, {"r01", "r02", "r03"})])
    assert found.label[0] == -1 and found.probability[0] == 0 and frozenset({"r01", "r02", "r03"}) in groups(found)


def test_who_leaves_takes_along_what_is_tied_to_it():
    found = after(same=[{"r00", "r04"}], different=[({"r00"}, {"r01", "r02"})])
    assert any({"r00", "r04"} <= group and not group & {"r01", "r02"} for group in groups(found))


def test_strangers_are_passed_over():
    assert after(same=[{"r00", "gone"}], different=[({"gone"}, {"r01"})]) is FOUND


def test_a_corrected_record_moves_to_its_name_and_leaves_the_others_where_they_are():
    found = groups(after(names={"r00": "Ann", "r01": "Ann", "r03": "Ben", "r04": "Ben", "r05": "Ben"}))
    assert {frozenset({"r00", "r01", "r02"}), frozenset({"r03", "r04", "r05", "r06"})} <= found


def test_records_of_one_name_gather_even_out_of_the_noise_and_two_names_share_no_character():
    found = groups(after(names={"r09": "Ann", "r10": "Ann", "r00": "Ben", "r01": "Cleo"}))
    assert frozenset({"r09", "r10"}) in found
    assert not any({"r00", "r01"} <= group for group in found)


def test_one_named_record_in_a_character_of_nobody_else_stays():
    assert after(names={"r00": "Ann"}) is FOUND


def test_nobody_of_the_gallery_leaves_a_named_character_alone_and_stays_in_an_unnamed_one():
    found = after(names={"r00": "Ann", "r01": "Ann", "r02": None, "r04": None})
    assert found.label[2] == -1 and frozenset({"r04", "r05", "r06"}) in groups(found)


def test_a_character_that_one_name_leaves_is_the_home_of_the_next():
    found = after(names={"r00": "Ann", "r03": "Ann", "r04": "Ann", "r01": "Ben", "r02": None})
    assert found.label[2] == -1 and not any({"r00", "r01"} <= group for group in groups(found))


def test_a_merge_and_a_split_go_before_names():
    merged = groups(after(same=[{"r00", "r04"}], names={"r00": "Ann", "r04": "Ben"}))
    assert any({"r00", "r04"} <= group for group in merged)
    parted = after(different=[({"r00"}, {"r04"})], names={"r00": "Ann", "r04": "Ann"})
    assert not any({"r00", "r04"} <= group for group in groups(parted))


some = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(-1, 3), min_size=12, max_size=12),
    st.lists(
        st.one_of(
            some.map(lambda r: Tie("character", r)),
            st.tuples(some, some).filter(lambda p: not p[0] & p[1]).map(lambda p: Cut("character", *p)),
        ),
        max_size=6,
    ),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["Ann", "Ben", None]), max_size=6),
)
def test_nothing_contradicts_what_was_said_and_saying_it_again_changes_nothing(labels, statements, names):
    links = settle(statements)
    found = after(links.same, links.different, clusters(labels), names)
    at = dict(zip(NAMES, found.label.tolist(), strict=True))
    for group in links.same:
        assert len({at[r] for r in group}) == 1 and at[min(group)] >= 0
    for left, right in links.different:
        assert not {at[r] for r in left} & {at[r] for r in right} - {-1}
    if not statements:
        for one, other in combinations([record for record in names if names[record]], 2):
            together = at[one] == at[other] != -1
            assert together == (names[one] == names[other])
    if not (statements and names):  # a name may contradict a cut: then it is the cut that holds, above
        again = after(links.same, links.different, found, names)
        assert groups(again) == groups(found)
