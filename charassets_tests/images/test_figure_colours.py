import cv2
import numpy as np
import pytest

from charassets.images.colour_groups import background, colour_groups, lab_of
from charassets.images.figure_colours import measure

HEAD = (0.25, 0.1, 0.75, 0.6)


def figure(hair=(120, 60, 160), skin=(240, 200, 170), eyes=(40, 110, 220), shirt=(40, 140, 70), ground=(255, 255, 255)):
    """A bust with large eyes and a shirt, RGB."""
    picture = np.full((240, 200, 3), ground, np.uint8)
    cv2.rectangle(picture, (30, 165), (170, 240), shirt, -1)
    cv2.ellipse(picture, (100, 85), (56, 66), 0, 0, 360, hair, -1)
    cv2.ellipse(picture, (100, 98), (38, 48), 0, 0, 360, skin, -1)
    for x in (82, 118):
        cv2.ellipse(picture, (x, 98), (11, 13), 0, 0, 360, (255, 255, 255), -1)
        cv2.circle(picture, (x, 99), 7, eyes, -1)
        cv2.circle(picture, (x, 99), 2, (0, 0, 0), -1)
    return picture


def lab(colour):
    return lab_of(np.array([[colour]], np.uint8))[0, 0]


def near(measured, colour, reach=14.0):
    return np.linalg.norm(measured.lab - lab(colour)) < reach


@pytest.mark.parametrize("colour", [(40, 110, 220), (200, 40, 40), (50, 150, 60), (230, 180, 30)])
def test_hair_eyes_and_clothes_are_measured_apart(colour):
    found = measure(figure(eyes=colour), HEAD)
    assert near(found["hair"][0], (120, 60, 160))
    assert near(found["eyes"][0], colour)
    assert near(found["clothes"][0], (40, 140, 70))
    assert all(0 < patch.trust <= 1 for patches in found.values() for patch in patches)


def test_closed_eyes_have_no_colour():
    picture = figure(eyes=(240, 200, 170))
    cv2.rectangle(picture, (70, 84), (130, 114), (240, 200, 170), -1)
    assert measure(picture, HEAD)["eyes"] == ()


def test_a_cap_over_hair_that_falls_beside_the_face_is_not_surely_hair():
    picture = figure(hair=(110, 70, 40))
    cv2.rectangle(picture, (44, 85), (156, 150), (110, 70, 40), -1)
    cv2.ellipse(picture, (100, 100), (38, 48), 0, 0, 360, (240, 200, 170), -1)
    cv2.ellipse(picture, (100, 55), (62, 38), 0, 180, 360, (30, 60, 200), -1)
    found = measure(picture, HEAD)["hair"][0]
    assert near(found, (110, 70, 40)) or found.trust < 0.5


def test_ground_is_what_reaches_an_upper_corner_and_not_hair_cut_by_the_border():
    picture = figure(ground=(200, 230, 240))
    picture[60:200, :40] = (20, 20, 24)
    ground, plain = background(lab_of(picture))
    assert ground[0, 0] and ground[0, -1]
    assert not ground[100, 10]
    assert 0.5 < plain < 1


def test_groups_keep_every_pixel_once_and_join_light_and_shade():
    picture = figure()
    picture[:120] = (picture[:120] * 0.93).astype(np.uint8)
    groups = colour_groups(lab_of(picture), np.ones(picture.shape[:2], bool))
    assert groups.sizes.sum() == (groups.labels >= 0).sum()
    assert groups.labels[70, 50] == groups.labels[130, 60]
    assert np.isclose(groups.shares(np.ones(picture.shape[:2])).sum(), 1)
