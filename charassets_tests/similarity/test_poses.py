"""How pictures lie on each other by their corners, against how they were cut, turned and scaled; and rough looks at them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from charassets.images.local_features import SIGNATURE_BYTES, Keypoints, signatures
from charassets.images.preview import Preview, decoded, encoded
from charassets.similarity.agreement import compare
from charassets.similarity.alignment import Alignment, assumed, settled
from charassets.similarity.corners import MIRRORED, STRAIGHT, CornersOf
from charassets.similarity.first_look import FirstLook, Glance
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT, Judgement, Seen, judge
from charassets.similarity.poses import Pose
from charassets.similarity.previews import Previews
from charassets.similarity.rough_look import SIDE, Over, Small
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import reencoded, resized

SIZE = 400
Pixels = NDArray[np.uint8]


def preview(pixels: Pixels) -> Preview:
    return decoded(encoded(np.ascontiguousarray(pixels), None))


def looked(one: Preview, other: Preview) -> tuple[FirstLook, Glance]:
    """The first look at a pair."""

    def load(contents: pa.Array) -> tuple[Previews, ...]:
        sides = tuple(Previews(len(contents)) for _ in range(4))
        for place, picture in enumerate((one, other)):
            corners = signatures(picture)
            for side, value in zip(sides, [c.signatures for c in corners] + [c.places for c in corners], strict=True):
                side.add(place, value)
        return sides

    look = FirstLook(load(pa.array(["one", "other"])))
    return look, look.glance(np.array([[0, 1]]))


def posed(one: Preview, other: Preview) -> Pose:
    look, seen = looked(one, other)
    pose = look.pose(np.array([0, 1]), seen, 0)
    assert pose is not None
    return pose


@pytest.fixture(scope="module")
def drawing() -> Pixels:
    return draw_scene(3, SIZE, kind="single").pixels


CHANGES = {
    "cut": (lambda p: p[60:360, 40:340], ((40, 60), (340, 360))),
    "half": (lambda p: resized(p, 0.5), ((0, 0), (SIZE, SIZE))),
    "mirrored": (lambda p: p[:, ::-1], ((SIZE, 0), (0, SIZE))),
    "cut and mirrored": (lambda p: p[20:380, 20:380][:, ::-1], ((380, 20), (20, 380))),
    "turned": (lambda p: np.rot90(p), ((SIZE, 0), (0, SIZE))),
}


def place(alignment: Alignment, size: tuple[int, int], onto: tuple[int, int]) -> NDArray[np.float64]:
    """Where the first and the last pixel's outer corners come to lie, as fractions of the other picture."""
    height, width = size
    corners = np.array([[-0.5, -0.5, 1], [width - 0.5, height - 0.5, 1]])
    if alignment.mirrored:
        corners[:, 0] = width - 1 - corners[:, 0]
    return (corners @ alignment.matrix.T + 0.5) / np.array(onto[::-1])


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_laid_where_it_was_taken_from(drawing, change):
    made, wanted = CHANGES[change]
    one, other = preview(made(drawing)), preview(drawing)
    pose = posed(one, other)
    size, onto = one.pixels.shape[:2], other.pixels.shape[:2]
    assert pose.agree >= 12
    assert pose.mirrored == ("mirrored" in change)
    assert place(pose.alignment(size, onto), size, onto) == pytest.approx(np.array(wanted) / SIZE, abs=0.006)


def test_pictures_without_corners_have_no_pose(drawing):
    blank = preview(np.full((SIZE, SIZE, 3), 200, np.uint8))
    look, seen = looked(blank, preview(drawing))
    assert look.pose(np.array([0, 1]), seen, 0) is None
    assert not seen.told[0] and not seen.unlike[0]


def test_corners_are_read_as_codes_and_places_and_filled_up(drawing):
    picture = preview(drawing)
    look, _ = looked(picture, picture)
    (straight, mirrored) = signatures(picture)
    for side, corners in ((STRAIGHT, straight), (MIRRORED, mirrored)):
        found = CornersOf.of(look._corners, np.array([1, 0]), side)  # noqa: SLF001
        n = int(found.counts[0])
        assert 32 < n <= found.at.shape[1]
        assert found.codes[0, :n, :SIGNATURE_BYTES].tobytes() == corners.signatures
        at = np.stack([found.at[0, :n].real, found.at[0, :n].imag], axis=1)
        assert at.astype(np.uint8).tobytes() == corners.places
        assert (
            not found.codes[0, n:].any() and not found.at[0, n:].any() and not found.codes[..., SIGNATURE_BYTES:].any()
        )


