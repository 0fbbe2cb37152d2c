"""Names carried over from run to run."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from charassets.similarity.clusters import ClusterRule, character_id, cluster_vectors
from charassets.similarity.continuity import Forebears
from charassets.similarity.knn import build_graph


def forebears(before: Mapping[str, str | None], records: list[str]) -> Forebears:
    columns = [pa.array(list(before), pa.string()), pa.array(list(before.values()), pa.string())]
    return Forebears.read(pa.array(records, pa.string()), pa.table(columns, ["record_id", "name"]))


def carried_over(before: Mapping[str, str | None], groups: list[list[str]]) -> list[str | None]:
    """What the groups are called; None for a name that is new."""
    found = forebears(before, [record for group in groups for record in group])
    label = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    called = found.called(label, len(groups), "new {}".format)
    assert len(set(called)) == len(called)
    return [None if name.startswith("new ") else name for name in called]


def test_a_group_that_grew_keeps_its_name():
    assert carried_over({"a": "one", "b": "one"}, [["a", "b", "new"]]) == ["one"]


def test_of_a_split_the_larger_part_keeps_the_name():
    assert carried_over(dict.fromkeys("abcde", "one"), [["a", "b"], ["c", "d", "e"]]) == [None, "one"]


def test_a_merger_takes_the_name_of_the_larger():
    assert carried_over({"a": "one", "b": "two", "c": "two"}, [["a", "b", "c"]]) == ["two"]


def test_the_most_members_keep_their_name_even_if_one_group_must_take_its_second_choice():
    before = {**dict.fromkeys("abc", "one"), **dict.fromkeys("defg", "one"), **dict.fromkeys("hi", "two")}
    assert carried_over(before, [["a", "b", "c", "h", "i"], ["d", "e", "f", "g"]]) == ["two", "one"]


def test_a_stranger_inherits_nothing():
    assert carried_over({"a": "one"}, [["x"], ["y"]]) == [None, None]


def test_a_new_name_is_none_that_anybody_had_even_if_all_who_had_it_are_gone():
    found = forebears({"a": "n0", "gone": "n1", "noise": None}, ["a", "b", "noise"])
    assert found.called(np.array([0, 1, -1]), 2, "n{}".format) == ["n0", "n2"]
    assert forebears({}, ["a"]).called(np.array([0]), 1, "n{}".format) == ["n0"]
    assert Forebears.read(pa.array(["a"]), None).called(np.array([0]), 1, "n{}".format) == ["n0"]


def test_ids_of_99_percent_of_members_are_unchanged_when_5_percent_of_pictures_are_added():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32))
    vectors = np.concatenate([c + 0.25 * rng.normal(size=(25, 32)) for c in centres])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)[rng.permutation(1000)]
    records = [f"r{i:04d}" for i in rng.permutation(1000)]

    def run(n: int, before: dict[str, str]) -> dict[str, str]:
        graph = build_graph(vectors[:n], 16)
        found = cluster_vectors(vectors[:n], graph, records[:n], ClusterRule(5, 3))
        names = forebears(before, records[:n]).called(found.label, found.count, character_id)
        return {r: names[k] for r, k in zip(records[:n], found.label.tolist(), strict=True) if k >= 0}

    before = run(950, {})
    after = run(1000, before)
    assert len(before) > 800
    assert sum(after.get(record) == name for record, name in before.items()) >= 0.99 * len(before)
