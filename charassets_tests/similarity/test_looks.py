"""Close looks in processes: the same answers as in the calling thread, told as they come, and one line where a process dies."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from charassets.errors import CharassetsError
from charassets.images.local_features import keypoints, signatures
from charassets.images.preview import decoded, encoded
from charassets.progress import reported_to
from charassets.similarity import album, judgement, look_crew, looks
from charassets.similarity.album import Album
from charassets.similarity.first_look import FirstLook
from charassets.similarity.look_crew import Crew
from charassets.similarity.looked import IS_DIFFERENT, IS_DUPLICATE, IS_VARIANT, NOT_SEEN, Looked
from charassets.similarity.looker import Asked
from charassets.similarity.looks import close_look
from charassets.similarity.previews import Previews
from charassets.similarity.shown import Shown
from charassets.studio.scenes import draw_scene
from charassets.studio.transforms import padded, reencoded
from charassets_tests.listener import Listener

MISSING = 9
BLANK = 10


@pytest.fixture(scope="module")
def previews() -> list[bytes]:
    """Three drawings, each with a padded copy and one in other colours."""
    drawn = [draw_scene(seed, 300, kind="single").pixels for seed in (3, 11, 20)]
    shown = [
        p for one in drawn for p in (one, padded(reencoded(one, 60), 0.1), np.ascontiguousarray(one[..., [1, 2, 0]]))
    ]
    return [encoded(pixels, None) for pixels in shown]


@pytest.fixture
def many(monkeypatch):
    """Processes for any number of pairs, some pairs each at a time."""
    monkeypatch.setattr(look_crew, "LOOKS_OF_A_PROCESS", 1)
    monkeypatch.setattr(look_crew, "GLANCES_OF_A_PROCESS", 1)
    monkeypatch.setattr(look_crew, "_LOOKS_AT_ONCE", 7)
    monkeypatch.setattr(look_crew, "_GLANCES_AT_ONCE", 11)


def held(values: dict[int, bytes], n: int) -> Previews:
    found = Previews(n)
    for place, value in values.items():
        found.add(place, value)
    return found


def looked(previews: list[bytes], processes: int, *, corners: bool = True, **more: object) -> Looked:
    """Answers about all pairs of the previews, a picture without one and another without corners."""
    n = BLANK + 1
    stored = {i: data for i, data in enumerate(previews)} | {BLANK: encoded(np.full((90, 90, 3), 200, np.uint8), None)}

    def load(contents: pa.Array) -> Previews:
        asked = [int(name) for name in contents.to_pylist()]
        return held({place: stored[i] for place, i in enumerate(asked) if i in stored}, len(asked))

    def signed(contents: pa.Array) -> tuple[Previews, ...]:
        asked = [int(name) for name in contents.to_pylist()]
        sides = {place: signatures(decoded(stored[i])) for place, i in enumerate(asked) if i in stored}
        return tuple(
            held({place: getattr(both[side], part) for place, both in sides.items()}, len(asked))
            for part in ("signatures", "places")
            for side in (0, 1)
        )

    pairs = np.array([(i, j) for j in range(n) for i in range(j)])
    bits = np.where((pairs[:, 0] // 3 == pairs[:, 1] // 3) & (pairs[:, 1] < MISSING), 6, 64).astype(np.int32)
    look = close_look(load, processes, corners=signed if corners else None, **more)
    return look(pa.array([str(i) for i in range(n)]), pairs, bits, np.full(len(pairs), 64, np.int32))


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("kept", [2, 300])
def test_processes_give_the_answers_of_the_calling_thread_in_the_same_order(previews, many, kept, corners, monkeypatch):
    monkeypatch.setattr(album, "_SEEN", kept)  # with two, nearly every picture is made ready again for every pair
    one, several = (looked(previews, processes, corners=corners) for processes in (1, 3))
    np.testing.assert_array_equal(one.answers, several.answers)
    assert one.details.equals(several.details)
    counts = {code: int((one.answers == code).sum()) for code in (NOT_SEEN, IS_DUPLICATE, IS_VARIANT, IS_DIFFERENT)}
    assert counts[NOT_SEEN] == MISSING + 1 and counts[IS_DUPLICATE] >= 3 and min(counts.values()) > 0
    assert len(one.details) == counts[IS_DUPLICATE] + counts[IS_VARIANT]


@pytest.mark.parametrize("processes", [1, 2])
def test_answers_are_told_on_the_way_and_are_those_of_the_end(previews, many, processes, monkeypatch):
    monkeypatch.setattr(looks, "TOLD_EVERY", 10)
    heard, listener = [], Listener()
    with reported_to(listener):
        whole = looked(
            previews, processes, corners=False, tell=lambda contents, pairs, found: heard.append((pairs, found))
        )
    pairs = np.array([(i, j) for j in range(BLANK + 1) for i in range(j)])
    row = {tuple(pair): i for i, pair in enumerate(pairs.tolist())}
    details = whole.details_of_all()
    assert len(heard) >= 2
    for some, found in heard:
        rows = [row[tuple(pair)] for pair in some.tolist()]
        assert rows == sorted(rows) and len(rows) >= 10
        assert found.answers.tolist() == whole.answers[rows].tolist()
        assert found.details_of_all().to_pylist() == details.take(rows).to_pylist()
    told = [tuple(pair) for some, _ in heard for pair in some.tolist()]
    assert len(told) == len(set(told)) < len(pairs)
    seen = int((whole.answers != NOT_SEEN).sum())
    done = [so_far for so_far, of in listener.looked if of == seen]
    assert done == sorted(set(done)) and len(done) == len(listener.looked) > 2 and done[-1] == seen


def test_a_preview_that_cannot_be_read_ends_the_looks_with_its_error(previews, many):
    cut = [*previews[:4], previews[4][:200], *previews[5:]]
    with pytest.raises(OSError, match="preview"):
        looked(cut, 1)
    with pytest.raises(CharassetsError, match="OSError: no preview"):
        looked(cut, 3, corners=False)


def asked_about(previews: list[bytes], times: int) -> tuple[Shown, Asked, np.ndarray]:
    """All pairs of the previews, so many times, and their order."""
    shown = Shown(held(dict(enumerate(previews)), MISSING), None)
    pairs = np.array([(i, j) for j in range(MISSING) for i in range(j)] * times)
    far = np.full(len(pairs), 64, np.int32)
    return shown, Asked(pairs, far, far, None), looks.order_of(pairs, MISSING)


def running(crew: Crew) -> list[int]:
    return [hand.number for hand in crew.hands if Path(f"/proc/{hand.number}").exists()]


def test_processes_end_with_the_crew(previews, many):
    with Crew(2) as crew:
        assert sum(len(found.answers) for _, found in crew.looks(*asked_about(previews, 1), 10)) == 36
        assert len(running(crew)) == 2
    assert not running(crew)


def test_a_process_that_is_killed_ends_the_looks_with_one_line_and_leaves_none_behind(previews, many):
    with Crew(2) as crew:
        found = crew.looks(*asked_about(previews, 40), 10)
        next(found)
        os.kill(crew.hands[0].number, signal.SIGKILL)
        with pytest.raises(CharassetsError, match="-9") as raised:
            list(found)
    assert "memory" in raised.value.todo
    assert not running(crew)


def test_what_was_answered_is_told_when_a_process_dies(previews, many, monkeypatch):
    killed, heard = [], []
    put = looks._Heard.take  # noqa: SLF001

    def taken(self: object, rows: np.ndarray, found: Looked) -> None:
        put(self, rows, found)
        if not killed:
            killed.append(crews[0].hands[0].number)
            os.kill(killed[0], signal.SIGKILL)

    crews = []
    monkeypatch.setattr(looks, "Crew", lambda most: crews.append(Crew(most)) or crews[0])
    monkeypatch.setattr(looks._Heard, "take", taken)  # noqa: SLF001
    with pytest.raises(CharassetsError, match="-9"):
        looked(previews, 2, corners=False, tell=lambda contents, pairs, found: heard.append(found))
    assert len(heard) == 1 and len(heard[0].answers) >= 5 and (heard[0].answers != NOT_SEEN).all()


def test_looks_that_nobody_waits_for_end_at_once(previews, many):
    with pytest.raises(KeyboardInterrupt), Crew(2) as crew:
        found = crew.looks(*asked_about(previews, 400), 10)
        next(found)
        started = time.monotonic()
        found.close()
        took = time.monotonic() - started
        raise KeyboardInterrupt
    assert took < 2  # not the minute that is left to do
    assert not running(crew)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("look")]


def test_a_process_ends_with_the_one_who_started_it(previews):
    script = (
        "import time; from charassets.similarity.look_hand import Hand; hand = Hand(); "
        "print(hand.number, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        time.sleep(1.5)  # it has imported all it needs
        assert Path(f"/proc/{number}").exists()
        parent.kill()
    for _ in range(100):
        if not _works(number):
            return
        time.sleep(0.1)
    pytest.fail("it goes on")


def _works(number: int) -> bool:
    """Whether a process is there and not merely waiting to be collected by a parent that never does."""
    status = Path(f"/proc/{number}/status")
    return status.exists() and "State:\tZ" not in status.read_text(encoding="utf-8")


def test_what_a_process_prints_is_no_answer_and_it_imports_what_this_one_does(previews, many, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "dataclasses.py").write_text("raise RuntimeError('of somebody else')")
    with Crew(2) as crew:
        assert sum(len(found.answers) for _, found in crew.looks(*asked_about(previews, 1), 10)) == 36
        assert len(crew.hands) == 2


def test_where_no_process_can_be_started_a_line_says_so(previews, many, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CharassetsError, match="no process could be started"), Crew(2) as crew:
        next(crew.looks(*asked_about(previews, 1), 10))
    monkeypatch.setattr(sys, "executable", None)
    with Crew(2) as crew:  # an interpreter within another program
        assert sum(len(found.answers) for _, found in crew.looks(*asked_about(previews, 1), 10)) == 36
        assert not crew.hands


def test_keypoints_are_found_once_and_only_if_somebody_asks(previews, monkeypatch):
    found = []
    monkeypatch.setattr(judgement, "keypoints", lambda grey: found.append(grey.shape) or keypoints(grey))
    pictures = Album(held(dict(enumerate(previews)), len(previews)))
    seen = pictures.seen(0)
    assert not found
    assert seen.keypoints is seen.keypoints and seen.turned is pictures.seen(0).turned and len(found) == 2


def test_what_is_sent_to_a_process_arrives_as_it_was(previews):
    corners = [signatures(decoded(data)) for data in previews]
    sides = [
        held({place: getattr(both[side], part) for place, both in enumerate(corners)}, MISSING + 1)
        for part in ("signatures", "places")
        for side in (0, 1)
    ]
    shown = Shown(held(dict(enumerate(previews)), MISSING + 1), sides)
    places = np.array([4, MISSING, 0])
    arrived = Shown.read(shown.table(places))
    assert arrived.previews is not None and arrived.previews.there.tolist() == [True, False, True]
    assert arrived.previews[2] == previews[0]
    pairs = np.array([[0, 2], [2, 0]])
    assert arrived.corners is not None
    asked = Asked(
        pairs, np.array([3, 4], np.int32), np.array([5, 6], np.int32), FirstLook(arrived.corners).glance(pairs)
    )
    again = Asked.read(asked.table())
    for name in ("pairs", "bits", "mirrored_bits"):
        np.testing.assert_array_equal(getattr(again, name), getattr(asked, name))
    for name, values in vars(asked.seen).items():
        np.testing.assert_array_equal(getattr(again.seen, name), values)


def test_pictures_go_with_the_album_that_holds_them(previews):
    pictures = Album(held(dict(enumerate(previews)), len(previews)))
    seen = weakref.ref(pictures.seen(0))
    assert seen() is not None
    gc.disable()
    try:
        del pictures
        assert seen() is None
    finally:
        gc.enable()
