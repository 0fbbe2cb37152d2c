import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets.attributes.tags import parse, parse_text
from charassets.attributes.vocabulary import UNKNOWN, load


def claims(parsed):
    return {(s.claim.attribute, s.claim.value) for s in parsed.said}


def values(parsed, attribute):
    return {s.claim.value for s in parsed.said if s.claim.attribute == attribute}


@pytest.mark.parametrize(
    "line",
    [
        "1girl, long hair, blue eyes, school uniform, smile",
        "1girl long_hair blue_eyes school_uniform smile",
        "1girl,long_hair,blue_eyes,school_uniform,smile",
        "1girl,\nlong hair,\nblue eyes,\nschool uniform,\nsmile",
        "(1girl:1.3), ((long hair)), {{blue eyes}}, [school uniform], 1.2::smile::",
        "(1girl, long hair:1.2), (blue eyes, (school uniform)), smile, <lora:some_style_v2:0.8>",
        "1girl, Long-Hair, Blue Eyes BREAK school uniform, smile",
        "1girl, long hair, blue eyes, school uniform, smile\nNegative prompt: glasses, red eyes\nSteps: 20, Sampler: Euler",
    ],
)
def test_every_way_to_write_a_line_means_the_same(line):
    parsed = parse(line)
    assert claims(parsed) >= {
        ("Gender", "Female"),
        ("Hair Length", "Long"),
        ("Eye Color", "Blue"),
        ("Dress", "School Uniform"),
        ("Facial Expression", "Happy"),
    }
    assert values(parsed, "Eye Color") == {"Blue"}
    assert parsed.figures == 1


@pytest.mark.parametrize(
    "tag",
    [
        "scarf",
        "scared",
        "scarlet_devil_mansion",
        "mascara",
        "hair_between_eyes",
        "black_sclera",
        "red_pupils",
        "hair_over_one_eye",
        "holding_scarf",
        "unworn_hat",
        "game_boy",
        "wrist_scrunchie",
        "bed_sheet",
        "the_king_of_fighters",
    ],
)
def test_a_tag_is_read_whole_so_false_friends_claim_nothing_they_resemble(tag):
    resembled = {"Scars", "Eye Color", "Hair Color", "Hair Length", "Headwear", "Gender"}
    for spelled in (tag, tag.replace("_", " ")):
        assert not {s.claim.attribute for s in parse(f"{spelled}, x").said} & resembled


def test_escaped_and_plain_parentheses_of_a_name_stay():
    for line in (r"saber \(fate\), smile", "saber_(fate), smile", "saber (fate), smile"):
        assert parse(line).tags[0] == "saber_(fate)"


def test_emoticons_are_tags():
    assert values(parse("1girl, :d, >_<, ^_^"), "Facial Expression") == {"Happy"}
    assert parse("1girl :d o_o").tags == ("1girl", ":d", "o_o")


def test_what_a_wildcard_or_a_zero_weight_hides_is_not_claimed():
    parsed = parse("{red hair|blue hair}, __hair_colors__, (glasses:0), [cat:dog:0.5], brown eyes")
    assert claims(parsed) == {("Eye Color", "Brown")}


def test_a_shade_is_no_second_colour():
    assert claims(parse("dark brown hair, x")) == {("Hair Color", "Brown")}
    assert claims(parse("dark hair, x")) == {("Hair Color", "Black")}
    assert claims(parse("long honey blonde hair, x")) == {("Hair Length", "Long"), ("Hair Color", "Blonde")}


@pytest.mark.parametrize("spelled", ["twintails", "twin tails", "twin_tails", "Twin-Tails"])
def test_gaps_and_marks_do_not_tell_tags_apart(spelled):
    assert claims(parse(f"{spelled}, bluehair")) == {("Hair Style", "Twintails"), ("Hair Color", "Blue")}


def test_a_compound_means_what_its_last_word_means():
    assert claims(parse("frilled white apron dress, x")) == {("Dress", "Dress")}
    assert claims(parse("young girl, x")) == {("Age", "Child"), ("Gender", "Female")}
    assert claims(parse_text("A man in dress pants.")) == {("Gender", "Male")}


def test_a_colour_belongs_to_its_noun_only():
    assert claims(parse("blue hair ribbon, x")) == {("Accessories", "Hair Ribbon")}
    assert ("Hair Color", "Blue") not in claims(parse_text("She wears a blue hair ribbon and blue eye shadow."))
    assert values(parse_text("a blue hair ribbon in her black hair"), "Hair Color") == {"Black"}


def test_a_denied_value_is_not_claimed():
    parsed = parse("1girl, no_glasses, no_heterochromia, blue_eyes, red_eyes")
    assert {(s.claim.attribute, s.claim.value) for s in parsed.denied} == {
        ("Accessories", "Glasses"),
        ("Eye Color", "Heterochromia"),
    }
    assert "Glasses" not in values(parsed, "Accessories")


def test_two_plain_colours_are_a_conflict_and_a_multicolour_tag_explains_them():
    assert [(c.attribute, set(c.values)) for c in parse("1girl, blue eyes, red eyes").conflicts] == [
        ("Eye Color", {"Blue", "Red"})
    ]
    assert not parse("1girl, heterochromia, blue eyes, red eyes").conflicts
    assert not parse("1girl, streaked hair, black hair, red hair").conflicts
    assert not parse("1girl, long hair, very long hair").conflicts
    assert parse("1girl, long hair, short hair").conflicts


