"""Crops stay in the picture, keep the figure, and are small; contact sheets fit where they are kept."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from charassets.images import contact_sheet
from charassets.images.crops import Box, bust, cut, webp, with_margin
from charassets.images.cutouts import Cutout
from charassets.images.main_figure import main_figure


@settings(max_examples=200, deadline=None)
@given(
    corner=st.tuples(st.floats(-50, 900), st.floats(-50, 700)),
    extent=st.tuples(st.floats(0, 900), st.floats(0, 700)),
    margin=st.floats(0, 1),
)
def test_a_margin_never_leaves_the_picture_and_never_vanishes(corner, extent, margin):
    box = Box(*corner, corner[0] + extent[0], corner[1] + extent[1])
    x0, y0, x1, y1 = with_margin(box, margin, 640, 480)
    assert 0 <= x0 < x1 <= 640 and 0 <= y0 < y1 <= 480


def test_a_large_crop_is_reduced_and_a_small_one_is_left_alone():
    pixels = np.random.default_rng(0).integers(0, 256, (600, 1200, 3), dtype=np.uint8)
    assert cut(pixels, (0, 0, 1200, 600), 512).shape == (256, 512, 3)
    assert (cut(pixels, (10, 20, 110, 90), 512) == pixels[20:90, 10:110]).all()


def test_webp_keeps_colours_in_their_order():
    red = np.zeros((40, 40, 3), np.uint8)
    red[..., 0] = 220
    image = np.asarray(Image.open(io.BytesIO(webp(red, 90))).convert("RGB"))
    assert image[20, 20, 0] > 180 and image[20, 20, 2] < 40


def test_equal_pixels_give_equal_bytes():
    pixels = np.random.default_rng(1).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    assert webp(pixels, 88) == webp(pixels.copy(), 88)


def figure(*boxes, **more):
    labels, scores, corners = zip(*boxes, strict=True) if boxes else ((), (), ())
    return main_figure(labels, scores, corners, (400, 300), **more)


def test_the_main_figure_is_the_largest_sure_person():
    chosen = figure(
        ("person", 0.9, (10, 10, 60, 100)), ("person", 0.7, (100, 5, 300, 290)), ("person", 0.2, (0, 0, 400, 300))
    )
    assert chosen.box == (100, 5, 300, 290) and chosen.label == "person"


def test_a_head_alone_becomes_a_bust():
    chosen = figure(("head", 0.8, (150, 50, 210, 120)))
    assert chosen.label == "head" and chosen.box == bust(Box(150, 50, 210, 120))
    assert chosen.box.y1 > 200 and chosen.head == (150, 50, 210, 120)


def test_transparency_wins_over_a_mere_suspicion():
    alpha = np.zeros((300, 400), np.uint8)
    alpha[20:300, 50:350] = 255
    cutout = Cutout.of(alpha)
    assert figure(("person", 0.1, (0, 0, 40, 40)), cutout=cutout).label == "cutout"
    assert figure(("person", 0.1, (0, 0, 40, 40))).label == "person"
    assert figure(cutout=cutout).cut_off == ("bottom",)


def test_the_whole_picture_is_kept_only_on_the_word_of_the_tags():
    assert figure(tag_figures=1).label == "whole"
    assert figure(tag_figures=2) is None and figure() is None


def test_others_in_front_are_occlusion_and_a_second_box_on_the_figure_is_not():
    main = ("person", 0.9, (100, 0, 300, 300))
    assert figure(main, ("person", 0.8, (200, 150, 400, 280))).occlusion == pytest.approx(0.5 * 130 / 300, abs=0.03)
    assert figure(main, ("person", 0.8, (110, 5, 290, 160))).occlusion == 0


def test_the_head_belongs_to_the_figure_it_lies_in():
    chosen = figure(
        ("person", 0.9, (100, 20, 300, 290)), ("head", 0.9, (10, 10, 50, 60)), ("head", 0.5, (170, 30, 230, 90))
    )
    assert chosen.head == (170, 30, 230, 90)


def tiles(count):
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (200, 150, 3), dtype=np.uint8) for _ in range(count)]


def test_a_contact_sheet_shows_every_picture_and_fits_its_limit():
    data = contact_sheet.sheet(tiles(48), [f"single 0.{i:02d}" for i in range(48)])
    image = Image.open(io.BytesIO(data))
    assert len(data) <= contact_sheet.MAX_BYTES and image.size == (8 * 96, 6 * 110)
    assert contact_sheet.data_uri(data).startswith("data:image/webp;base64,")


def test_a_sheet_that_cannot_fit_drops_rows_and_an_empty_one_is_refused():
    small = contact_sheet.sheet(tiles(64), [""] * 64, max_bytes=4_000)
    assert len(small) <= 4_000 and Image.open(io.BytesIO(small)).height < 8 * 110
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet.sheet([], [])
