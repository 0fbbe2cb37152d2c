"""Try it: pictures from a stranger's hand through the stages, and what came out, ready to be shown.

What belongs here: limits, and one answer a picture. Not here: the stages (``charassets.extraction``) and the page.
"""

import base64
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.services import video
from app.services.record import Answer, with_evidence
from charassets.attributes.fusion import DECIDED
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.errors import Rejected
from charassets.extraction import Extraction, extract
from charassets.images.crops import webp
from charassets.images.decode import decode
from charassets.settings import Settings
from charassets.sources.video import png
from charassets.warehouse.reviews import REVIEWED

MOST_PICTURES = 24
_SHOWN_SIDE = 720
_SMALL_SIDE = 140
_QUALITY = 82
_EXAMPLES = ((71, "single"), (19, "single"), (204, "group"), (33, "single"), (58, "single"), (12, "nobody"))
_EXAMPLE_SIDE = 384


@dataclass(frozen=True)
class Given:
    """A picture to look at.

    Attributes:
        name: what to call it.
        data: its bytes.
        time_s: of a frame its time in seconds.
        film: of a frame the number of the file it is of.
        part: of a frame what it stands for.
    """

    name: str
    data: bytes
    time_s: float | None = None
    film: int | None = None
    part: video.Part | None = None


@dataclass(frozen=True)
class Tried:
    """What was found in a picture.

    Attributes:
        given: the picture.
        found: everything the stages say; None for words alone that could not be used.
        picture: the picture as it is shown, a WebP of our own in a ``data:`` address; empty for words alone.
        small: the same, small.
        answers: attributes with evidence.
    """

    given: Given
    found: Extraction
    picture: str
    small: str
    answers: tuple[Answer, ...]


def take(files: Sequence[tuple[str, bytes]]) -> tuple[list[Given], list[str]]:
    """The pictures in what was dropped, by their files' names, videos as frames, and what could not be taken."""
    given: list[Given] = []
    refused: list[str] = []
    for number, (name, data) in enumerate(files, 1):
        if not video.is_video(data):
            given.append(Given(name, data))
            continue
        film = f"{name}, " if len(files) > 1 else ""
        try:
            given += [
                Given(f"{film}{frame.time_s:.1f} s", picture, frame.time_s, number, frame.part)
                for frame, picture in video.pictures(data)
            ]
        except Rejected as rejected:
            refused.append(f"{name}: {rejected.detail or rejected.code}")
    if len(given) > MOST_PICTURES:
        left = len(given) - MOST_PICTURES
        refused.append(f"{left} more were left out: {MOST_PICTURES} at a time; `charassets run` takes any number")
    return given[:MOST_PICTURES], refused


def look(given: Given, tags: str, settings: Settings) -> Tried:
    """Run one picture, with the words beside it, through the stages."""
    found = extract(given.data, tags.strip() or None, settings)
    try:
        pixels: NDArray[np.uint8] | None = decode(given.data, settings.images).pixels
    except Rejected:
        pixels = None
    if pixels is None or found.verdict == "quarantined":
        return Tried(given, found, "", "", answers_of(found))
    return Tried(given, found, _shown(pixels, _SHOWN_SIDE), _shown(pixels, _SMALL_SIDE), answers_of(found))


def words_alone(tags: str, settings: Settings) -> Tried:
    """The same for words without a picture."""
    found = extract(None, tags, settings)
    return Tried(Given("words", b""), found, "", "", answers_of(found))


def answers_of(found: Extraction) -> tuple[Answer, ...]:
    """The answers with the evidence for each."""
    rows = {
        one.attribute: Answer(one.attribute, one.value, one.confidence, one.status, one.runner_up, one.reason)
        for one in found.answers
    }
    return with_evidence(rows, found.evidence)


def corrected(answers: Iterable[Answer], corrections: Mapping[str, str]) -> tuple[Answer, ...]:
    """The answers with a person's words in place of ours."""
    return tuple(
        replace(one, value=corrections[one.attribute], confidence=1.0, status=REVIEWED, runner_up=None)
        if one.attribute in corrections
        else one
        for one in answers
    )


def record_of(found: Extraction, corrections: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object with a person's corrections."""
    record = dict(found.record)
    for attribute, value in corrections.items():
        record[attribute] = [value] if load().attributes[attribute].multi and value != UNKNOWN else value
    return record


def together(tried: Sequence[Tried]) -> dict[str, tuple[str, int, int]]:
    """Attributes over all frames: the value decided most often, how often, and in how many any was decided."""
    votes: dict[str, Counter[str]] = {}
    for one in tried:
        for answer in one.answers:
            if answer.status == DECIDED:
                votes.setdefault(answer.attribute, Counter())[answer.value] += 1
    order = [name for name in load().attributes if name in votes]
    return {name: (*votes[name].most_common(1)[0], votes[name].total()) for name in order}


@cache
def examples() -> tuple[Given, ...]:
    """Six drawings to try; the same ones everywhere."""
    from charassets.studio.scenes import draw_scene

    return tuple(
        Given(f"drawing {number}", png(draw_scene(seed, _EXAMPLE_SIDE, kind=kind).pixels))
        for number, (seed, kind) in enumerate(_EXAMPLES, 1)
    )


@cache
def example_pictures() -> tuple[str, ...]:
    """The same, small, to be clicked."""
    return tuple(_shown(np.asarray(Image.open(io.BytesIO(one.data))), _SMALL_SIDE) for one in examples())


def as_address(data: bytes) -> str:
    """A WebP of our own as a ``data:`` address."""
    return "data:image/webp;base64," + base64.b64encode(data).decode("ascii")


def _shown(pixels: NDArray[np.uint8], side: int) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return as_address(webp(np.asarray(image), _QUALITY))
