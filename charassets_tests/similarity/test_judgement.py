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


def answer(one: Pixels, other: Pixels) -> Judgement:
    hashes = [phash(np.stack([t, t[:, ::-1]])) for t in (thumbnail(one), thumbnail(other))]
    bits, mirrored = int(hamming(hashes[0][0], hashes[1][0])), int(hamming(hashes[0][0], hashes[1][1]))
    return judge(*(Seen.of(decoded(encoded(p, None))) for p in (one, other)), bits, mirrored)


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
