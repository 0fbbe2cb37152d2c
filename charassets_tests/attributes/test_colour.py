import cv2
import numpy as np
import pytest

from charassets.attributes.colour import ColourSource
from charassets.attributes.colour_names import names_of
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import load
from charassets.images.colour_groups import lab_of

HAIR = {
    "Black": (20, 18, 22), "Brown": (96, 60, 32), "Blonde": (232, 204, 128), "Red": (176, 24, 20), "Pink": (240, 150, 190),
    "Purple": (120, 60, 160), "Blue": (40, 80, 190), "Aqua": (60, 200, 200), "Green": (60, 140, 60), "Grey": (140, 140, 144),
}  # fmt: skip
SKIN = {"light": (244, 208, 180), "tan": (200, 145, 100), "dark": (110, 70, 48)}
HEAD = (0.25, 0.12, 0.75, 0.72)


def head(hair, skin, ground=(255, 255, 255), noise=0.0, side=200):
    """A head with hair around a face, a neck and a shirt, on a plain ground; RGB."""
    picture = np.full((side, side, 3), ground, np.uint8)
    centre = side // 2
    cv2.rectangle(picture, (centre - 60, 160), (centre + 60, side), (30, 90, 160), -1)
    cv2.ellipse(picture, (centre, 85), (52, 62), 0, 0, 360, hair, -1)
    cv2.ellipse(picture, (centre, 98), (36, 46), 0, 0, 360, skin, -1)
    for x in (-15, 15):
        cv2.circle(picture, (centre + x, 98), 7, (255, 255, 255), -1)
        cv2.circle(picture, (centre + x, 98), 5, (60, 160, 80), -1)
    if noise:
        grain = np.random.default_rng(0).normal(0, noise, picture.shape)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return picture


def told(picture, box=HEAD, attribute="Hair Color"):
    rows = ColourSource(load()).answers([Subject(pixels=picture, head=box)])[0]
    return [row for row in rows if row.attribute == attribute]


@pytest.mark.parametrize("skin", SKIN.values(), ids=SKIN)
@pytest.mark.parametrize("name", HAIR)
def test_hair_gets_the_name_of_its_colour_on_every_skin_and_ground(name, skin):
    for ground in ((255, 255, 255), (58, 63, 75), (223, 233, 221)):
        best = told(head(HAIR[name], skin, ground))[0]
        assert best.value == name
        assert best.source == "colour"
        assert best.score > 0.2


def test_noise_and_a_missing_head_box_change_no_name():
    picture = head(HAIR["Blue"], SKIN["light"], noise=6.0)
    assert told(picture)[0].value == told(picture, None)[0].value == "Blue"


def test_a_shirt_or_the_ground_is_never_called_hair():
    bald = head(SKIN["light"], SKIN["light"], ground=(20, 160, 60))
    assert not [row for row in told(bald) if row.value in ("Green", "Blue") and row.score > 0.4]


def test_a_blank_page_and_a_missing_crop_say_nothing():
    assert told(np.full((50, 80, 3), 255, np.uint8)) == []
    assert ColourSource(load()).answers([Subject(embedding=np.ones(4, np.float16))]) == [[]]


def test_a_colour_between_two_names_gets_both():
    names = names_of(load().attributes["Hair Color"])
    between = names.chances(lab_of(np.array([[(176, 125, 66)]], np.uint8))[0, 0])
    first, second = np.argsort(-between)[:2]
    assert {names.names[first], names.names[second]} <= {"Brown", "Blonde", "Orange"}
    assert between[first] < 0.8
    assert between.sum() <= 1.0


def test_an_answer_explains_itself_and_does_not_depend_on_the_company():
    source = ColourSource(load())
    subjects = [Subject(pixels=head(color, SKIN["tan"]), head=HEAD) for color in HAIR.values()]
    together = source.answers(subjects)
    assert together == [source.answers([subject])[0] for subject in subjects]
    assert "hair measured as Lab" in together[0][0].detail
