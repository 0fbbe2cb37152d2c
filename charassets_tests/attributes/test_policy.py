import pytest

from charassets.attributes.policy import is_quarantined
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
