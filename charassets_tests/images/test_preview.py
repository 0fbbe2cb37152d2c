"""Previews and local features: small, told from their background, and mirrored without being looked at again."""

import numpy as np
import pytest
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES, SIGNATURES, Corners, keypoints, signatures
from charassets.images.preview import SIDE, _on_white, decoded, encoded, of
from charassets.studio.scenes import draw_scene


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """A drawn character, (400, 300, 3)."""
    return draw_scene(3, (300, 400), kind="single").pixels


def test_a_preview_is_small_and_keeps_its_shape(picture):
    assert decoded(encoded(picture, None)).pixels.shape == (SIDE, SIDE * 3 // 4, 3)


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: b"no WebP", lambda d: d[:12], lambda d: d[: len(d) // 2]])
def test_bytes_that_are_no_preview_are_an_os_error(picture, damage):
    with pytest.raises(OSError, match="."):
        decoded(damage(encoded(picture, None)))


def test_a_small_picture_is_not_enlarged():
    assert decoded(encoded(np.zeros((40, 30, 3), np.uint8), None)).pixels.shape == (40, 30, 3)


def test_a_cut_out_lies_on_white_and_its_content_is_what_is_opaque():
    pixels, alpha = np.full((100, 100, 3), 60, np.uint8), np.zeros((100, 100), np.uint8)
    pixels[20:80:7, 30:60] = 200
    alpha[20:80, 30:60] = 255
    preview = decoded(encoded(pixels, alpha))
    assert preview.content.sum() == 60 * 30 and preview.content[20:80, 30:60].all()
    assert (preview.pixels[~preview.content] == 255).all()


def test_what_is_half_transparent_is_laid_on_white_and_rounded():
    values = np.zeros((256, 256, 4), np.uint8)
    values[..., 0], values[..., 3] = np.arange(256)[:, None], np.arange(256)[None]
    colour, alpha = values[..., 0].astype(int), values[..., 3].astype(int)
    blue = (colour * alpha + 255 * (255 - alpha) + 127) // 255
    assert _on_white(values)[..., 2].tolist() == blue.tolist()


@pytest.mark.parametrize("frame", [0, 20], ids=["background", "frame around a background"])
def test_plain_background_is_no_content(frame, rng_pixels):
    page = np.full((120, 120, 3), 210, np.uint8)
    page[40:100, 50:90] = rng_pixels
    framed = np.pad(page, ((frame, frame), (frame, frame), (0, 0)), constant_values=255)
    content = of(framed, None).content
    y, x = 40 + frame, 50 + frame
    assert content[y : y + 60, x : x + 40].mean() > 0.99
    assert content.sum() <= 60 * 40


@pytest.fixture
def rng_pixels() -> NDArray[np.uint8]:
    """Something that is not plain, (60, 40, 3)."""
    return np.random.default_rng(0).integers(0, 180, (60, 40, 3), np.uint8)


def test_a_picture_without_plain_background_is_all_content():
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    assert of(noise, None).content.all()


def test_signatures_of_the_mirror_image_are_kept_beside_the_others(picture):
    straight, mirrored = (corners.signatures for corners in signatures(of(picture, None)))
    flipped, back = (corners.signatures for corners in signatures(of(np.ascontiguousarray(picture[:, ::-1]), None)))
    assert 0 < len(straight) <= SIGNATURES * SIGNATURE_BYTES and len(straight) % SIGNATURE_BYTES == 0

    def rows(data: bytes) -> set[bytes]:
        return {data[i : i + SIGNATURE_BYTES] for i in range(0, len(data), SIGNATURE_BYTES)}

    assert len(rows(mirrored) & rows(flipped)) > 0.8 * len(rows(mirrored))
    assert len(rows(straight) & rows(back)) > 0.8 * len(rows(straight))


def test_corners_are_told_with_their_places(picture):
    found, _ = signatures(of(picture, None))
    _, again = signatures(of(np.ascontiguousarray(picture[:, ::-1]), None))  # the mirror image of the mirror image
    at = []
    for corners in (found, again):
        places = np.frombuffer(corners.places, np.uint8).reshape(-1, 2).astype(int)
        assert len(places) * SIGNATURE_BYTES == len(corners.signatures)
        assert places[:, 1].max() > 96 and (places.max(axis=0) < [144, 192]).all()  # 300 x 400 px, made smaller
        cut = range(0, len(corners.signatures), SIGNATURE_BYTES)
        at.append({corners.signatures[i : i + SIGNATURE_BYTES]: places[i // SIGNATURE_BYTES] for i in cut})
    both = at[0].keys() & at[1].keys()
    assert len(both) > 20 and np.mean([np.abs(at[0][corner] - at[1][corner]).max() <= 1 for corner in both]) > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (1, 224), (300, 2), (40, 224)])
def test_a_picture_that_is_all_border_has_no_keypoints(shape):
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    assert len(keypoints(of(noise, None).grey).points) == 0


def test_a_blank_picture_has_no_features():
    blank = of(np.full((50, 50, 3), 255, np.uint8), None)
    assert signatures(blank) == (Corners(b"", b""), Corners(b"", b"")) and len(keypoints(blank.grey).points) == 0
