"""Signatures rule pairs out before anybody looks closely; copies are never among those."""

import numpy as np
import pyarrow as pa
import pytest

from charassets.images.local_features import signatures
from charassets.images.preview import decoded, encoded
from charassets.similarity import first_look, look_crew
from charassets.similarity.corners import LoadCorners
from charassets.similarity.first_look import FirstLook
from charassets.similarity.looked import IS_DIFFERENT, NOT_SEEN
from charassets.similarity.looks import close_look
from charassets.similarity.previews import Previews
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import padded, reencoded, resized

SEEDS = (3, 11, 20, 21, 22, 23)


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    drawn = {f"p{seed}": draw_scene(seed, 400, kind="single").pixels for seed in SEEDS}
    first = drawn["p3"]
    copies = {
        "crop": np.ascontiguousarray(first[40:360, 60:390]),
        "flip": np.ascontiguousarray(first[:, ::-1]),
        "jpeg": reencoded(resized(first, 0.7), 40),
        "pad": padded(first, 0.2),
    }
    return {**drawn, **copies, "blank": np.full((300, 300, 3), 200, np.uint8)}


@pytest.fixture(scope="module")
def signed(pictures) -> LoadCorners:
    stored = {name: signatures(decoded(encoded(pixels, None))) for name, pixels in pictures.items()}

    def load(contents: pa.Array) -> tuple[Previews, ...]:
        sides = tuple(Previews(len(contents)) for _ in range(4))
        for place, name in enumerate(contents.to_pylist()):
            corners = stored.get(name, ())
            data = [corner.signatures for corner in corners] + [corner.places for corner in corners]
            for side, value in zip(sides, data, strict=False):
                side.add(place, value)
        return sides

    return load


def ruled_out(signed: LoadCorners, left: str, *rights: str) -> list[bool]:
    pairs = np.stack([np.zeros(len(rights), np.int64), np.arange(1, len(rights) + 1)], axis=1)
    return FirstLook(signed(pa.array([left, *rights]))).glance(pairs).unlike.tolist()


def test_copies_are_left_to_the_close_look(signed):
    assert ruled_out(signed, "p3", "crop", "flip", "jpeg", "pad", "p3") == [False] * 5


def test_most_other_pictures_are_ruled_out(signed):
    names = [f"p{seed}" for seed in SEEDS]
    out = [ruled_out(signed, name, *(other for other in names if other != name)) for name in names]
    assert np.mean(out) > 0.8


def test_a_picture_with_many_others_is_compared_with_them_by_and_by(signed, monkeypatch):
    names = [f"p{seed}" for seed in SEEDS[1:]] + ["crop", "flip", "blank"]
    whole = ruled_out(signed, "p3", *names)
    monkeypatch.setattr(first_look, "AT_ONCE", 3)
    assert ruled_out(signed, "p3", *names) == whole


def test_a_picture_without_corners_rules_nothing_out(signed):
    assert ruled_out(signed, "blank", "p3") == ruled_out(signed, "p3", "blank") == [False]
    assert ruled_out(signed, "p3", "nobody has its signatures") == [False]


@pytest.mark.parametrize("processes", [1, 2])
def test_pairs_with_close_hashes_are_looked_at_whatever_their_corners(signed, processes, monkeypatch):
    monkeypatch.setattr(look_crew, "GLANCES_OF_A_PROCESS", 1)
    contents = pa.array(["p20", "p21", "p3"])
    pairs = np.array([[0, 2], [1, 2]])
    assert ruled_out(signed, "p3", "p20", "p21") == [True, True]
    look = close_look(lambda names: Previews(len(names)), processes, corners=signed)  # nobody has a preview
    found = look(contents, pairs, np.array([40, 12], np.int32), np.array([30, 30], np.int32))
    assert found.answers.tolist() == [IS_DIFFERENT, NOT_SEEN]


def test_a_picture_that_is_in_many_pairs_is_seen_as_in_each_alone(signed, pictures):
    names = list(pictures)
    whole = np.array([[i, j] for i in range(len(names)) for j in range(len(names)) if i != j])
    look = FirstLook(signed(pa.array(names)))
    together = look.glance(whole)
    for row in range(len(whole)):
        for name, values in vars(look.glance(whole[row : row + 1])).items():
            assert values.tolist() == vars(together)[name][row : row + 1].tolist(), name
