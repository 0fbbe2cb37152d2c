"""Names carried over from run to run."""

from charassets.similarity.continuity import carried_over


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
