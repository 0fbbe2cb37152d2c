"""Frames of an uploaded video: of every scene, and what each stands for."""

import pytest

from app.services import video
from charassets_tests.film import Scene, film


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three scenes of three, one and two seconds."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return film(path, [Scene(11, 3, 1), Scene(22, 1, 2), Scene(33, 2, 3)]).read_bytes()


@pytest.mark.parametrize("frames", [3, 5, 16])
def test_every_scene_has_a_frame_and_the_parts_cover_the_video(clip, frames):
    found = video.sample(clip, frames)
    assert len(found) == frames
    assert [frame.part.scene for frame in found] == sorted(frame.part.scene for frame in found)
    assert {frame.part.scene for frame in found} == {0, 1, 2}
    assert found[0].part.begins == 0 and found[-1].part.ends == found[0].part.whole == pytest.approx(6, abs=0.01)
    for one, after in zip(found, found[1:], strict=False):
        assert one.part.ends == pytest.approx(after.part.begins)
    for frame in found:
        assert frame.part.begins <= frame.time_s <= frame.part.ends


def test_with_fewer_frames_than_scenes_some_scenes_have_none(clip):
    assert len({frame.part.scene for frame in video.sample(clip, 2)}) == 2


def test_a_long_video_is_not_searched_for_scenes(clip, monkeypatch):
    monkeypatch.setattr(video, "SCENES_S", 1.0)
    monkeypatch.setattr(video, "scenes", None)  # calling it would fail
    found = video.sample(clip, 6)
    assert [frame.part.scene for frame in found] == [0, 1, 2, 3, 4, 5]
    assert [round(frame.part.ends - frame.part.begins, 3) for frame in found] == [1.0] * 6


def test_a_second_gives_few_frames_however_many_are_asked_for(clip):
    assert 20 < len(video.sample(clip, 100)) <= 6 * video.FRAMES_A_SECOND
