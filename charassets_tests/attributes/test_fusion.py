import pytest
from hypothesis import given
from hypothesis import settings as drawn_with
from hypothesis import strategies as st

from charassets.attributes.evidence import Evidence, from_words
from charassets.attributes.fusion import fuse
from charassets.attributes.tags import parse, parse_text
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.settings import AttributeSettings

SETTINGS = AttributeSettings()


def clip(attribute, value, score):
    return Evidence(attribute, value, score, "clip", "a model")


def fused(line, *pictures, settings=SETTINGS):
    return {f.attribute: f for f in fuse([*from_words([parse(line)]), *pictures], settings)}


def test_every_attribute_of_the_vocabulary_gets_an_answer_in_order():
    answers = fuse([], SETTINGS)
    assert [a.attribute for a in answers] == list(load().attributes)
    assert {(a.value, a.status, a.confidence) for a in answers} == {(UNKNOWN, "unknown", 0.0)}


def test_a_plain_tag_decides_and_its_reason_quotes_it():
    answer = fused("1girl, blonde hair")["Hair Color"]
    assert (answer.value, answer.status, answer.sources) == ("Blonde", "decided", ("tag",))
    assert "`blonde_hair`" in answer.reason


def test_a_picture_that_agrees_raises_the_confidence_and_one_that_disagrees_lowers_it():
    alone = fused("blonde hair, x")["Hair Color"].confidence
    confirmed = fused("blonde hair, x", clip("Hair Color", "Blonde", 0.9))["Hair Color"]
    contradicted = fused("blonde hair, x", clip("Hair Color", "Black", 0.9))["Hair Color"]
    assert contradicted.confidence < alone < confirmed.confidence
    assert confirmed.sources == ("tag", "clip")
    assert contradicted.value == "Blonde"
    assert "against it Black" in contradicted.reason


def test_contradicting_tags_are_ambiguous_with_both_candidates_unless_a_picture_that_is_believed_takes_a_side():
    torn = fused("blue eyes, red eyes", clip("Eye Color", "Red", 0.7))["Eye Color"]
    assert (torn.value, torn.runner_up, torn.status) == ("Red", "Blue", "ambiguous")
    settled = fused("blue eyes, red eyes", clip("Eye Color", "Red", 0.99))["Eye Color"]
    assert (settled.value, settled.status, settled.runner_up) == ("Red", "decided", None)
    assert "the picture settles it" in settled.reason
    elsewhere = fused("blue eyes, red eyes", clip("Eye Color", "Green", 0.99))["Eye Color"]
    assert elsewhere.status == "ambiguous"


def test_a_weak_cue_alone_is_no_guess_and_two_close_candidates_are_ambiguous():
    assert fused("school uniform, x")["Age"].value == UNKNOWN
    close = fused("mature_female, x", clip("Age", "Young Adult", 0.99), settings=AttributeSettings(clip_weight=0.75))
    assert (close["Age"].status, close["Age"].runner_up) == ("ambiguous", "Young Adult")


@pytest.mark.parametrize("chance", [0.3, 0.6, 0.8])
def test_an_unsure_picture_alone_decides_nothing(chance):
    answer = fused("", clip("Gender", "Female", chance), clip("Gender", "Male", (1 - chance) / 2))["Gender"]
    assert answer.value == UNKNOWN


def test_a_sure_picture_alone_decides():
    assert fused("", clip("Gender", "Female", 0.98))["Gender"].value == "Female"


def test_what_tags_call_hidden_is_not_taken_from_the_picture():
    assert fused("1girl, closed_eyes", clip("Eye Color", "Blue", 0.99))["Eye Color"].value == UNKNOWN
    assert fused("1girl, closed_eyes, blue_eyes")["Eye Color"].value == "Blue"
    assert fused("child, age_difference")["Age"].value == UNKNOWN


def test_what_tags_deny_is_not_taken_from_the_picture():
    assert fused("no_scar, x", clip("Scars", "Present", 0.99))["Scars"].value == UNKNOWN
    assert fused("x, y", clip("Scars", "Present", 0.99))["Scars"].value == "Present"


def test_values_that_explain_each_other_are_no_rivals():
    hair = fused("long hair, very long hair, streaked hair, black hair, red hair")
    assert (hair["Hair Length"].value, hair["Hair Length"].confidence) == ("Very Long", pytest.approx(0.9))
    assert (hair["Hair Color"].value, hair["Hair Color"].status) == ("Multicolor", "decided")
    assert "with Black, Red" in hair["Hair Color"].reason


def test_several_accessories_stand_side_by_side():
    assert fused("scarf, earrings, glasses")["Accessories"].value == "Glasses; Earrings; Scarf"
    assert fused("heart-shaped eyewear, sunglasses")["Accessories"].value == "Sunglasses"


def test_words_of_a_description_and_tags_agree_as_two_witnesses():
    evidence = from_words([parse("black hair, x"), parse_text("She has black hair.")])
    answer = next(f for f in fuse(evidence, SETTINGS) if f.attribute == "Hair Color")
    assert answer.sources == ("tag", "text")
    assert answer.confidence > 0.95


def test_evidence_of_an_older_vocabulary_is_passed_over():
    answers = fuse([clip("Wings", "Present", 1.0), clip("Hair Color", "Mauve", 1.0)], SETTINGS)
    assert {a.value for a in answers} == {UNKNOWN}


_ROWS = st.builds(
    lambda pair, score, source: Evidence(pair[0], pair[1], score, source, "d"),
    st.sampled_from([(a.name, v.name) for a in load().attributes.values() for v in a.values] + [("Age", UNKNOWN)]),
    st.floats(0, 1),
    st.sampled_from(["tag", "text", "clip", "head"]),
)


@drawn_with(deadline=None)
@given(st.lists(_ROWS, max_size=12), st.randoms())
def test_fusion_does_not_depend_on_the_order_of_evidence_and_never_guesses_below_the_threshold(rows, random):
    answers = fuse(rows, SETTINGS)
    random.shuffle(rows)
    assert fuse(rows, SETTINGS) == answers
    for answer in answers:
        assert 0 <= answer.confidence <= 1
        assert (answer.value == UNKNOWN) == (answer.status == "unknown")
        if answer.status == "decided":
            assert answer.confidence >= SETTINGS.min_confidence


def test_a_source_that_is_switched_off_supports_and_explains_nothing():
    answer = fused("blonde hair, x", clip("Hair Color", "Blonde", 0.9), settings=AttributeSettings(clip_weight=0.0))
    assert answer["Hair Color"].sources == ("tag",)
    assert "clip" not in answer["Hair Color"].reason
