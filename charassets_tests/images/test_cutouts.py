"""The crop of a single cut-out holds all of the figure; another figure, a picture or dirt does not come with it."""

import cv2
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charassets.images.crops import Box
from charassets.images.cutouts import Cutout
from charassets.images.main_figure import main_figure
from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import load_settings
from charassets.stages.gates import judge_of

BODY = Box(120, 60, 240, 300)


def page(width=400, height=300):
    return np.zeros((height, width), np.uint8)


def spearman():
    """A body with a shaft three pixels thick that ends in a blade far to the right."""
    alpha = page()
    cv2.ellipse(alpha, (180, 180), (60, 120), 0, 0, 360, 255, -1)
    cv2.line(alpha, (200, 180), (370, 30), 255, 3)
    cv2.circle(alpha, (370, 30), 12, 255, -1)
    return alpha


def chosen(alpha, *boxes, **more):
    labels, scores, corners = zip(*boxes, strict=True)
    cutout = None if alpha is None else Cutout.of(alpha)
    return main_figure(labels, scores, corners, (400, 300), cutout, **more)


def test_a_cutout_knows_what_is_opaque():
    alpha = np.zeros((100, 80), np.uint8)
    alpha[10:60, 20:70] = 255
    cutout = Cutout.of(alpha)
    assert cutout is not None and cutout.bounds == (20, 10, 70, 60)
    assert Cutout.of(np.zeros((100, 80), np.uint8)) is None and Cutout.of(np.full((100, 80), 255, np.uint8)) is None


def test_what_a_single_figure_holds_stays_in_its_crop():
    alpha = spearman()
    seen = chosen(alpha, ("person", 0.8, BODY))
    assert seen.box == BODY.joined(Box(*bounds(alpha))) and seen.box.x1 > 380
    assert (seen.label, seen.score, seen.occlusion) == ("person", 0.8, 0)
    assert chosen(None, ("person", 0.8, BODY)).box == BODY


def test_a_side_that_cuts_the_figure_is_told_by_what_is_opaque():
    alpha = spearman()
    alpha[170:180, :200] = 255  # an arm that leaves the picture
    assert chosen(alpha, ("person", 0.8, BODY)).cut_off == ("bottom", "left")
    assert chosen(None, ("person", 0.8, BODY)).cut_off == ("bottom",)


def test_a_shaft_thinner_than_a_cell_holds_its_blade_in_a_large_scan():
    alpha = np.zeros((5000, 7000), np.uint8)
    alpha[1000:5000, 1000:2500] = 255
    alpha[1200:4000, 1000:1100] = 0  # so that it does not fill its bounds
    alpha[200:1000, 1000:1200] = 255
    alpha[3000:3003, 2500:6000] = 255
    alpha[2950:3050, 6000:6400] = 255  # under a hundredth: dirt, if nothing held it
    cutout = Cutout.of(alpha)
    assert cutout is not None and max(cutout.opaque.shape) <= 512
    assert cutout.around(Box(900, 900, 2600, 5000)) == pytest.approx((1000, 200, 6400, 5000), abs=14)


def test_a_figure_that_stands_apart_does_not_come_along():
    alpha = spearman()
    alpha[20:45, 340:400] = 0  # its blade is gone, and somebody stands there
    cv2.ellipse(alpha, (340, 220), (40, 80), 0, 0, 360, 255, -1)
    alpha[150:240, 250:301] = 0
    assert chosen(alpha, ("person", 0.8, BODY), ("person", 0.7, (300, 140, 380, 300))).box.x1 < 360
    assert chosen(alpha, ("person", 0.8, BODY)).box.x1 < 360


def test_a_second_figure_in_the_same_piece_leaves_the_box_alone():
    alpha = spearman()
    second = ("person", 0.6, (300, 0, 400, 70))
    assert chosen(alpha, ("person", 0.8, BODY), second).box == BODY
    one_head = ("head", 0.8, (150, 60, 210, 120))
    assert chosen(alpha, ("person", 0.8, BODY), second, one_head).box.x1 > 380  # heads tell better than bodies
    assert chosen(alpha, ("person", 0.8, BODY), one_head, ("head", 0.5, (340, 10, 390, 60))).box == BODY
    assert chosen(alpha, ("person", 0.8, BODY), tag_figures=2).box == BODY
    faces = ("face", 0.3, (160, 80, 200, 120)), ("face", 0.3, (355, 15, 385, 45))
    assert chosen(alpha, ("person", 0.28, BODY), *faces).box == BODY


def test_a_figure_alone_is_whole_however_little_of_it_was_seen():
    alpha = spearman()
    legs = ("person", 0.8, (120, 200, 240, 300))
    assert chosen(alpha, legs).box == Box(*legs[2]).joined(Box(*bounds(alpha)))


def test_beside_another_large_piece_a_box_that_holds_less_than_half_vouches_for_nothing_unless_the_head_is_the_figures():
    alpha = spearman()
    cv2.ellipse(alpha, (50, 200), (40, 90), 0, 0, 360, 255, -1)
    legs = ("person", 0.8, (120, 200, 240, 300))
    assert chosen(alpha, legs).box == legs[2]
    seen = chosen(alpha, legs, ("head", 0.8, (150, 60, 210, 120))).box
    assert seen.y0 == 29 - 12 + 1 and seen.x0 == 120
    alpha[100:104] = 0  # the head is another piece now
    assert chosen(alpha, ("person", 0.8, (120, 240, 240, 300)), ("head", 0.8, (150, 60, 210, 100))).box.y0 > 100


