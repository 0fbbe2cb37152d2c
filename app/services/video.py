"""A few frames of a short video that somebody uploads.

What belongs here: limits of an upload, and frames spread over it. Not here: opening safely and choosing frames of whole episodes
(``charassets.sources.video``), what is seen on a frame.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from charassets.errors import Rejected
from charassets.sources.video import opened, png, scenes

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
MAX_PIXELS = 3840 * 2160
FRAMES = 16
"""Frames looked at, spread over the whole video."""

FRAMES_A_SECOND = 4
"""Frames of a second looked at, at most: more show the same."""

SCENES_S = 60.0
"""Seconds up to which a video is decoded once to find its scenes; of a longer one every frame looked at is its own scene."""

_PICTURE_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"hevc", b"heim")
_TRIES = 240  # frames decoded at most behind a key frame while looking for one of the wanted times


@dataclass(frozen=True)
class Frame:
    """A picture of a video.

    Attributes:
        time_s: its time in seconds.
        pixels: (height, width, 3) uint8 RGB.
        part: the part of the video it stands for.
    """

    time_s: float
    pixels: NDArray[np.uint8]
    part: "Part"


@dataclass(frozen=True)
class Part:
    """A part of a video, of which one frame is looked at.

    Attributes:
        scene: number of its scene.
        begins, ends: in seconds.
        whole: length of the video in seconds.
    """

    scene: int
    begins: float
    ends: float
    whole: float


def is_video(data: bytes) -> bool:
    """Whether the bytes begin as one of the allowed containers does; AVIF and HEIC pictures share theirs with MP4."""
    head = data[:12]
    return (
        (head[4:8] == b"ftyp" and head[8:12] not in _PICTURE_BRANDS)
        or head[:4] == b"\x1a\x45\xdf\xa3"
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (data[:1] == b"\x47" and data[188:189] == b"\x47")
    )


def pictures(data: bytes) -> list[tuple[Frame, bytes]]:
    """Frames with the PNG file of each, for what takes pictures only.

    Raises:
        Rejected: as ``sample`` does.
    """
    return [(frame, png(frame.pixels)) for frame in sample(data)]


def sample(data: bytes, frames: int = FRAMES) -> list[Frame]:
    """Frames spread over a video: of every scene one, of longer scenes more, as long as there are enough.

    Raises:
        Rejected: ``too_many_bytes``, ``too_many_pixels``, or ``undecodable``; nothing else, whatever the bytes.
    """
    if len(data) > MAX_BYTES:
        raise Rejected("too_many_bytes", f"{len(data)} bytes, at most {MAX_BYTES}")
    with opened(io.BytesIO(data)) as container:
        return _sampled(container, frames)


def _sampled(container: "InputContainer", frames: int) -> list[Frame]:
    stream = container.streams.video[0]
    if stream.width * stream.height > MAX_PIXELS:
        raise Rejected("too_many_pixels", f"{stream.width}x{stream.height}, at most {MAX_PIXELS} pixels")
    seconds = float(container.duration or 0) / 1e6
    if seconds > MAX_SECONDS:
        raise Rejected("too_many_bytes", f"{seconds:.0f} s long, at most {MAX_SECONDS:.0f}")
    found: list[Frame] = []
    for part in _parts(container, seconds, max(1, min(frames, int(seconds * FRAMES_A_SECOND)))):
        frame = _at(container, part)
        if frame is not None and (not found or frame.time_s > found[-1].time_s):
            found.append(frame)
    if not found:
        raise Rejected("undecodable", "no frame can be decoded")
    return found


def _parts(container: "InputContainer", seconds: float, frames: int) -> list[Part]:
    """The parts of a video: those of a scene are equally long, and the longest are divided further."""
    if not seconds:
        return [Part(0, 0.0, 0.0, 0.0)]
    if seconds > SCENES_S:
        return [Part(k, seconds * k / frames, seconds * (k + 1) / frames, seconds) for k in range(frames)]
    begun = [start for start in scenes(container) if start < seconds]
    ends = [*begun[1:], seconds]
    chosen = np.unique(np.linspace(0, len(begun) - 1, min(len(begun), frames)).astype(int)).tolist()
    counts = dict.fromkeys(chosen, 1)
    for _ in range(frames - len(chosen)):
        counts[max(chosen, key=lambda k: (ends[k] - begun[k]) / counts[k])] += 1
    return [
        Part(k, begun[k] + (ends[k] - begun[k]) * i / n, begun[k] + (ends[k] - begun[k]) * (i + 1) / n, seconds)
        for k, n in counts.items()
        for i in range(n)
    ]


def _at(container: "InputContainer", part: Part) -> Frame | None:
    """The first frame from the middle of a part on; the last one where there is none."""
    time_s = (part.begins + part.ends) / 2
    container.seek(int(time_s * 1e6), backward=True)
    last = None
    for number, frame in enumerate(container.decode(video=0)):
        last = frame
        if (frame.time or 0.0) >= time_s or number >= _TRIES:
            break
    if last is None:
        return None
    return Frame(float(last.time or 0.0), np.asarray(last.to_ndarray(format="rgb24"), np.uint8), part)
