"""The heads' answers are worth what their thresholds say, and fusion believes them accordingly."""

import numpy as np
import pytest

from charassets.attributes.evidence import Evidence
from charassets.attributes.fusion import fuse
from charassets.attributes.head_answers import DECISIVE, HINT, answers, strength
from charassets.attributes.vocabulary import load
from charassets.models.heads import HeadQuestion
from charassets.settings import AttributeSettings

COLOR = HeadQuestion("Hair Color", "Hair Color", ("Black", "Blonde", "Unknown"), min_confidence=0.8)
STYLE = HeadQuestion("Hair Style", "Hair Style", ("Bob", "Braid", "Unknown"))
GLASSES = HeadQuestion("Glasses", "Accessories", ("None", "Glasses", "Sunglasses", "Unknown"), min_confidence=0.7)


def told(question, *chances):
    return answers("heads", [question], {question.name: np.array([chances], np.float32)}, load())[0]


def believed(evidence):
    return {f.attribute: f for f in fuse(evidence, AttributeSettings())}


def test_an_answer_exactly_sure_enough_just_decides_and_certainty_is_one():
    assert strength(0.8, COLOR) == pytest.approx(DECISIVE)
    assert strength(1.0, COLOR) == 1.0
    assert strength(0.79, COLOR) < DECISIVE < strength(0.81, COLOR)
    assert strength(1.0, STYLE) == HINT


def test_a_sure_answer_decides_and_an_unsure_one_does_not():
    assert believed(told(COLOR, 0.05, 0.9, 0.05))["Hair Color"].value == "Blonde"
    assert believed(told(COLOR, 0.3, 0.7, 0.0))["Hair Color"].value == "Unknown"


def test_a_question_the_heads_are_weak_at_is_never_decided_by_the_picture():
    assert believed(told(STYLE, 0.0, 1.0, 0.0))["Hair Style"].value == "Unknown"


def test_glasses_are_an_accessory_and_none_is_nothing_to_say():
    assert believed(told(GLASSES, 0.02, 0.95, 0.02, 0.01))["Accessories"].value == "Glasses"
    assert told(GLASSES, 0.95, 0.02, 0.02, 0.01) == []


def test_what_cannot_be_seen_is_kept_and_decides_nothing():
    evidence = told(COLOR, 0.05, 0.05, 0.9)
    assert [e.value for e in evidence] == ["Unknown"]
    assert believed(evidence)["Hair Color"].value == "Unknown"


def test_the_picture_agrees_with_a_tag_or_makes_it_doubtful():
    tag = Evidence("Hair Color", "Blonde", 0.9, "tag", "tag `blonde_hair`")
    alone = believed([tag])["Hair Color"]
    agreed = believed([tag, *told(COLOR, 0.05, 0.9, 0.05)])["Hair Color"]
    opposed = believed([tag, *told(COLOR, 0.9, 0.05, 0.05)])["Hair Color"]
    assert opposed.confidence < alone.confidence < agreed.confidence
    assert agreed.sources == ("tag", "head")


def test_the_detail_tells_how_sure_and_how_sure_it_has_to_be():
    assert told(COLOR, 0.05, 0.9, 0.05)[0].detail == "heads 0.90, decides from 0.80"
    assert told(STYLE, 0.0, 1.0, 0.0)[0].detail == "heads 1.00, a hint only"
