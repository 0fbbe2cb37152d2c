"""Captions in the order that base models expect."""

import pytest

from charassets.errors import UsageError
from charassets.exports.captions import Caption, own_tags, trigger
from charassets.settings import ExportSettings

COLUMNS = ("tags", "description", "character", "copyright", "artist", "rating")
DEFAULT = ExportSettings().caption


def caption(template=DEFAULT, decided=(), **values):
    return Caption(template).of(dict.fromkeys(COLUMNS) | values, dict(decided))


def test_count_character_series_tags_quality_rating_year():
    tags = "masterpiece, smile, long_hair, 1girl, year 2023, hatsune_miku, solo"
    told = caption(tags=tags, character="hatsune_miku", copyright="vocaloid", rating="general")
    assert told == "1girl, hatsune miku, vocaloid, smile, long hair, solo, masterpiece, general, year 2023"


def test_the_trigger_is_a_word_for_the_character_named_or_not():
    word = "{trigger}, {general}"
    assert caption(word, tags="smile", character_name="Rin  (red)", character_id="character_003") == "Rin_red, smile"
    assert caption(word, tags="smile", character_name=None, character_id="character_003") == "character_003, smile"
    assert caption(word, tags="smile", character_name="初音 ミク", character_id="character_003") == "初音_ミク, smile"
    assert caption(word, tags="smile", character_name="E\u0301lodie", character_id="character_003") == "Élodie, smile"
    assert caption(word, tags="smile", character_name="!?", character_id="character_003") == "character_003, smile"
    assert caption(word, tags="smile", character_name="सीता", character_id="character_003") == "सीता, smile"
    assert trigger({"character_name": "../a\0b:c."}) == "a_b_c"
    assert len(trigger({"character_name": "ミ" * 99}).encode()) <= 160
    assert caption(word, tags="smile", character_id=None) == "smile"


def test_empty_places_leave_no_commas_behind():
    assert caption(tags="smile") == "smile"
    assert caption() == ""
    assert caption("{count}, drawing, {general}", tags="smile, 1boy") == "1boy, drawing, smile"


def test_tags_against_a_decided_attribute_give_way_to_it():
    told = caption(tags="1girl, red_hair, blue_eyes, smile", decided={"Hair Color": "Blonde", "Eye Color": "Blue"})
    assert told == "1girl, blue eyes, smile, blonde hair"


def test_without_tags_the_attributes_speak():
    decided = {"Gender": "Male", "Hair Color": "Black", "Hair Length": "Short", "Accessories": "Glasses; Scarf"}
    assert caption(decided=decided) == "1boy, black hair, short hair, glasses, scarf"


def test_kaomoji_keep_their_underscore_and_no_tag_breaks_the_line():
    assert caption(tags="^_^, long_hair, o_o") == "^_^, long hair, o_o"
    assert "\n" not in caption("{description}", description="a\nb\u2028c")


def test_a_description_can_be_the_caption():
    assert caption("{description}", description="A girl in a garden.") == "A girl in a garden."


def test_own_tags_are_read_back_as_their_attributes():
    from charassets.attributes.tags import parse
    from charassets.attributes.vocabulary import load

    for attribute in load().attributes.values():
        for value in attribute.values:
            for (name, known), tag in own_tags({attribute.name: value.name}).items():
                assert (name, known) in {(s.claim.attribute, s.claim.value) for s in parse(tag + ",").said}


@pytest.mark.parametrize("template", ["{colour}", "{general", "{}"])
def test_a_template_that_cannot_be_filled_is_refused(template):
    with pytest.raises(UsageError, match="caption"):
        Caption(template)


def test_the_count_follows_a_decided_gender_and_groups_stay_as_they_are():
    assert caption("{count}", tags="1boy, solo", decided={"Gender": "Female"}) == "1girl"
    assert caption("{count}", tags="1boy, 1girl", decided={"Gender": "Female"}) == "1boy, 1girl"


def test_words_that_a_person_took_away_do_not_come_back():
    taken = {"Hair Length": "Unknown", "Accessories": "Unknown"}
    assert caption("{general}", tags="short_hair, glasses, smile", decided=taken) == "smile"


@pytest.mark.parametrize(
    "tag", ["highres", "absurdres", "translated", "english_commentary", "artist_request", "bad_id"]
)
def test_tags_about_the_file_are_not_taught_unless_they_are_asked_for(tag):
    assert caption(tags=f"smile, {tag}") == "smile"
    assert caption("{general}, {meta}", tags=f"{tag}, smile") == f"smile, {tag.replace('_', ' ')}"
