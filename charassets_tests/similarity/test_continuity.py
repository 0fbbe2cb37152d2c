"""Names carried over from run to run."""

import numpy as np

from charassets.similarity.clusters import ClusterRule, Clusters, cluster_vectors
from charassets.similarity.continuity import carried_over
from charassets.similarity.knn import build_graph
from charassets.stages.character_clusters import _characters


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


def test_ids_of_99_percent_of_members_are_unchanged_when_5_percent_of_pictures_are_added():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32))
    vectors = np.concatenate([c + 0.25 * rng.normal(size=(25, 32)) for c in centres])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)[rng.permutation(1000)]
    records = [f"r{i:04d}" for i in rng.permutation(1000)]

    def run(n: int, before: dict[str, str]) -> dict[str, str]:
        graph = build_graph(vectors[:n], 16)
        found: Clusters = cluster_vectors(vectors[:n], graph, records[:n], ClusterRule(5, 3))
        names = _characters(records[:n], found, before)
        return {r: names[k] for r, k in zip(records[:n], found.label.tolist(), strict=True) if k >= 0}

    before = run(950, {})
    after = run(1000, before)
    assert len(before) > 800
    assert sum(after.get(record) == name for record, name in before.items()) >= 0.99 * len(before)
