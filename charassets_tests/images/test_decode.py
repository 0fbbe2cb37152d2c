"""The decoder answers every input with a picture as a person sees it, or with a rejection."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from charassets.errors import Rejected
from charassets.images.decode import Decoded, decode, probe
from charassets.schema import REJECTION_CODES
from charassets.settings import ImageSettings

LIMITS = ImageSettings()

# pytest switches the module's own filters off; Pillow warns of the very damage that is being tested.
pytestmark = pytest.mark.filterwarnings("ignore")


# How a camera that writes this orientation has turned the pixels: the inverse of what a viewer does.
STORED_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def picture(width=60, height=40, mode="RGB"):
    """Red upper left corner on blue: asymmetric, so that a turn shows."""
    image = Image.new("RGB", (width, height), (20, 40, 220))
    ImageDraw.Draw(image).rectangle((0, 0, width // 3, height // 3), fill=(220, 30, 20))
    return image.convert(mode)


def encoded(image, fmt, **options):
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def exif_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "TIFF"])
def test_every_allowed_format_becomes_the_same_array(fmt):
    decoded = decode(encoded(picture(), fmt), LIMITS)
    assert decoded.pixels.shape == (40, 60, 3) and decoded.pixels.dtype == np.uint8
    assert np.abs(decoded.pixels.astype(int) - np.asarray(picture()).astype(int)).mean() < 8
    assert decoded.header.format == fmt


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_the_header_knows_it(fmt, orientation):
    upright = picture()
    stored = upright if orientation == 1 else upright.transpose(STORED_TURN[orientation])
    data = encoded(stored, fmt, exif=exif_orientation(orientation))
    decoded = decode(data, LIMITS)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(upright).astype(int)).mean() < 12
    header = probe(data, LIMITS)
    assert (header.width, header.height) == (60, 40)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 64 * 32).reshape(32, 64).astype(np.uint16)
    decoded = decode(encoded(Image.fromarray(ramp), "PNG"), LIMITS)
    assert decoded.header.mode.startswith("I;16")
    assert np.abs(decoded.pixels[:, :, 0].astype(int) - (ramp >> 8)).max() <= 1


def test_float_tiff_is_scaled_to_its_range():
    ramp = np.linspace(0, 1, 64 * 32, dtype=np.float32).reshape(32, 64)
    assert 120 < decode(encoded(Image.fromarray(ramp), "TIFF"), LIMITS).pixels.mean() < 135


def test_cmyk_becomes_rgb():
    decoded = decode(encoded(picture(mode="CMYK"), "JPEG"), LIMITS)
    assert decoded.header.mode == "CMYK"
    assert decoded.pixels[30, 50, 2] > decoded.pixels[30, 50, 0]


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "GIF", "TIFF"])
def test_hidden_colour_does_not_show_through_transparency(fmt):
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 16, 32))
    decoded = decode(encoded(image, fmt, **({"lossless": True, "exact": True} if fmt == "WEBP" else {})), LIMITS)
    assert decoded.header.has_alpha and decoded.alpha is not None
    assert (decoded.pixels[:, 20:] == 255).all() and (decoded.alpha[:, 20:] == 0).all()
    assert tuple(decoded.pixels[10, 4]) == (0, 0, 255) and decoded.alpha[10, 4] == 255


def test_palette_transparency_counts_as_alpha():
    image = picture(mode="P")
    assert decode(encoded(image, "PNG", transparency=0), LIMITS).alpha is not None
    assert decode(encoded(image, "PNG"), LIMITS).alpha is None


def test_only_the_first_frame_of_an_animation_is_used():
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    for fmt in ("GIF", "WEBP", "PNG"):
        decoded = decode(encoded(frames[0], fmt, save_all=True, append_images=frames[1:]), LIMITS)
        assert decoded.header.n_frames == 3
        assert decoded.pixels[:, :, 0].mean() > 200 and decoded.pixels[:, :, 1].mean() < 40


def test_header_is_read_from_the_bytes_without_decoding_them():
    data = encoded(picture(640, 480), "PNG")
    assert probe(data[: len(data) // 2], LIMITS).width == 640
    with pytest.raises(Rejected, match="undecodable"):
        decode(data[: len(data) // 2], LIMITS)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not_an_image"),
        (encoded(picture(200, 150), "JPEG")[:-400], "undecodable"),
        (encoded(Image.new("1", (13_000, 13_000)), "PNG"), "too_many_pixels"),
        (encoded(Image.new("1", (17_000, 900)), "PNG"), "too_many_pixels"),
        (encoded(Image.new("L", (8, 400)), "PNG"), "too_small"),
        (encoded(Image.new("L", (20, 401)), "PNG"), "extreme_aspect"),
    ],
)
def test_unusable_bytes_are_rejected_with_their_reason(data, code):
    with pytest.raises(Rejected) as rejected:
        decode(data, LIMITS)
    assert rejected.value.code == code and code in REJECTION_CODES


def test_a_file_above_the_byte_limit_is_not_even_opened():
    with pytest.raises(Rejected, match="too_many_bytes"):
        probe(b"\xff" * 2048, ImageSettings(max_bytes=1024))


def profile_with_red_and_green_exchanged():
    """The sRGB profile with its red and green primaries exchanged: a colour space no viewer can ignore."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = data.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "grbS".encode("utf-16-be")).replace(b"sRGB", b"grbS")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_embedded_colour_profile_is_applied(mode):
    red = Image.new(mode, (32, 32), (250, 10, 10, 128)[: len(mode)])
    decoded = decode(encoded(red, "PNG", icc_profile=profile_with_red_and_green_exchanged()), LIMITS)
    assert decoded.pixels[5, 5, 1] > decoded.pixels[5, 5, 0] + 100
    assert decoded.alpha is None if mode == "RGB" else (decoded.alpha == 128).all()


def test_an_srgb_profile_changes_nothing_and_a_broken_one_is_ignored():
    pixels = decode(encoded(picture(), "PNG"), LIMITS).pixels
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    broken = profile_with_red_and_green_exchanged()[:300]
    for profile in (srgb, broken, b"x" * 500):
        assert (decode(encoded(picture(), "PNG", icc_profile=profile), LIMITS).pixels == pixels).all()


SEEDS = [
    encoded(picture(), "JPEG", exif=exif_orientation(6)),
    encoded(picture(), "PNG"),
    encoded(picture(mode="RGBA"), "WEBP"),
    encoded(picture(mode="P"), "GIF"),
    encoded(picture(), "BMP"),
    encoded(picture(), "PNG", icc_profile=profile_with_red_and_green_exchanged()),
    encoded(picture(), "AVIF"),
    encoded(picture(), "TIFF", compression="tiff_lzw"),
    encoded(Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40)), "PNG"),
]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    keep=st.floats(0.05, 1.0),
)
def test_damaged_bytes_never_raise_anything_but_a_rejection(seed, edits, keep):
    data = bytearray(seed[: max(1, int(len(seed) * keep))])
    for place, value in edits:
        data[int(place * len(data))] = value
    try:
        decoded = decode(bytes(data), LIMITS)
    except Rejected as rejected:
        assert rejected.code in REJECTION_CODES
    else:
        assert isinstance(decoded, Decoded)
        assert decoded.pixels.shape == (decoded.header.height, decoded.header.width, 3)
