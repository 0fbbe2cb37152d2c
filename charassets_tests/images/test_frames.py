"""Bars that somebody added are told from the plain background of a drawing."""

import numpy as np
import pytest

from charassets.images.frames import frame_box
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import reencoded

INNER = draw_scene(3, (300, 400), kind="single").pixels
PATCHES = np.random.default_rng(0).integers(30, 230, (10, 8, 3), np.uint8).repeat(20, 0).repeat(20, 1)


@pytest.mark.parametrize(
    ("bars", "colour"),
    [((30, 30, 40, 40), 255), ((60, 60, 0, 0), 0), ((0, 0, 25, 0), 128), ((16, 40, 24, 12), 5)],
    ids=["frame", "letterbox", "one side", "uneven"],
)
@pytest.mark.parametrize("quality", [95, 40])
def test_a_frame_is_found_whatever_the_jpeg(bars, colour, quality):
    top, bottom, left, right = bars
    framed = np.pad(PATCHES, ((top, bottom), (left, right), (0, 0)), constant_values=colour)
    found = frame_box(reencoded(framed, quality))
    assert (found is None) == (bars == (0, 0, 25, 0))  # one bar alone has two corners that are the picture's own
    if found:
        assert np.abs(np.subtract(found, (left, top, left + 160, top + 200))).max() <= 9
        assert found[0] >= left and found[1] >= top and found[2] <= left + 160 and found[3] <= top + 200


def test_the_plain_background_of_a_drawing_is_no_frame():
    page = np.full((300, 300, 3), 240, np.uint8)
    y, x = np.mgrid[:300, :300]
    page[(y - 150) ** 2 + (x - 150) ** 2 < 90**2] = (60, 90, 160)
    assert frame_box(page) is None


@pytest.mark.parametrize("pixels", [INNER, PATCHES, np.full((50, 60, 3), 7, np.uint8), np.zeros((1, 1, 3), np.uint8)])
def test_pictures_without_a_frame_have_none(pixels):
    assert frame_box(pixels) is None


def test_a_speck_in_a_page_is_no_picture_in_a_frame():
    page = np.full((300, 300, 3), 255, np.uint8)
    page[140:160, 140:160] = 0
    assert frame_box(page) is None
