import jsonschema
import pytest

from charassets.attributes import vocabulary
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import load
from charassets.attributes.vocabulary_file import spelling_key
from charassets.errors import UsageError
from charassets.extraction import extract
from charassets.settings import load_settings

SMALL = """
strength: 0.9
hidden_strength: 0.6
templates: ["{}"]
colours: [red]
tag_only: []
deceptive: []
attributes:
  Horns:
    nouns: [horns]
    values:
      Curled:
        words: [curled]
        prompts: [curled horns]
      Straight:
        tags: [unicorn_horn]
        yields: [Curled]
"""


@pytest.fixture
def write(tmp_path):
    def write_vocabulary(text):
        path = tmp_path / "vocabulary.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_vocabulary


def test_the_nine_core_attributes_come_in_the_order_of_the_brief():
    assert load().core == (
        "Age",
        "Gender",
        "Ethnicity",
        "Hair Style",
        "Hair Color",
        "Hair Length",
        "Eye Color",
        "Body Type",
        "Dress",
    )


def test_every_name_is_in_title_case():
    for attribute in load().attributes.values():
        for name in (attribute.name, *(v.name for v in attribute.values)):
            assert name == "-".join(" ".join(w.capitalize() for w in part.split()) for part in name.split("-"))


def test_ethnicity_is_never_asked_of_the_picture():
    assert not any(value.prompts for value in load().attributes["Ethnicity"].values)


def test_an_attribute_added_to_the_file_is_parsed_without_a_line_of_code(write):
    parsed = parse("1girl, curled horns", load(write(SMALL)))
    assert [(s.claim.attribute, s.claim.value) for s in parsed.said] == [("Horns", "Curled")]


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (("words: [curled]", "wrods: [curled]"), "wrods"),
        (("      Straight:", "      Curled:"), "stands twice"),
        (("tags: [unicorn_horn]", "tags: [a_tag]\n        words: [curled]"), "claimed by Curled and by Straight"),
        (("tags: [unicorn_horn]", "tags: [one_horn, onehorn]"), "claimed by Straight and by Straight"),
        (("yields: [Curled]", "yields: [Wavy]"), "no values"),
        (("yields: [Curled]", "weak: {horn: 90}"), "less than 1"),
        (("prompts: [curled horns]", "yields: [Straight]"), "in a circle"),
        (('templates: ["{}"]', 'templates: ["a character"]'), "exactly one"),
        (("      Curled:", "      Unknown:"), "no value"),
        (("attributes:", "attributes: ["), "not usable"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(write, edit, complaint):
    path = write(SMALL.replace(*edit))
    with pytest.raises(UsageError, match=complaint) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_spellings_of_a_tag_share_a_key_and_emoticons_keep_theirs():
    assert spelling_key("twin_tails") == spelling_key("twin-tails") == spelling_key("twintails")
    assert spelling_key("^_^") == "^_^"
    assert spelling_key("o_o") == "o_o"


WINGS = """
  Wings:
    values:
      Feathered:
        heads: [feathered_wings]
        tags: [angel_wings]
      Bat:
        tags: [bat_wings, demon_wings]
"""


@pytest.fixture
def edited(monkeypatch, write):
    """The shipped file with one attribute and one value more, and not a line of code."""
    text = vocabulary.SHIPPED.read_text(encoding="utf-8").rstrip("\n") + WINGS
    text = text.replace("      Dreadlocks:\n", "      Cornrows:\n        tags: [box_braids]\n      Dreadlocks:\n", 1)
    copy = write(text)
    read = vocabulary.read
    monkeypatch.setattr(vocabulary, "read", lambda path: read(copy))
    load.cache_clear()
    yield
    load.cache_clear()


def test_an_attribute_and_a_value_added_to_the_file_reach_the_record_and_its_schema(edited, tmp_path):
    from charassets.attributes.record import json_schema

    settings = load_settings({"workspace": str(tmp_path), "device": "cpu"})
    found = extract(None, "1girl, solo, angel_wings, box_braids, brown_hair", settings)
    assert found.record["Wings"] == "Feathered"
    assert found.record["Hair Style"] == "Cornrows"
    assert found.record["Hair Color"] == "Brown"
    schema = json_schema()
    assert schema["properties"]["Wings"] == {"enum": ["Feathered", "Bat"]}
    jsonschema.validate(found.record, schema)
    assert "Wings" not in extract(None, "1girl, solo", settings).record


def test_the_vocabulary_holds_every_attribute_of_the_brief_and_both_kinds():
    attributes = load().attributes
    optional = {"Facial Expression", "Accessories", "Scars", "Tattoos", "Facial Hair", "Headwear", "Skin Tone"}
    assert optional <= attributes.keys()
    assert attributes["Accessories"].multi
    assert not attributes["Hair Color"].multi
    asked = [a for a in attributes.values() if a.core and a.name != "Ethnicity"]
    assert all(any(value.prompts for value in a.values) for a in asked)
