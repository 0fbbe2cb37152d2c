"""Who appears when in a film: a row a character with its picture, what is known of it, and its appearances on a line of time.

What belongs here: views. Not here: finding the characters (``app.services.timeline``).
"""

from collections.abc import Sequence

from app import texts
from app.markup import Child, Node, h
from app.services.timeline import Bar, Line, Timeline
from app.services.trying import Tried

_FACTS = 5  # attributes told in a row; the frame's own card has all of them
_TICKS = 4
_SHORT_S = 20.0  # below, whole seconds say too little


def timeline_card(timelines: Sequence[Timeline], tried: Sequence[Tried], chosen: int) -> list[Node]:
    """A card a film."""
    return [_card(one, tried, chosen, len(timelines) > 1) for one in timelines]


def _card(film: Timeline, tried: Sequence[Tried], chosen: int, several: bool) -> Node:
    title = f"Who appears when in file {film.film}" if several else "Who appears when"
    if not film.lines:
        return h("div.card.timeline", h("h2", title), h("p.muted", texts.TIMELINE_NOBODY))
    counted = f"{film.frames} frames of {_clock(film.seconds, film.seconds)} were looked at; {texts.TIMELINE_SAYS}"
    rows = [_row(line, film.seconds, tried, chosen) for line in film.lines]
    marks = [_clock(film.seconds * k / _TICKS, film.seconds) for k in range(_TICKS + 1)]
    axis = h("li.axis", h("div"), h("div"), h("div.marks", [h("span", mark) for mark in marks]), aria_hidden="true")
    return h("div.card.timeline", h("h2", title), h("ol.lines", rows, axis), h("p.muted.small", counted))


def _row(line: Line, seconds: float, tried: Sequence[Tried], chosen: int) -> Node:
    stands = tried[line.stands]
    who = _who(line)
    act = {"do": "choose", "number": line.stands}
    picture = h(
        "button.face", h("img", src=stands.small, alt=""), act=act, aria_label=f"{who}: show the clearest frame"
    )
    facts = ", ".join(f"{one.attribute} {one.value}" for one in line.answers[:_FACTS] if one.status == "decided")
    told = h(
        "div.told",
        h("b", who),
        _badge(line),
        h(
            "div.muted.small",
            f"{line.frames} frame{'' if line.frames == 1 else 's'}, {facts or texts.TIMELINE_UNKNOWN}",
        ),
    )
    lane = h("div.lane", [_bar(bar, who, seconds, chosen) for bar in line.bars])
    return h("li", picture, told, lane)


def _who(line: Line) -> str:
    return line.named.name if line.named and line.named.name else f"Character {line.number}"


def _badge(line: Line) -> Child:
    if line.named is None:
        return None
    if line.named.name is None:
        return h("span.badge", "nobody of the gallery")
    sure = f"{line.named.share:.0%} sure" + (f", likeness {line.named.similarity:.2f}" if line.named.similarity else "")
    return h("span.badge.good", sure)


def _bar(bar: Bar, who: str, seconds: float, chosen: int) -> Node:
    whole = max(seconds, 1e-6)
    when = f"{_clock(bar.begins, seconds)} to {_clock(bar.ends, seconds)}"
    return h(
        "button.part.chosen" if bar.frame == chosen else "button.part",
        act={"do": "choose", "number": bar.frame},
        sizes={"from": bar.begins / whole, "share": (bar.ends - bar.begins) / whole},
        aria_label=f"{who}, {when}: show a frame",
        title=when,
    )


def _clock(seconds: float, whole: float) -> str:
    """Minutes and seconds (0:04), in a short film seconds and tenths."""
    if whole < _SHORT_S:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"