def test_weak_cues_do_not_contradict_a_plain_tag():
    assert not parse("smile, tears, blush, v-shaped eyebrows").conflicts


def test_a_hidden_attribute_is_said_to_be_unknown():
    assert values(parse("1girl, closed_eyes"), "Eye Color") == {"Unknown"}
    assert values(parse("1boy, age_difference"), "Age") == {"Unknown"}


def test_a_sentence_yields_adjectives_negations_and_counts():
    parsed = parse_text(
        "A young woman with shoulder-length honey blonde hair and green eyes, not wearing glasses. "
        "She doesn't have any scars, but has a tattoo. Her skin is dark."
    )
    assert claims(parsed) >= {
        ("Age", "Young Adult"),
        ("Gender", "Female"),
        ("Hair Length", "Medium"),
        ("Hair Color", "Blonde"),
        ("Eye Color", "Green"),
        ("Tattoos", "Present"),
        ("Skin Tone", "Dark"),
    }
    assert {(s.claim.attribute, s.claim.value) for s in parsed.denied} == {
        ("Accessories", "Glasses"),
        ("Scars", "Present"),
    }
    assert parse_text("Two girls and a dog").figures == 2


def test_prose_inside_a_tag_line_is_read_as_prose():
    parsed = parse("masterpiece, a man with a long white beard wearing a blue robe, best quality")
    assert claims(parsed) >= {("Gender", "Male"), ("Facial Hair", "Beard"), ("Dress", "Robe")}
    assert not values(parsed, "Hair Color")


def test_nothing_is_made_of_nothing():
    for empty in (None, "", " , ,, ", "\n", "BREAK", "()"):
        parsed = parse(empty)
        assert parsed.said == ()
        assert parsed.figures is None


@given(st.text())
def test_any_text_is_parsed_without_an_error(text):
    for parsed in (parse(text), parse_text(text)):
        for said in (*parsed.said, *parsed.denied):
            known = load().attributes[said.claim.attribute]
            assert said.words
            assert said.claim.value in {UNKNOWN, *(value.name for value in known.values)}


@given(st.permutations(["1girl", "solo", "blue eyes", "red eyes", "streaked hair", "no_glasses", "black hair"]))
def test_the_order_of_tags_does_not_matter(tags):
    def told(parsed):
        return (
            set(parsed.said),
            set(parsed.denied),
            {(c.attribute, frozenset(c.values)) for c in parsed.conflicts},
            parsed.figures,
            parsed.flags,
        )

    assert told(parse(", ".join(tags))) == told(parse(", ".join(sorted(tags))))


def test_titles_of_the_real_list_claim_nothing_and_plain_tags_claim_themselves(tag_data):
    """Names of characters and works among the 5,000 most used tags are no attributes, with spaces or underscores."""
    with (tag_data / "danbooru_sfw.csv").open(newline="") as file:
        tags = [(row[0], row[1]) for _, row in zip(range(5000), csv.reader(file), strict=False)]
    for tag, category in tags:
        spaced = parse(f"{tag.replace('_', ' ')}, x")
        assert claims(spaced) == claims(parse(f"{tag}, x")), tag
        if category == "4":
            assert not spaced.said, tag
    simple = [t for t, c in tags if c == "0" and t.endswith("_hair") and t.count("_") == 1]
    missed = [t for t in simple if not parse(f"{t}, x").said]
    # Hair that has neither a colour, a length nor a style of the vocabulary.
    assert {"black_hair", "long_hair", "wavy_hair"} <= set(simple) - set(missed)


def test_real_lines_yield_the_hair_colour_a_reader_sees(tag_data):
    lines = [json.loads(line)["tags"] for line in (tag_data / "lines_danbooru_characters_dev.jsonl").open()]
    decided = sum(1 for line in lines if values(parse(line), "Hair Color"))
    assert decided / len(lines) > 0.9


@pytest.mark.parametrize(
    "written", ["blonde_hiar", "blonde_hai", "blonde_haair", "twintials", "school_unifrom", "ponytial"]
)
def test_one_slip_of_the_pen_is_forgiven_in_a_long_word_and_told(written):
    said = parse(f"{written}, x").said
    assert {s.claim.value for s in said} & {"Blonde", "Twintails", "School Uniform", "Ponytail"}
    assert all(s.words.startswith(f"{written} ~ ") and s.claim.strength < 0.8 for s in said)


@pytest.mark.parametrize(
    "tag",
    ["scarf", "scared", "beads", "ruler", "maiden", "grinding", "pennant", "hair_flip", "cool", "rings_of_saturn"],
)
def test_a_word_of_its_own_is_no_slip_of_another(tag):
    assert not any("~" in s.words for s in parse(f"{tag}, x").said)


def test_a_japanese_particle_denies_nothing_and_a_denial_before_the_thing_does():
    assert values(parse("hasu_no_sora_school_uniform, x"), "Dress") == {"School Uniform"}
    assert not claims(parse("girl_with_no_hat, x")) & {("Headwear", "Hat")}
