"""A few frames of a short video, opened by PyAV from bytes with nothing but real containers allowed.

What belongs here: opening and sampling. Not here: what is seen on a frame. A text file may call itself a video and name other
files of the machine (ffconcat, m3u8, SDP); the lists below leave no such door (``docs`` of FFmpeg: format_whitelist).
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from charassets.errors import Rejected
from charassets.sources.video import FORMATS

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
MAX_PIXELS = 3840 * 2160
FRAMES = 12
"""Frames looked at, spread evenly over the whole video."""

_TIMEOUT_S = (5.0, 5.0)  # to open, to read
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
    """Whether the bytes begin as one of the allowed containers does."""
    head = data[:12]
    return (
        head[4:8] == b"ftyp"
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
    import av
    import av.error

    if len(data) > MAX_BYTES:
        raise Rejected("too_many_bytes", f"{len(data)} bytes, at most {MAX_BYTES}")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
    try:
        with av.open(io.BytesIO(data), "r", options=options, timeout=_TIMEOUT_S) as container:
            return _sampled(container, frames)
    except Rejected:
        raise
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError, OSError) as error:
        raise Rejected("undecodable", f"no video that can be read: {str(error)[:120]}") from error


def _sampled(container: "InputContainer", frames: int) -> list[Frame]:
    if not container.streams.video:
        raise Rejected("undecodable", "there is no picture in this file")
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


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) uint8 RGB as a quickly written PNG."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG", compress_level=1)
    return held.getvalue()
