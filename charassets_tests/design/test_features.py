"""Pictures whose measurements are known by construction."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from charassets.design.catalogue import CATALOGUE, NAMES
from charassets.design.features import design_features


def measured(pixels):
    return dict(zip(NAMES, design_features(np.ascontiguousarray(pixels, np.uint8)).tolist(), strict=True))


def page(colour=(255, 255, 255), size=(256, 256)):
    return np.full((*size, 3), colour, np.uint8)


def disc(ground=(255, 255, 255), colour=(40, 40, 200), radius=80):
    return cv2.circle(page(ground), (128, 128), radius, colour, -1)


def test_the_catalogue_has_54_features_or_more_in_four_groups_each_once_and_explained():
    assert len(NAMES) == len(set(NAMES)) >= 54
    assert {f.group for f in CATALOGUE} == {"colour", "texture", "shape", "mood"}
    assert all(len(f.doc) > 8 and f.low < f.high for f in CATALOGUE)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_every_picture_has_finite_features_within_the_stated_range(pixels):
    for feature, value in zip(CATALOGUE, design_features(pixels).tolist(), strict=True):
        assert feature.low - 1e-3 <= value <= feature.high + 1e-3, feature.name


def test_an_empty_page_has_no_edges_one_colour_and_is_symmetric():
    found = measured(page((250, 250, 250)))
    assert found["edge_density"] == found["palette_entropy"] == found["grey_entropy"] == found["saturation_mean"] == 0
    assert found["dominant_share"] == found["flat_share"] == found["mirror_symmetry"] == found["figure_share"] == 1


def test_red_is_warm_and_blue_is_cool():
    warm, cool = measured(page((220, 60, 20))), measured(page((20, 90, 220)))
    assert warm["warmth"] > 0.9 and cool["warmth"] < -0.9
    assert warm["hue_concentration"] > 0.99 and warm["lab_b_mean"] > 0 > cool["lab_b_mean"]


def test_opposite_hues_cancel_once_and_not_twice():
    both = page((255, 0, 0))
    both[:, 128:] = (0, 255, 255)
    found = measured(both)
    assert found["hue_concentration"] < 0.05 and found["hue_opposition"] > 0.95


def test_stripes_run_the_way_they_are_drawn():
    stripes = page()
    stripes[:, ::16], stripes[:, 1::16], stripes[:, 2::16], stripes[:, 3::16] = 0, 0, 0, 0
    upright, level = measured(stripes), measured(stripes.transpose(1, 0, 2))
    assert upright["vertical_edges"] > 0.95 and level["horizontal_edges"] > 0.95
    assert upright["orientation_entropy"] < 0.5


def test_a_slanted_line_is_diagonal():
    assert measured(cv2.line(page(), (30, 30), (226, 226), (0, 0, 0), 5))["diagonal_edges"] > 0.7


def test_a_disc_is_round_and_solid_and_a_star_is_neither_but_spiky():
    turns = np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2, 35, 110)
    corners = np.stack([128 + radii * np.sin(turns), 128 - radii * np.cos(turns)], axis=1).astype(np.int32)
    star = measured(cv2.fillPoly(page(), [corners], (40, 40, 200)))
    round_one = measured(disc())
    assert round_one["roundness"] > 0.8 and round_one["solidity"] > 0.97 and round_one["spikes"] == 0
    assert star["roundness"] < 0.6 and star["solidity"] < 0.7 and star["spikes"] > 0
    assert star["angularity"] > 2 * round_one["angularity"]


def test_figure_and_ground_are_told_apart_on_any_plain_page():
    expected = np.pi * 80**2 / 256**2
    for ground in ((255, 255, 255), (30, 30, 30), (120, 200, 120)):
        found = measured(disc(ground, colour=(220, 40, 40)))
        assert found["figure_share"] == pytest.approx(expected, abs=0.03)
        assert found["centroid_x"] == pytest.approx(0.5, abs=0.02) == found["centroid_y"]
        assert found["figure_contrast"] > 0.3


def test_a_glow_around_the_figure_is_an_aura_and_a_plain_ground_has_none():
    glow = cv2.circle(page((20, 20, 30)), (128, 128), 92, (230, 230, 120), -1)
    soft = cv2.GaussianBlur(cv2.circle(page((20, 20, 30)), (128, 128), 80, (250, 60, 60), -1), (0, 0), 12)
    hard = disc((20, 20, 30), (250, 60, 60))
    assert measured(soft)["aura_brightness"] > measured(hard)["aura_brightness"] + 0.01
    assert measured(glow)["aura_brightness"] == pytest.approx(0, abs=0.02)


def test_shadow_in_one_corner_is_concentrated_and_everywhere_is_not():
    corner, everywhere = page(), page((20, 20, 20))
    corner[:64, :64] = 10
    assert measured(corner)["shadow_concentration"] > 0.9 > 0.05 > measured(everywhere)["shadow_concentration"]
    assert measured(everywhere)["shadow_density"] == 1 and measured(corner)["shadow_density"] == pytest.approx(1 / 16)


def test_a_scar_on_skin_is_a_thin_mark():
    face = cv2.circle(page(), (128, 128), 90, (240, 200, 170), -1)
    scarred = cv2.line(face.copy(), (100, 90), (150, 150), (150, 90, 80), 2)
    assert measured(face)["thin_marks"] < 0.002 < 0.006 < measured(scarred)["thin_marks"]


def test_features_hardly_change_with_size():
    rng = np.random.default_rng(3)
    drawn = cv2.GaussianBlur(rng.integers(0, 255, (512, 512, 3)).astype(np.uint8), (0, 0), 9)
    large, small = measured(drawn), measured(cv2.resize(drawn, (256, 256), interpolation=cv2.INTER_AREA))
    assert all(abs(large[n] - small[n]) < 0.02 for n in ("value_mean", "gradient_mean", "mirror_symmetry", "warmth"))
