"""Videos as a source of pictures: scenes, the sharpest frame of every stretch, near-identical frames left out.

What belongs here: opening safely, choosing frames, fetching one again. Not here: what is seen on a frame.

A text file may call itself a video and name other files of the machine (ffconcat, m3u8, SDP): containers that hold their own
pictures are let in, and no protocol that could open anything else (FFmpeg's ``format_whitelist`` and ``protocol_whitelist``).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from charassets.errors import Rejected
from charassets.sources import folder, names, storage
from charassets.sources.records import Item, Place, Refused, SourceRecord, Words
from charassets.sources.walk import Found

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts"
"""Containers that hold their own pictures."""

MAX_BYTES = 8 << 30
MAX_SECONDS = 3 * 3600.0
MAX_PIXELS = 4096 * 2304
MAX_FRAMES = 3_000
"""Frames kept of one video at most: about three hours at one a stretch."""

EXPECTED = 500
"""Frames an episode is expected to give when shards are cut: listing does not open it."""

_TIMEOUT_S = (5.0, 30.0)  # to open, to read
_LOOK_S = 0.25  # between frames that are looked at
_STRETCH_S = 2.0  # of a scene, from which one frame is kept
_THUMB = (48, 27)
_CUT = 0.12  # mean difference of two thumbs, 0-1, from which a new scene begins: a moving figure stays below .08
_SAME = 0.012  # mean difference below which a frame shows what the last kept one showed


@dataclass(frozen=True, eq=False)
class Shot:
    """A chosen frame.

    Attributes:
        pts: its presentation time in units of the stream, by which it is found again.
        time_s: the same in seconds.
        scene: number of its scene, from 0.
        pixels: (height, width, 3) uint8 RGB.
    """

    pts: int
    time_s: float
    scene: int
    pixels: NDArray[np.uint8]


@dataclass(eq=False)
class _Stretch:
    """The part of a scene that is being looked at, and its sharpest frame so far."""

    scene: int
    began: float
    thumb: NDArray[np.float32]
    sharpness: float
    shot: Shot


def item(found: Found) -> Item:
    """The item of one video."""
    made = folder.item(found)
    return Item(f"{made.item_key}#video", "video", made.uri, 0, EXPECTED, made.digest)


def read(item: Item) -> Iterator[SourceRecord | Refused]:
    """The records of one video, in order of time; a video that breaks in the middle gives what came before, and says so."""
    words = Words(episode=names.stem(storage.parts(item.uri)[-1]) if storage.parts(item.uri) else None)
    try:
        storage.check_size(_size(item.uri), MAX_BYTES)
        with storage.opened(item.uri) as file, opened(file) as container:
            for shot in shots(container):
                data = png(shot.pixels)
                said = Words(episode=words.episode, scene=shot.scene, frame=shot.pts, time_s=round(shot.time_s, 3))
                place = Place("video", item.uri, length=len(data), row=shot.pts)
                yield SourceRecord(f"{item.path}#{shot.pts:012d}", place, said, data)
    except Rejected as refusal:
        yield Refused(item.item_key, refusal.code, refusal.detail)


def fetch(uri: str, pts: int) -> bytes:
    """One frame again, as PNG.

    Raises:
        Rejected: the video or the frame is not there any more.
    """
    with storage.opened(uri) as file, opened(file) as container, _told():
        stream = container.streams.video[0]
        container.seek(pts, stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts == pts:
                return png(_rgb(frame))
            if frame.pts is not None and frame.pts > pts:
                break
    raise Rejected("missing_file", "the video has no such frame any more")


@contextmanager
def opened(file: IO[bytes]) -> Iterator["InputContainer"]:
    """A video, opened so that it can name no other file.

    Raises:
        Rejected: ``undecodable``, ``too_many_pixels`` or ``too_many_bytes``; nothing else, whatever the bytes.
    """
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
    with _told(), av.open(file, "r", options=options, timeout=_TIMEOUT_S) as container:
        _check(container)
        yield container


def shots(container: "InputContainer") -> Iterator[Shot]:
    """The frames worth keeping: of every scene the sharpest frame a stretch, unless it shows what the one before showed.

    Raises:
        Rejected: ``undecodable`` where no frame, or no further frame, can be decoded.
    """
    stretch: _Stretch | None = None
    kept: NDArray[np.float32] | None = None
    count = 0
    for frame, time_s in _looked_at(container):
        stretch, done = _looked(stretch, frame, time_s)
        if done is not None and (kept is None or _apart(kept, done.thumb) > _SAME):
            kept, count = done.thumb, count + 1
            yield done.shot
            if count == MAX_FRAMES:
                return
    if stretch is None:
        raise Rejected("undecodable", "no frame can be decoded")
    if kept is None or _apart(kept, stretch.thumb) > _SAME:
        yield stretch.shot


def scenes(container: "InputContainer") -> list[float]:
    """The seconds at which scenes begin, 0 first.

    Raises:
        Rejected: ``undecodable``.
    """
    begun, before = [0.0], None
    for frame, time_s in _looked_at(container):
        thumb = _thumb(_rgb(frame))
        if before is not None and _apart(before, thumb) > _CUT:
            begun.append(time_s)
        before = thumb
    return begun


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A frame as a file; the same bytes for the same pixels."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG", compress_level=1)
    return held.getvalue()


def _looked(stretch: _Stretch | None, frame: "VideoFrame", time_s: float) -> tuple[_Stretch, _Stretch | None]:
    """The stretch a frame belongs to, and the one that ended with it."""
    pixels = _rgb(frame)
    thumb = _thumb(pixels)
    sharpness = float(cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())
    cut = stretch is not None and _apart(stretch.thumb, thumb) > _CUT
    scene = 0 if stretch is None else stretch.scene + cut
    if stretch is not None and not cut and time_s - stretch.began < _STRETCH_S:
        if sharpness > stretch.sharpness:
            stretch.shot, stretch.sharpness = Shot(int(frame.pts or 0), time_s, scene, pixels), sharpness
        stretch.thumb = thumb
        return stretch, None
    shot = Shot(int(frame.pts or 0), time_s, scene, pixels)
    return _Stretch(scene, time_s, thumb, sharpness, shot), stretch


def _looked_at(container: "InputContainer") -> Iterator[tuple["VideoFrame", float]]:
    due = 0.0
    with _told():
        for frame in container.decode(video=0):
            time_s = float(frame.time or 0.0)
            if time_s > MAX_SECONDS:
                raise Rejected("too_many_bytes", f"longer than {MAX_SECONDS / 3600:.0f} hours")
            if frame.pts is not None and time_s >= due:
                due = time_s + _LOOK_S
                yield frame, time_s


def _check(container: "InputContainer") -> None:
    if not container.streams.video:
        raise Rejected("undecodable", "there is no picture in this file")
    stream = container.streams.video[0]
    if stream.width * stream.height > MAX_PIXELS:
        raise Rejected("too_many_pixels", f"{stream.width}x{stream.height}, at most {MAX_PIXELS} pixels")
    if float(container.duration or 0) / 1e6 > MAX_SECONDS:
        raise Rejected("too_many_bytes", f"longer than {MAX_SECONDS / 3600:.0f} hours")


@contextmanager
def _told() -> Iterator[None]:
    """Whatever FFmpeg raises as a rejection in one line."""
    import av.error

    try:
        yield
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError, OSError) as error:
        line = " ".join(str(error).split())[:120]
        raise Rejected("undecodable", f"no video that can be read: {line}") from error


def _size(uri: str) -> int:
    found: Any = storage.look(uri)
    if found is None:
        raise Rejected("missing_file", "the video is gone")
    return found.stamp.size if found.stamp else 0


def _thumb(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(pixels, _THUMB, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).mean())


def _rgb(frame: "VideoFrame") -> NDArray[np.uint8]:
    return np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8)
