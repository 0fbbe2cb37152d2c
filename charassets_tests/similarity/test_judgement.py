"""Three answers about drawn pictures, through the door that the pipeline uses."""

import numpy as np
import pytest
from numpy.typing import NDArray

from charassets.images.phash import hamming, phash, thumbnail
from charassets.images.preview import decoded, encoded
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT, Judgement, Seen, judge
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import blurred, brightened, padded, reencoded, resized

Pixels = NDArray[np.uint8]
Alpha = NDArray[np.uint8] | None


def answer(one: Pixels, other: Pixels, alphas: tuple[Alpha, Alpha] = (None, None)) -> Judgement:
    hashes = [phash(np.stack([t, t[:, ::-1]])) for t in (thumbnail(one), thumbnail(other))]
    bits, mirrored = int(hamming(hashes[0][0], hashes[1][0])), int(hamming(hashes[0][0], hashes[1][1]))
    left, right = (Seen(decoded(encoded(p, a))) for p, a in zip((one, other), alphas, strict=True))
    return judge(left, right, bits, mirrored)


@pytest.fixture(scope="module", params=[3, 11])
def picture(request: pytest.FixtureRequest) -> Pixels:
    return draw_scene(request.param, 400, kind="single").pixels


@pytest.mark.parametrize(
    "change",
    [
        lambda p: reencoded(p, 40),
        lambda p: resized(p, 0.6),
        lambda p: np.ascontiguousarray(p[20:380, 20:380]),
        lambda p: padded(p, 0.1),
        lambda p: brightened(p, 1.15),
        lambda p: blurred(p, 1.0),
    ],
    ids=["jpeg", "resize", "crop", "pad", "bright", "blur"],
)
def test_a_copy_is_a_duplicate(picture, change):
    assert answer(change(picture), picture).answer == DUPLICATE


def test_a_mirror_image_is_a_duplicate_and_said_to_be_one(picture):
    found = answer(np.ascontiguousarray(picture[:, ::-1]), picture)
    assert (found.answer, found.mirrored) == (DUPLICATE, True)


def test_a_crop_is_said_to_be_one_and_its_place_is_found(picture):
    found = answer(np.ascontiguousarray(picture[40:360, 20:340]), picture)
    assert found.cropped == "left" and found.agreement is not None
    assert found.agreement.box == pytest.approx((0.05, 0.1, 0.85, 0.9), abs=0.02)


def test_other_colours_or_a_spot_of_another_drawing_make_a_variant():
    picture = draw_scene(3, 400, kind="single").pixels
    recoloured = np.ascontiguousarray(picture[..., [1, 2, 0]])
    assert answer(recoloured, picture).answer == VARIANT
    scribbled = picture.copy()
    scribbled[180:210, 180:230] = 255 - scribbled[180:210, 180:230]
    assert answer(scribbled, picture).answer == VARIANT


def test_drawings_of_other_people_are_different():
    pictures = [draw_scene(seed, 300, kind="single").pixels for seed in range(20, 26)]
    assert {answer(a, b).answer for i, a in enumerate(pictures) for b in pictures[:i]} == {DIFFERENT}


def on(ground: int, figure: Pixels, alpha: Pixels) -> Pixels:
    """A cut-out laid on a grey ground."""
    weight = alpha[..., None].astype(np.float32) / 255
    return np.asarray(figure * weight + ground * (1 - weight) + 0.5, np.uint8)


@pytest.fixture(scope="module")
def cut_out() -> tuple[Pixels, Pixels]:
    """A figure (400, 400, 3) and its alpha: a disc of a drawing."""
    y, x = np.mgrid[:400, :400]
    alpha = np.where((y - 200) ** 2 + (x - 200) ** 2 < 150**2, 255, 0).astype(np.uint8)
    return draw_scene(3, 400, kind="single").pixels, alpha


def test_gauze_that_white_hides_makes_a_variant(cut_out):
    figure, alpha = cut_out
    winged, veil = on(255, figure, alpha), alpha.copy()
    veil[20:120, 20:120] = np.maximum(veil[20:120, 20:120], 110)
    plain = answer(winged, winged, (alpha, alpha))
    assert plain.answer == DUPLICATE
    found = answer(winged, winged, (alpha, veil))
    assert found.agreement is not None and found.agreement.veiled > 0.05
    assert found.answer == VARIANT


def test_smoke_shows_the_ground_behind_it_and_is_still_the_same(cut_out):
    figure, alpha = cut_out
    smoky = alpha.copy()
    smoky[240:330, 230:320] = 120  # within the figure: half of the ground is seen through it
    for ground in (0, 120, 255):
        assert answer(on(ground, figure, smoky), figure, (None, smoky)).answer == DUPLICATE


def test_a_white_page_stays_white_when_a_picture_is_brightened(cut_out):
    figure, alpha = cut_out
    holed = alpha.copy()
    holed[180:220, 180:220] = 0  # a gap that no path joins with the page: on white it counts as drawn
    page = np.clip(on(255, figure * 0.8, holed) * 1.25, 0, 255).astype(np.uint8)
    found = answer(page, np.asarray(figure * 0.8, np.uint8), (None, holed))
    assert found.answer == DUPLICATE
