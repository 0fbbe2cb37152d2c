import pytest

from charassets.attributes.policy import child_seen, is_quarantined
from charassets.attributes.tags import parse


@pytest.mark.parametrize(
    ("line", "rating"),
    [
        ("child, underwear", "general"),
        ("1girl, loli, smile", "questionable"),
        ("1boy, shota", "e"),
        ("aged_down, naked_towel", None),
        ("young girl, nsfw", None),
        ("toddler, old, sexually_suggestive", None),
    ],
)
def test_childhood_and_anything_sexual_stop_a_record_with_the_words_that_did(line, rating):
    answer = is_quarantined(parse(line).tags, rating)
    assert answer
    assert "`" in answer.reason


@pytest.mark.parametrize(
    ("line", "rating"),
    [
        ("child, school uniform, smile", "general"),
        ("child, playing", None),
        ("1girl, petite, smile", "sensitive"),
        ("1girl, mature_female, underwear", "questionable"),
        ("child, brass instrument, essex", "g"),
    ],
)
def test_one_without_the_other_stops_nothing(line, rating):
    assert not is_quarantined(parse(line).tags, rating)


def test_a_description_counts_as_well_as_tags():
    assert is_quarantined((), "explicit", "A little girl with a hat.")
    assert is_quarantined(("child",), None, "The picture is rather lewd.")
    assert not is_quarantined((), "general", "A little girl with a hat.")


@pytest.mark.parametrize(
    ("tags", "rating"),
    [
        ("1girl, rating:explicit", None), ("1girl, rating_questionable", None), ("1girl, r-18", None), ("1girl", "mature"),
        ("1girl", "s"), ("1girl", "rating:e"), ("1girl, xxx", "general"),
    ],
)  # fmt: skip
def test_a_child_that_only_the_picture_or_fusion_shows_stops_a_record_with_every_sexual_rating(tags, rating):
    assert not is_quarantined(tags.split(", "), rating)
    stopped = is_quarantined(tags.split(", "), rating, seen="Age Child by head 0.70")
    assert stopped
    assert stopped.reason.startswith("Age Child by head 0.70 ")


@pytest.mark.parametrize("rating", ["general", "g", "Safe", "rating:general", "PG", "all_ages", None])
def test_a_child_in_a_general_picture_stops_nothing(rating):
    assert not is_quarantined(["1girl", "rating:safe", "school_uniform"], rating, seen="Age Child")


def test_a_mere_candidate_or_a_loud_source_is_enough_to_see_a_child_and_a_whisper_is_not():
    assert child_seen([("Teen", "Child")]) == "Age Child"
    assert child_seen([], [("clip", 0.2), ("head", 0.61)]) == "Age Child by head 0.61"
    assert child_seen([("Teen", None)], [("clip", 0.2)]) is None
