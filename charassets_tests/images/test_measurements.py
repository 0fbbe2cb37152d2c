"""Measurements mean what their names say, whatever the size and the transparency of the picture."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.images.decode import Decoded, Header
from charassets.images.normalise import normalised
from charassets.images.phash import hamming, phash, thumbnail
from charassets.images.quality import measure
from charassets.settings import ImageSettings


def decoded(pixels, alpha=None):
    height, width = pixels.shape[:2]
    return Decoded(pixels, alpha, Header("PNG", width, height, "RGB", alpha is not None, 1))


def painting(seed=0, width=320, height=400):
    """Soft shapes of many colours, as different from one seed to the next as two paintings."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (8, 6, 3), dtype=np.uint8)
    page = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(page, (x, y), int(rng.integers(8, 60)), tuple(int(c) for c in rng.integers(0, 256, 3)), -1)
    return page


def test_blur_lowers_sharpness_and_size_does_not_change_its_meaning():
    sharp = painting(1, 1280, 1600)
    assert measure(decoded(cv2.GaussianBlur(sharp, (0, 0), 6))).sharpness < measure(decoded(sharp)).sharpness / 5
    half = cv2.resize(sharp, (640, 800), interpolation=cv2.INTER_AREA)
    assert 0.5 < measure(decoded(half)).sharpness / measure(decoded(sharp)).sharpness < 2


def test_an_empty_page_has_no_information_no_contrast_and_no_sharpness():
    empty = measure(decoded(np.full((100, 100, 3), 255, np.uint8)))
    assert (empty.sharpness, empty.brightness, empty.contrast, empty.information) == (0, 1, 0, 0)


def test_what_transparency_hides_is_not_measured():
    figure = painting(2)
    alpha = np.zeros(figure.shape[:2], np.uint8)
    cv2.circle(alpha, (160, 200), 120, 255, -1)
    hidden = figure.copy()
    hidden[alpha == 0] = (0, 255, 0)
    shown = np.where(alpha[:, :, None] > 0, figure, np.uint8(255))
    one, other = measure(decoded(hidden, alpha)), measure(decoded(shown, alpha))
    assert one.brightness == other.brightness and one.information == other.information
    assert abs(one.sharpness - other.sharpness) < 1e-3
    assert abs((one.alpha_coverage or 0) - np.pi * 120**2 / (320 * 400)) < 0.01


def test_regions_of_a_cutout_are_counted_without_crumbs():
    alpha = np.zeros((400, 400), np.uint8)
    cv2.rectangle(alpha, (20, 50), (150, 380), 255, -1)
    pixels = painting(3, 400, 400)
    assert measure(decoded(pixels, alpha)).alpha_components == 1
    cv2.circle(alpha, (380, 20), 6, 255, -1)
    assert measure(decoded(pixels, alpha)).alpha_components == 1
    cv2.rectangle(alpha, (250, 60), (370, 370), 255, -1)
    assert measure(decoded(pixels, alpha)).alpha_components == 2


def test_a_fully_transparent_picture_is_measured_as_nothing():
    nothing = measure(decoded(painting(), np.zeros((400, 320), np.uint8)))
    assert nothing.alpha_coverage == 0 and nothing.alpha_components == 0 and nothing.information == 0


def test_copies_hash_alike_and_other_pictures_do_not():
    original = painting(5)
    _, jpeg = cv2.imencode(".jpg", original, [cv2.IMWRITE_JPEG_QUALITY, 40])
    copies = [
        cv2.imdecode(jpeg, cv2.IMREAD_COLOR),
        cv2.resize(original, (200, 250), interpolation=cv2.INTER_AREA),
        np.clip(original.astype(int) + 25, 0, 255).astype(np.uint8),
    ]
    hashes = phash(np.stack([thumbnail(p) for p in [original, *copies, *(painting(s) for s in range(20, 30))]]))
    assert hamming(hashes[0], hashes[1:4]).max() <= 6
    assert hamming(hashes[0], hashes[4:]).min() >= 16


def test_flat_pictures_share_one_hash():
    flat = [np.full((32, 32), value, np.uint8) for value in (0, 3, 128, 255)]
    assert len(set(phash(np.stack(flat)).tolist()) - {0}) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=3))
def test_hamming_is_a_distance(values):
    a, b, c = (np.uint64(v) for v in [*values, values[0]][:3])
    assert hamming(a, a) == 0 and hamming(a, b) == hamming(b, a)
    assert int(hamming(a, c)) <= int(hamming(a, b)) + int(hamming(b, c))


def test_nothing_is_normalised_unless_asked_for():
    picture = decoded(painting())
    assert normalised(picture, ImageSettings()) is picture.pixels


def test_white_balance_takes_a_colour_cast_off():
    cast = (painting(7) * np.array([1.0, 0.8, 0.55])).astype(np.uint8)
    balanced = normalised(decoded(cast), ImageSettings(white_balance=True)).reshape(-1, 3).mean(axis=0)
    assert np.ptp(balanced) < np.ptp(cast.reshape(-1, 3).mean(axis=0)) / 4


def test_contrast_is_stretched_over_the_range_without_turning_hues():
    dull = (painting(8) // 4 + 90).astype(np.uint8)
    vivid = normalised(decoded(dull), ImageSettings(stretch_contrast=True))
    assert np.ptp(vivid) > 2.5 * np.ptp(dull)
    middle = dull[..., 0] > dull[..., 1]
    assert (vivid[..., 0][middle] >= vivid[..., 1][middle]).all()


def test_a_masked_background_is_white():
    alpha = np.zeros((400, 320), np.uint8)
    alpha[100:300, 80:240] = 255
    masked = normalised(decoded(painting(9), alpha), ImageSettings(mask_background=True))
    assert (masked[:90] == 255).all() and (masked[100:300, 80:240] == painting(9)[100:300, 80:240]).all()