def test_a_rough_look_tells_copies_from_strangers(drawing):
    whole = preview(drawing)
    for other in (reencoded(drawing, 30), resized(drawing, 0.4)):
        copy = preview(other)
        straight = assumed(copy.pixels.shape[:2], whole.pixels.shape[:2], mirrored=False)
        over = Over.of(Small.of(copy), Small.of(whole), straight.matrix)
        found = over.look()
        assert over.compared > 0.9 and found.alike > 0.9 and found.shaped > 0.2 and found.odd < 0.01
    strangers = [preview(draw_scene(seed, SIZE, kind="single").pixels) for seed in range(20, 26)]
    across = [
        Over.of(Small.of(one), Small.of(other), np.eye(3)[:2]).look()
        for i, one in enumerate(strangers)
        for other in strangers[:i]
    ]
    assert np.mean([look.alike for look in across]) < 0.2


def test_a_rough_look_measures_the_same_from_both_sides(drawing):
    part, whole = preview(drawing[100:300, 50:350]), preview(drawing)
    pose = posed(part, whole).alignment(part.pixels.shape[:2], whole.pixels.shape[:2])
    there = np.linalg.inv(np.vstack([pose.matrix, [0, 0, 1]]))[:2]
    one, other = Small.of(part), Small.of(whole)
    looks = [Over.of(*sides).look() for sides in ((one, other, pose.matrix), (other, one, there))]
    assert looks[0].alike == looks[1].alike and looks[0].shaped == looks[1].shaped and looks[0].odd == looks[1].odd
    assert max(one.grey.shape) <= SIDE and one.mirrored().mirrored().grey.tolist() == one.grey.tolist()


def test_what_does_not_meet_is_not_compared(drawing):
    small = Small.of(preview(drawing))
    away = np.array([[1.0, 0, 1_000], [0, 1, 0]])
    over = Over.of(small, small, away)
    found = over.look()
    assert (over.compared, found.alike, found.shaped, found.odd) == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("change", ["as it is", "grain", "screentone", "brighter", "less contrast"])
def test_tones_of_copies_are_even_and_those_of_a_repainted_part_are_odd(drawing, change):
    changes = {
        "as it is": lambda p: p,
        "grain": grained,
        "screentone": lambda p: resized(screentoned(p), 0.7),
        "brighter": lambda p: np.clip(p * 1.3, 0, 255).astype(np.uint8),
        "less contrast": lambda p: (p * 0.6 + 60).astype(np.uint8),
    }
    copies = (drawing, scribbled(drawing, 100, 300, 100, 300))
    whole = screentoned(drawing) if change == "screentone" else drawing
    found = []
    for one in copies:
        shown = preview(changes[change](one))
        straight = assumed(shown.pixels.shape[:2], preview(whole).pixels.shape[:2], mirrored=False)
        found.append(Over.of(Small.of(shown), Small.of(preview(whole)), straight.matrix).look().odd)
    assert found[0] < 0.05 and found[1] > 0.15, found


class Unasked(Seen):
    """A picture whose keypoints nobody may ask for."""

    @property
    def keypoints(self) -> Keypoints:
        raise AssertionError("keypoints were sought")

    turned = keypoints


def answer(one: Preview, other: Preview, bits: int = 40) -> Judgement:
    """What corners alone tell."""
    look, seen = looked(one, other)
    return judge(Unasked(one), Unasked(other), bits, 40, look.pose(np.array([0, 1]), seen, 0))


@pytest.mark.parametrize("change", CHANGES)
def test_corners_are_enough_to_tell_a_copy(drawing, change):
    found = answer(preview(CHANGES[change][0](drawing)), preview(drawing))
    assert (found.answer, found.mirrored) == (DUPLICATE, "mirrored" in change)


def scribbled(drawing: Pixels, top: int, bottom: int, left: int, right: int) -> Pixels:
    """The drawing with a box of it inverted."""
    changed = drawing.copy()
    changed[top:bottom, left:right] = 255 - changed[top:bottom, left:right]
    return changed


def test_what_many_corners_lay_is_told_by_its_pixels(drawing):
    whole, spotted, touched = (
        preview(p) for p in (drawing, scribbled(drawing, 180, 210, 180, 230), scribbled(drawing, 180, 200, 180, 210))
    )
    found = judge(Unasked(spotted), Unasked(whole), 40, 40, replace(posed(spotted, whole), agree=30))
    assert found.answer == VARIANT and found.agreement is not None
    pose = replace(posed(touched, whole), agree=30)
    assert judge(Unasked(touched), Unasked(whole), 40, 40, pose).answer == VARIANT


