"""How a record looks: a tile of a grid, its attributes with bars and evidence in words, its facts.

What belongs here: views of one record, shared by the pages. Not here: questions (``app.services.record``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app import texts
from app.markup import Child, Node, h
from app.services.browse import Tile
from app.services.record import Answer
from charassets.attributes.evidence import Evidence
from charassets.attributes.fusion import AMBIGUOUS, NOT_KNOWN
from charassets.attributes.vocabulary import UNKNOWN
from charassets.warehouse.reviews import REVIEWED

_SAID_AT_MOST = 3
_SURE, _FAIR = 0.8, 0.6  # where the bar is green, where it is blue
_SOURCES = {
    "clip": "picture",
    "head": "picture",
    "colour": "colour measured",
    "tagger": "tagger",
    "vlm": "language model",
    "ocr": "text in picture",
}


def thumb(record_id: str, alt: str, css: str = "", *, large: bool = False) -> Node:
    """The crop of a record, re-encoded by us."""
    return h(
        f"img.{css}" if css else "img",
        src=f"/thumb/{record_id}.webp" + ("?size=512" if large else ""),
        alt=alt,
        loading="lazy",
    )


def whole(record_id: str, alt: str) -> Node:
    """The whole picture of a record, small."""
    return h("img.whole", src=f"/thumb/{record_id}.webp?of=whole", alt=alt, loading="lazy")


def tile(
    one: Tile, name: str | None = None, *, act: Mapping[str, Any] | None = None, chosen: bool = False, note: str = ""
) -> Node:
    """A record in a grid."""
    label = name or one.character_id or texts.NO_CHARACTER
    alt = f"{label}: {', '.join(one.caption)}" if one.caption else label
    picture = h("div.blank", (one.words or texts.NO_PICTURE)[:80]) if one.text_only else thumb(one.record_id, alt)
    caption = h("figcaption", h("span", label), h("span.muted", note or ", ".join(one.caption) or " "))
    css = "figure.tile" + (".chosen" if chosen else "") + ("" if act else ".still")
    return h(css, picture, caption, act=act, title=alt, aria_label=alt if act else None)


def bar(share: float, css: str = "", label: str = "") -> Node:
    """A share of 0-1 as a bar."""
    return h(
        "div.bar" + (f".{css}" if css else ""),
        sizes={"share": round(share, 4)},
        role="img",
        aria_label=label or f"{share:.0%}",
    )


def attributes(answers: Iterable[Answer], *, act: Mapping[str, Any] | None = None) -> Node:
    """One row an attribute: value, confidence, what spoke for it.

    Args:
        answers: the record's answers.
        act: what a click on "correct" says, the attribute added; None shows no button.
    """
    return h("div.attributes", [_attribute(one, act) for one in answers])


def _attribute(one: Answer, act: Mapping[str, Any] | None) -> Node:
    unknown = one.status == NOT_KNOWN or one.value == UNKNOWN
    badge: Child = None
    if one.status == AMBIGUOUS:
        badge = h("span.badge.warn", f"ambiguous: or {one.runner_up}" if one.runner_up else "ambiguous")
    elif one.status == REVIEWED:
        badge = h("span.badge.good", "by a person")
    correct = None
    if act is not None:
        correct = h(
            "button.plain", "correct", act={**act, "attribute": one.attribute}, aria_label=f"Correct {one.attribute}"
        )
    trust = h(
        "div.trust",
        bar(one.confidence, _tone(one), f"confidence {one.confidence:.0%}"),
        h("span.num", f"{one.confidence:.0%}"),
    )
    return h(
        "div.attribute.unknown" if unknown else "div.attribute",
        h("span.name", one.attribute),
        h("span", h("span.value", texts.UNKNOWN if unknown else one.value), " ", badge),
        h("div.trust", h("span.muted", "not guessed")) if unknown else trust,
        h("div.said", _said(one)),
        correct,
    )


def _tone(one: Answer) -> str:
    if one.status == AMBIGUOUS:
        return "amber"
    return "green" if one.confidence >= _SURE else "" if one.confidence >= _FAIR else "grey"


def _said(one: Answer) -> list[Child]:
    """The evidence in words."""
    pieces: list[Child] = []
    if one.words:
        pieces.append(_sayings("tags said", one.words))
    by_source: dict[str, list[Evidence]] = {}
    for said in one.picture:
        by_source.setdefault(_SOURCES.get(said.source, said.source), []).append(said)
    for source, found in by_source.items():
        pieces.append(_sayings(source if source == "colour measured" else f"{source} said", found))
    if not pieces:
        return ["nothing was said about it"]
    joined: list[Child] = []
    for number, piece in enumerate(pieces):
        joined += [" · ", piece] if number else [piece]
    return joined


def _sayings(who: str, said: Iterable[Evidence]) -> Node:
    best: dict[str, Evidence] = {}
    for one in said:
        best.setdefault(one.value, one)
    shown = list(best.values())[:_SAID_AT_MOST]
    told: list[Child] = []
    for number, one in enumerate(shown):
        quoted = (
            one.detail.removeprefix("tag ").removeprefix("words ").replace("`", "")
            if one.source in ("tag", "text")
            else ""
        )
        told += [
            ", " if number else "",
            h("b", one.value),
            " ",
            f"({quoted}, {one.score:.2f})" if quoted else f"({one.score:.2f})",
        ]
    return h("span", f"{who} ", told)


def facts(pairs: Mapping[str, Any]) -> Node:
    """Names and values."""
    return h("dl.facts", [(h("dt", name.replace("_", " ")), h("dd", _plain(value))) for name, value in pairs.items()])


def _plain(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
