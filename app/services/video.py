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
from charassets.sources.video import opened, png

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
MAX_PIXELS = 3840 * 2160
FRAMES = 12
"""Frames looked at, spread evenly over the whole video."""

_PICTURE_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"hevc", b"heim")
_TRIES = 240  # frames decoded at most behind a key frame while looking for one of the wanted times


@dataclass(frozen=True)
class Frame:
    """A picture of a video.

    Attributes:
        time_s: its time in seconds.
        pixels: (height, width, 3) uint8 RGB.
    """

    time_s: float
    pixels: NDArray[np.uint8]


def is_video(data: bytes) -> bool:
    """Whether the bytes begin as one of the allowed containers does; AVIF and HEIC pictures share theirs with MP4."""
    head = data[:12]
    return (
        (head[4:8] == b"ftyp" and head[8:12] not in _PICTURE_BRANDS)
        or head[:4] == b"\x1a\x45\xdf\xa3"
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (data[:1] == b"\x47" and data[188:189] == b"\x47")
    )


def pictures(data: bytes) -> list[tuple[float, bytes]]:
    """Frames as PNG files, with their times in seconds, for what takes pictures only.

    Raises:
        Rejected: as ``sample`` does.
    """
    return [(frame.time_s, png(frame.pixels)) for frame in sample(data)]


def sample(data: bytes, frames: int = FRAMES) -> list[Frame]:
    """Frames spread over a video.

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
    wanted = [seconds * (k + 0.5) / frames for k in range(frames)] if seconds else [0.0]
    found: list[Frame] = []
    for time_s in wanted:
        frame = _at(container, time_s)
        if frame is not None and (not found or frame.time_s > found[-1].time_s):
            found.append(frame)
    if not found:
        raise Rejected("undecodable", "no frame can be decoded")
    return found


def _at(container: "InputContainer", time_s: float) -> Frame | None:
    """The first frame at or after a time; the last one where there is none."""
    container.seek(int(time_s * 1e6), backward=True)
    last = None
    for number, frame in enumerate(container.decode(video=0)):
        last = frame
        if (frame.time or 0.0) >= time_s or number >= _TRIES:
            break
    return (
        None if last is None else Frame(float(last.time or 0.0), np.asarray(last.to_ndarray(format="rgb24"), np.uint8))
    )