@pytest.mark.parametrize("off", [0.0, 1.0, 1.5])
def test_a_copy_that_corners_lay_a_little_off_is_laid_by_its_pixels(drawing, off):
    part, whole = preview(drawing[40:360, 60:380]), preview(drawing)
    pose = posed(part, whole)
    found = judge(Unasked(part), Unasked(whole), 40, 40, replace(pose, shift=pose.shift + off, agree=30))
    assert found.answer == DUPLICATE and found.alignment is not None
    there = found.alignment.matrix @ [0, 0, 1]
    assert np.abs(there - np.array([60, 40]) * whole.pixels.shape[0] / SIZE).max() < 1.5


def test_pixels_that_lead_far_away_are_not_followed(drawing):
    part, whole = preview(drawing[40:360, 60:380]), preview(drawing)
    there = posed(part, whole).alignment(part.pixels.shape[:2], whole.pixels.shape[:2])
    off = replace(there, matrix=there.matrix + [[0, 0, 2.0], [0, 0, -1.0]])
    found = settled(part, whole, off)
    assert found is not None and np.abs(found.matrix - there.matrix)[:, 2].max() < 0.7
    assert settled(part, whole, replace(there, matrix=there.matrix + [[0, 0, 40.0], [0, 0, 25.0]])) is None


def test_a_skewed_way_of_laying_pictures_ends(drawing):
    skewed = np.array([[1.2, 0.8, 0], [1.0, 1.0, 0]])  # makes the first side longer, and so does the way back
    assert all(np.hypot(*way[:2, 0]) > 1 for way in (skewed, np.linalg.inv(np.vstack([skewed, [0, 0, 1]]))))
    found = compare(preview(drawing), preview(drawing), Alignment(skewed, 30, mirrored=False))
    assert found is None or found.same < 0.9


def test_what_is_repainted_is_told_by_its_tones(drawing):
    one, whole = preview(scribbled(drawing, 100, 300, 100, 300)), preview(drawing)
    found = judge(Unasked(one), Unasked(whole), 40, 40, replace(posed(whole, whole), agree=40))
    assert found.answer == VARIANT and found.agreement is None


def test_what_few_corners_lay_is_told_by_a_rough_look(drawing):
    one, whole = preview(scribbled(drawing, 80, 330, 80, 330)), preview(drawing)
    pose = replace(posed(whole, whole), agree=8)
    found = judge(Unasked(one), Unasked(whole), 40, 40, pose)
    assert found.answer == DIFFERENT and found.agreement is None


def screentoned(pixels: Pixels, pitch: int = 10) -> Pixels:
    """Dots over all that is neither dark nor bright, as manga has them: another cut or size draws them anew."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    grey = pixels.mean(axis=2)
    dots = (grey > 60) & (grey < 190) & (x % pitch < pitch // 2) & (y % pitch < pitch // 2)
    return np.where(dots[..., None], 20, pixels).astype(np.uint8)


def grained(pixels: Pixels) -> Pixels:
    """Noise as of paper or film."""
    noise = np.random.default_rng(0).normal(0, 12, pixels.shape[:2])
    return np.clip(pixels + noise[..., None], 0, 255).astype(np.uint8)


@pytest.mark.parametrize("surface", [screentoned, grained])
def test_a_cut_of_a_picture_with_grain_or_screentone_is_a_copy(surface):
    found = []
    for seed in range(41, 51):
        whole = surface(draw_scene(seed, 768, kind="single").pixels)
        one, other = preview(whole[64:-64, 64:-64]), preview(whole)
        look, seen = looked(one, other)
        pose = look.pose(np.array([0, 1]), seen, 0)
        found.append(judge(Seen(one), Seen(other), 40, 40, pose).answer)
    assert found.count(DUPLICATE) >= 8, found


def test_keypoints_are_asked_where_few_corners_agree_on_a_cut_out_and_its_copy_on_a_ground(drawing):
    y, x = np.mgrid[:SIZE, :SIZE]
    alpha = np.where((y - 200) ** 2 + (x - 200) ** 2 < 150**2, 255, 0).astype(np.uint8)
    on_black = np.where(alpha[..., None] > 0, drawing, 0).astype(np.uint8)
    one, other = decoded(encoded(drawing, alpha)), preview(on_black)
    pose = posed(one, other)
    assert judge(Unasked(one), Unasked(other), 40, 40, pose).answer == DUPLICATE
    other_one = decoded(encoded(scribbled(drawing, 160, 250, 140, 260), alpha))
    with pytest.raises(AssertionError, match="keypoints were sought"):
        judge(Unasked(other_one), Unasked(other), 40, 40, replace(pose, agree=9))


def test_strangers_are_told_without_keypoints():
    pictures = [preview(draw_scene(seed, SIZE, kind="single").pixels) for seed in range(20, 26)]
    for bits in (6, 40):  # with hashes that are close by chance, and far
        answers = [answer(a, b, bits=bits).answer for i, a in enumerate(pictures) for b in pictures[:i]]
        assert set(answers) == {DIFFERENT}