def test_detached_parts_belong_to_a_lone_figure_and_dirt_does_not():
    alpha = spearman()
    cv2.circle(alpha, (60, 40), 20, 255, -1)  # a halo, 5 % of the figure
    alpha[280:284, 4:8] = 255
    assert chosen(alpha, ("person", 0.8, BODY)).box.x0 == 40
    cv2.ellipse(alpha, (345, 220), (40, 60), 0, 0, 360, 255, -1)  # not alone any more: whose halo is it?
    assert chosen(alpha, ("person", 0.8, BODY)).box.x0 == BODY.x0


@pytest.mark.parametrize("bitten", [0, 25])
def test_a_picture_with_rounded_corners_or_an_empty_border_is_no_cutout(bitten):
    alpha = page()
    alpha[10:290, 10:390] = 255
    for x in (10, 389):
        for y in (10, 289):
            cv2.circle(alpha, (x, y), bitten, 0, -1)
    figure = (10, 10, 300, 290)
    assert chosen(alpha, ("person", 0.8, figure)).box == figure


def test_a_cutout_of_which_only_the_head_is_known_is_taken_for_what_it_is():
    alpha = spearman()
    head = ("head", 0.8, (140, 60, 220, 140))
    seen = chosen(alpha, head)
    assert (seen.label, seen.score, seen.head) == ("cutout", None, head[2])
    assert seen.box == bounds(alpha) and seen.cut_off == ("bottom",)
    assert chosen(alpha, head, ("head", 0.6, (340, 10, 390, 60))).label == "head"
    assert chosen(None, head).label == "head"


@st.composite
def pieces(draw):
    """One opaque piece: ellipses around points on the ellipse before."""
    alpha, at = page(), (200, 150)
    for _ in range(draw(st.integers(1, 5))):
        axes = draw(st.tuples(st.integers(5, 80), st.integers(5, 80)))
        cv2.ellipse(alpha, at, axes, draw(st.integers(0, 180)), 0, 360, 255, -1)
        ys, xs = np.nonzero(alpha)
        k = draw(st.integers(0, len(ys) - 1))
        at = int(xs[k]), int(ys[k])
    return alpha


def bounds(alpha):
    x, y, width, height = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    return (x, y, x + width, y + height)


corners = st.tuples(st.integers(0, 399), st.integers(0, 299), st.integers(1, 400), st.integers(1, 300)).map(
    lambda c: Box(c[0], c[1], min(400, c[0] + c[2]), min(300, c[1] + c[3]))
)


@settings(max_examples=150, deadline=None)
@given(alpha=pieces(), box=corners)
def test_of_one_piece_all_is_kept_or_the_box_stays_as_it_was(alpha, box):
    seen = chosen(alpha, ("person", 0.9, box))
    whole = Box(*bounds(alpha))
    assert seen.box in (box, box.joined(whole)) and seen.label == "person"
    x0, y0, x1, y1 = map(int, box)
    if not alpha[y0:y1, x0:x1].any():
        assert seen.box == box
    elif (alpha > 0).sum() < 0.85 * whole.area:  # a rectangle is a picture
        assert seen.box == box.joined(whole)


@settings(max_examples=60, deadline=None)
@example(others=[("person", 0.28125, (240, 60, 55, 85))])
@example(others=[("person", 0.3125, (240, 60, 55, 85))])
@example(others=[("person", 0.5, (205, 60, 60, 85))])
@example(others=[("person", 0.5, (190, 60, 60, 85))])
@given(
    others=st.lists(
        st.tuples(
            st.sampled_from(["person", "head", "face"]),
            st.floats(0.0625, 1, width=32),
            st.tuples(st.integers(100, 240), st.integers(50, 150), st.integers(5, 60), st.integers(5, 90)),
        ),
        max_size=4,
    )
)
def test_what_the_gates_take_for_two_figures_is_not_joined_and_nothing_else(others):
    alpha = page()
    cv2.ellipse(alpha, (200, 150), (120, 110), 0, 0, 360, 255, -1)
    boxes = [("person", 0.9, (90, 45, 230, 260))]
    boxes += [(label, score, (x, y, x + width, y + height)) for label, score, (x, y, width, height) in others]
    seen = chosen(alpha, *boxes)
    told = [dict(zip(("label", "score", "x0", "y0", "x1", "y1"), (n, s, *c), strict=True)) for n, s, c in boxes]
    numbers = {"width": 400, "height": 300, "sharpness": 300.0, "brightness": 0.5, "contrast": 0.6, "information": 7.0}
    row = {"record_id": "r", "image_id": "i", "boxes": told, "tag_flags": [], "cut_off": [], **numbers}
    judge = judge_of(pa.Table.from_pylist([row], schema=SINGLE_CHARACTER_IMAGES.arrow))
    gates = load_settings({"profile": "mini"}).gates  # of all profiles the one that asks most of a head
    assert (seen.box == boxes[0][2]) == (judge(gates) == "multiple")
