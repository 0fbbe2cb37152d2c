"""Who appears when in a short film: tracks over the frames that Try it looked at, as bars on a line of time.

What belongs here: frames to bars. Not here: linking (``charassets.appearances``) and drawing (``app.pages.timeline_view``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.context import Context
from app.services.trying import Tried
from charassets.appearances import Asking, Moment, Track, tracks_of
from charassets.errors import CharassetsError
from charassets.extraction import Answer
from charassets.identification import asking
from charassets.identity import shelf
from charassets.identity.ballot import Named


@dataclass(frozen=True)
class Bar:
    """An appearance.

    Attributes:
        begins, ends: seconds: the parts of the film that its frames stand for.
        frame: place among the pictures of the page of the frame to show.
    """

    begins: float
    ends: float
    frame: int


@dataclass(frozen=True)
class Line:
    """A character through the film.

    Attributes:
        number: from 1, in order of appearance.
        named: whom the gallery says it is; None where there is no gallery.
        answers: fused from all of its frames.
        bars: its appearances. frames: how many frames show it. stands: place of the one that stands for it.
    """

    number: int
    named: Named | None
    answers: tuple[Answer, ...]
    bars: tuple[Bar, ...]
    frames: int
    stands: int


@dataclass(frozen=True)
class Timeline:
    """One film: which of the files it is, its length in seconds, how many frames were looked at, and its characters."""

    film: int
    seconds: float
    frames: int
    lines: tuple[Line, ...]


def timelines(context: Context, tried: Sequence[Tried]) -> list[Timeline]:
    """One for every film among the pictures.

    Raises:
        VerificationError: a promoted artefact or the gallery is damaged.
    """
    films = dict.fromkeys(one.given.film for one in tried if one.given.film is not None)
    asked = _gallery(context) if films else None
    return [_timeline(context, tried, film, asked) for film in films]


def _gallery(context: Context) -> Asking | None:
    lake = context.workspace.open_lake()
    return asking(lake, context.settings) if shelf.digest_in_force(lake.store) else None


def _timeline(context: Context, tried: Sequence[Tried], film: int, asked: Asking | None) -> Timeline:
    places = [k for k, one in enumerate(tried) if one.given.film == film]
    moments = [
        Moment(one.given.time_s or 0.0, one.given.part.scene if one.given.part else 0, one.found)
        for one in (tried[k] for k in places)
    ]
    try:
        found = tracks_of(moments, context.settings, asked)
    except CharassetsError:  # a gallery of another embedder: the tracks are none the worse
        found = tracks_of(moments, context.settings)
    lines = tuple(_line(number, track, tried, places) for number, track in enumerate(found, 1))
    part = tried[places[0]].given.part
    return Timeline(film, part.whole if part else 0.0, len(places), lines)


def _line(number: int, track: Track, tried: Sequence[Tried], places: Sequence[int]) -> Line:
    bars = tuple(_bar([places[k] for k in shown], tried) for shown in track.stretches)
    frames = sum(len(shown) for shown in track.stretches)
    return Line(number, track.named, track.answers, bars, frames, places[track.stands])


def _bar(frames: Sequence[int], tried: Sequence[Tried]) -> Bar:
    first, last = tried[frames[0]].given, tried[frames[-1]].given
    begins = first.part.begins if first.part else first.time_s or 0.0
    ends = last.part.ends if last.part else last.time_s or 0.0
    return Bar(begins, ends, frames[len(frames) // 2])
