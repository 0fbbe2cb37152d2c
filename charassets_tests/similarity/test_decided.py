"""Decisions of people over clusters: nothing found contradicts what was said."""

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


def after(same=(), different=(), found=FOUND):
    sets = [frozenset(g) for g in same], [(frozenset(a), frozenset(b)) for a, b in different]
    return decided(found, VECTORS, NAMES, *sets)


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
)
def test_nothing_contradicts_what_was_said_and_saying_it_again_changes_nothing(labels, statements):
    links = settle(statements)
    found = after(links.same, links.different, clusters(labels))
    at = dict(zip(NAMES, found.label.tolist(), strict=True))
    for group in links.same:
        assert len({at[r] for r in group}) == 1 and at[min(group)] >= 0
    for left, right in links.different:
        assert not {at[r] for r in left} & {at[r] for r in right} - {-1}
    again = after(links.same, links.different, found)
    assert groups(again) == groups(found)
