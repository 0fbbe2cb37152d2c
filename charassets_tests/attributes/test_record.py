from dataclasses import asdict

import jsonschema
import pytest

from charassets.attributes.evidence import from_words
from charassets.attributes.fusion import fuse
from charassets.attributes.record import SCHEMA_FILE, json_schema, record_json, schema_text
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import SHIPPED, load
from charassets.settings import AttributeSettings


def told(line, vocabulary=None):
    evidence = from_words([parse(line, vocabulary)])
    rows = [asdict(f) for f in fuse(evidence, AttributeSettings(), vocabulary)]
    return record_json(rows, evidence, vocabulary)


def test_the_core_attributes_are_always_there_and_the_others_only_when_seen():
    assert told("1girl, blonde_hair, blue_eyes, young_woman") == {
        "Age": "Young Adult",
        "Gender": "Female",
        "Ethnicity": "Unknown",
        "Hair Style": "Unknown",
        "Hair Color": "Blonde",
        "Hair Length": "Unknown",
        "Eye Color": "Blue",
        "Body Type": "Unknown",
        "Dress": "Unknown",
    }
    more = told("1boy, smile, scar_on_face, arm_tattoo, glasses, scarf, no_headwear, clean_shaven")
    assert (more["Facial Expression"], more["Scars"], more["Tattoos"]) == ("Happy", "Present", "Present")
    assert more["Accessories"] == ["Glasses", "Scarf"]
    assert "Headwear" not in more
    assert "Facial Hair" not in more


@pytest.mark.parametrize(
    ("line", "dress"),
    [
        ("green_yukata, 1girl", "Green Yukata"),
        ("a girl in a long room wearing a green yukata", "Green Yukata"),
        ("yukata, 1girl", "Kimono"),
        ("frilled dress, white dress, light blue dress", "Light Blue Dress"),
        ("red_dress, armor", "Armor"),
    ],
)
def test_dress_is_told_in_the_words_that_name_a_colour_of_the_decided_garment(line, dress):
    assert told(line)["Dress"] == dress


def test_of_two_candidates_neither_is_a_label():
    assert told("blue_eyes, red_eyes")["Eye Color"] == "Unknown"


@pytest.mark.parametrize(
    "line", ["", "1girl, green_yukata, earrings, smug", "1boy, beard, hat, dark_skin, scar, tattoo, goggles, suit"]
)
def test_the_json_follows_its_schema(line):
    jsonschema.Draft202012Validator(json_schema()).validate(told(line))


def test_the_published_schema_is_that_of_the_shipped_vocabulary():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_schema_refuses_what_the_vocabulary_does_not_have():
    validator = jsonschema.Draft202012Validator(json_schema())
    good = told("1girl, blonde_hair")
    assert not validator.is_valid({**good, "Hair Color": "Mauve"})
    assert not validator.is_valid({**good, "Wings": "Present"})
    assert not validator.is_valid({k: v for k, v in good.items() if k != "Age"})
    assert not validator.is_valid({**good, "Dress": "green_yukata"})


def test_a_value_added_to_the_file_reaches_the_json_and_its_schema(tmp_path):
    shipped = SHIPPED.read_text(encoding="utf-8")
    added = "      Toga:\n        heads: [toga]\n      Maid:\n"
    path = tmp_path / "vocabulary.yaml"
    path.write_text(shipped.replace("      Maid:\n", added, 1), encoding="utf-8")
    vocabulary = load(path)
    assert told("1boy, white_toga", vocabulary)["Dress"] == "White Toga"
    assert told("1boy, toga", vocabulary)["Dress"] == "Toga"
    assert "Toga" in json_schema(vocabulary)["properties"]["Dress"]["anyOf"][0]["enum"]
