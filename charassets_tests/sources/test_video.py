import subprocess
import sys

import av
import numpy as np
import pytest

from charassets.errors import Rejected, StorageError
from charassets.lake.workspace import Workspace
from charassets.settings import SourceSettings, load_settings
from charassets.sources import open_source
from charassets.sources.fetch import fetch_one, image_id
from charassets.sources.intake import take_in
from charassets.sources.records import Refused, SourceRecord
from charassets.stages.raw_shards import RawShards
from charassets.stages.runner import run_stage
from charassets.studio.scenes import draw_scene

RATE = 8


def drawn(seed):
    return draw_scene(seed, 160, kind="single").pixels


def film(path, scenes, seconds=2):
    """A film that shows each picture for some seconds; the second half of each is blurred."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=RATE)
        stream.width = stream.height = 160
        stream.pix_fmt = "yuv420p"
        for picture in scenes:
            for k in range(seconds * RATE):
                shown = picture if k < seconds * RATE / 2 else _blurred(picture)
                for packet in stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")):
                    out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def _blurred(picture):
    import cv2

    return np.ascontiguousarray(cv2.GaussianBlur(picture, (0, 0), 2))


def records_of(folder):
    source = open_source(SourceSettings(name="films", path=str(folder)))
    return [record for item in source.list_items() for record in source.read(item)]


@pytest.fixture
def folder(tmp_path):
    film(tmp_path / "episode_07.mp4", [drawn(71), drawn(33), drawn(58)])
    return tmp_path


def test_a_film_gives_its_scenes_with_time_and_number(folder):
    found = records_of(folder)
    assert all(isinstance(record, SourceRecord) for record in found)
    assert {record.words.scene for record in found} == {0, 1, 2}
    assert {record.words.episode for record in found} == {"episode_07"}
    times = [record.words.time_s for record in found]
    assert times == sorted(times) and 3 <= len(found) <= 6


def test_the_sharper_frames_are_kept(folder):
    for record in records_of(folder):
        assert record.words.time_s % 2 < 1  # the second half of every scene is blurred


def test_a_picture_that_stands_still_is_kept_once(tmp_path):
    film(tmp_path / "still.mp4", [drawn(71)] * 5)
    assert len(records_of(tmp_path)) == 1


def test_a_frame_is_fetched_again_byte_by_byte(folder):
    for record in records_of(folder):
        row = {"kind": "video", "uri": record.place.uri, "row": record.place.row, "image_id": image_id(record.data)}
        assert fetch_one({**row, "member": None, "offset": None, "length": record.place.length}) == record.data
    with pytest.raises(Rejected):
        fetch_one({**row, "row": 10**9, "length": 0})


@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile secret.mp4\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        b"",
        b"\0" * 4096,
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\xff" * 2000,
    ],
)
def test_a_hostile_video_is_refused_in_one_line(tmp_path, content):
    film(tmp_path / "secret.mp4", [drawn(71)])
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "secret.mp4").write_bytes((tmp_path / "secret.mp4").read_bytes())
    (tmp_path / "inner" / "evil.mp4").write_bytes(content)
    refused = [r for r in records_of(tmp_path / "inner") if "evil" in (r.locator)]
    assert len(refused) == 1 and isinstance(refused[0], Refused)
    assert refused[0].detail and "\n" not in refused[0].detail


def test_a_video_cut_off_in_the_middle_gives_what_came_before_or_one_refusal(folder):
    whole = (folder / "episode_07.mp4").read_bytes()
    (folder / "episode_07.mp4").write_bytes(whole[: len(whole) // 2])
    assert sum(isinstance(record, Refused) for record in records_of(folder)) <= 1
    assert records_of(folder)


def test_an_interrupted_video_leaves_no_partial_shard(folder, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    settings = load_settings({"workspace": str(work), "sources": [{"name": "films", "path": str(folder)}]})
    lake = Workspace.of(settings).open_lake()
    shard = take_in(settings, lake).change.shards[0]
    stage = RawShards(settings)
    genuine = stage.process

    def broken(batches):
        yield from genuine(batches)
        raise StorageError("the disk went away")

    stage.process = broken
    with pytest.raises(StorageError):
        run_stage(stage, shard, lake)
    assert lake.fragment("raw_shards", shard) is None
    done = run_stage(RawShards(settings), shard, lake)
    assert done.manifest.counts["row"] >= 3
    rows = lake.fragment("raw_shards", shard).read(["episode", "scene", "time_s", "kind"]).to_pylist()
    assert {row["kind"] for row in rows} == {"video"} and {row["scene"] for row in rows} == {0, 1, 2}


_SLOW = """
import sys, time
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.sources import video
from charassets.stages.raw_shards import RawShards
from charassets.stages.runner import run_stage

genuine = video.shots

def slow(container):
    for number, shot in enumerate(genuine(container)):
        yield shot
        print(number, flush=True)
        if number == 1:
            time.sleep(120)  # here it is killed

video.shots = slow
settings = load_settings({"workspace": sys.argv[1], "sources": [{"name": "films", "path": sys.argv[2]}]})
run_stage(RawShards(settings), sys.argv[3], Workspace.of(settings).open_lake())
"""


def test_a_run_killed_in_the_middle_of_a_video_leaves_no_partial_shard(folder, tmp_path_factory):
    work = tmp_path_factory.mktemp("killed")
    settings = load_settings({"workspace": str(work), "sources": [{"name": "films", "path": str(folder)}]})
    lake = Workspace.of(settings).open_lake()
    shard = take_in(settings, lake).change.shards[0]
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW, str(work), str(folder), shard], stdout=subprocess.PIPE, text=True
    ) as process:
        assert [process.stdout.readline().strip() for _ in range(2)] == ["0", "1"]
        process.kill()
    assert lake.fragment("raw_shards", shard) is None
    assert not list((work / "lake" / "raw_shards").rglob("*.parquet"))
    assert run_stage(RawShards(settings), shard, lake).manifest.counts["row"] >= 3
