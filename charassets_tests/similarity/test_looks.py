"""Close looks in several threads: the same answers as in one, and few pictures in memory."""

from threading import Barrier, Thread

import numpy as np
import pyarrow as pa
import pytest

from charassets.images.local_features import Described
from charassets.images.preview import encoded
from charassets.similarity import album
from charassets.similarity.album import Album, Latest
from charassets.similarity.answers import IS_DIFFERENT, IS_DUPLICATE, IS_VARIANT, NOT_SEEN
from charassets.similarity.kept_keypoints import KeptKeypoints
from charassets.similarity.looks import Looked, Shelf, close_look
from charassets.similarity.previews import Previews
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import padded, reencoded

MISSING = 9


@pytest.fixture(scope="module")
def previews() -> list[bytes]:
    """Three drawings, each with a padded copy and one in other colours."""
    drawn = [draw_scene(seed, 300, kind="single").pixels for seed in (3, 11, 20)]
    shown = [
        p for one in drawn for p in (one, padded(reencoded(one, 60), 0.1), np.ascontiguousarray(one[..., [1, 2, 0]]))
    ]
    return [encoded(pixels, None) for pixels in shown]


def looked(previews: list[bytes], threads: int, shelf: Shelf | None = None) -> Looked:
    """Answers about all pairs of the previews and of a picture that has none."""

    def load(contents: pa.Array) -> Previews:
        found = Previews(len(contents))
        for place, name in enumerate(contents.to_pylist()):
            if int(name) < len(previews):
                found.add(place, previews[int(name)])
        return found

    n = MISSING + 1
    pairs = np.array([(i, j) for j in range(n) for i in range(j)])
    far = np.full(len(pairs), 64, np.int32)
    return close_look(load, threads, shelf=shelf)(pa.array([str(i) for i in range(n)]), pairs, far, far)


@pytest.mark.parametrize("kept", [2, 300])
def test_any_number_of_threads_gives_the_same_answers_in_the_same_order(previews, kept, monkeypatch):
    monkeypatch.setattr(album, "_SEEN", kept)  # with two, nearly every picture is made ready again for every pair
    one, several = looked(previews, 1), looked(previews, 4)
    np.testing.assert_array_equal(one.answers, several.answers)
    assert one.details.equals(several.details)
    counts = {code: int((one.answers == code).sum()) for code in (NOT_SEEN, IS_DUPLICATE, IS_VARIANT, IS_DIFFERENT)}
    assert counts[NOT_SEEN] == MISSING and counts[IS_DUPLICATE] >= 3 and min(counts.values()) > 0
    assert len(one.details) == counts[IS_DUPLICATE] + counts[IS_VARIANT]


def test_a_preview_that_cannot_be_read_ends_the_looks_with_its_error(previews):
    with pytest.raises(OSError):
        looked([*previews[:4], previews[4][:200], *previews[5:]], 3)


def test_keypoints_are_found_once_although_pixels_are_read_again(previews, monkeypatch):
    found = []
    described = album.described
    monkeypatch.setattr(album, "described", lambda preview: found.append(1) or described(preview))
    monkeypatch.setattr(album, "_SEEN", 2)
    kept = Previews(len(previews))
    for place, preview in enumerate(previews):
        kept.add(place, preview)
    pictures = Album(kept)
    pictures.seen(0)
    assert not found  # nobody asked for them
    first = [(seen, seen.keypoints) for seen in map(pictures.seen, range(len(previews)))]
    again = [(seen, seen.keypoints) for seen in map(pictures.seen, range(len(previews)))]
    assert len(found) == len(previews)
    assert first[0][0] is not again[0][0]
    np.testing.assert_array_equal(first[0][1].descriptors, again[0][1].descriptors)


def test_keypoints_are_kept_for_the_next_run_which_finds_only_those_of_new_pictures(previews, monkeypatch):
    kept: dict[str, bytes] = {}
    shelf = Shelf(
        lambda names: [(i, kept[name]) for i, name in enumerate(names.to_pylist()) if name in kept],
        lambda items: kept.update(items),
    )
    found = []
    described = album.described
    monkeypatch.setattr(album, "described", lambda preview: found.append(1) or described(preview))
    alone = looked(previews, 2)
    assert len(found) == len(previews)
    found.clear()
    looked(previews[:6], 2, shelf)
    assert sorted(kept) == list("012345") and len(found) == 6
    again = looked(previews, 2, shelf)
    assert len(found) == len(kept) == len(previews)
    np.testing.assert_array_equal(alone.answers, again.answers)
    assert alone.details.equals(again.details)


def test_what_several_threads_ask_for_at_once_is_made_once_and_the_oldest_goes():
    latest, made, start = Latest[int](2), [], Barrier(4)

    def ask() -> None:
        start.wait()
        latest.get(7, lambda: made.append(7) or 70)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [7]
    for number in (1, 2, 7):
        assert latest.get(number, lambda number=number: made.append(number) or 10 * number) == 10 * number
    assert made == [7, 1, 2, 7]


@pytest.mark.parametrize("most", [None, 3])
def test_keypoints_come_back_as_they_were_put_and_the_oldest_go(most):
    random = np.random.default_rng(0)
    found = [
        Described(random.random((n, 2), np.float32), random.integers(0, 256, (n, 128), np.uint8))
        for n in (300, 0, 7, 318, 50)
    ]
    kept = KeptKeypoints(len(found), most)
    for place, one in enumerate(found):
        kept.put(place, one)
    back = [kept.get(place) for place in range(len(found))]
    assert [one is None for one in back] == ([False] * 5 if most is None else [True, True, False, False, False])
    for one, again in zip(found, back, strict=True):
        if again is not None:
            np.testing.assert_array_equal(again.points, one.points)
            np.testing.assert_array_equal(again.histograms, one.histograms)


def test_where_the_disk_is_full_nothing_is_kept_and_nothing_fails(monkeypatch):
    kept = KeptKeypoints(2)
    one = Described(np.ones((4, 2), np.float32), np.ones((4, 128), np.uint8))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        kept.put(0, one)
    kept.put(1, one)
    assert kept.get(0) is None and kept.get(1) is None
