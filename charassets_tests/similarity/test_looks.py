"""Close looks in several threads: the same answers as in one, and few pictures in memory."""

from threading import Barrier, Thread

import numpy as np
import pyarrow as pa
import pytest

from charassets.images.local_features import keypoints
from charassets.images.preview import encoded
from charassets.similarity import album, judgement
from charassets.similarity.album import Album, Latest
from charassets.similarity.answers import IS_DIFFERENT, IS_DUPLICATE, IS_VARIANT, NOT_SEEN
from charassets.similarity.looks import Looked, close_look
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


def looked(previews: list[bytes], threads: int) -> Looked:
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
    return close_look(load, threads)(pa.array([str(i) for i in range(n)]), pairs, far, far)


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


def test_keypoints_are_found_once_and_only_if_somebody_asks(previews, monkeypatch):
    found = []
    monkeypatch.setattr(judgement, "keypoints", lambda grey: found.append(grey.shape) or keypoints(grey))
    kept = Previews(len(previews))
    for place, preview in enumerate(previews):
        kept.add(place, preview)
    pictures = Album(kept)
    seen = pictures.seen(0)
    assert not found
    assert seen.keypoints is seen.keypoints and seen.turned is pictures.seen(0).turned and len(found) == 2


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
