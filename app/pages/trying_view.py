"""What Try it shows of a picture: boxes, verdict, attributes, frames, JSON.

What belongs here: views. Not here: the page (``app.pages.trying``).
"""

from collections.abc import Mapping, Sequence

import orjson

from app.markup import Child, Node, h
from app.pages import correcting, record_view
from app.services import trying
from app.services.trying import Tried
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.extraction import Box
from charassets.stages.gates import VERDICTS

_BOXES = 12
_DRAWN_FROM = 0.25  # the weaker ones matter to the gates, and hide the picture
_VERDICT_BADGE = {"single": "good", "ambiguous": "warn", "multiple": "warn", "quarantined": "warn", "rejected": "warn"}


def strip(tried: Sequence[Tried], chosen: int) -> Node:
    """Every picture small; a click chooses one."""
    tiles = []
    for number, one in enumerate(tried):
        picture = h("img", src=one.small, alt=one.given.name) if one.small else h("div.blank", one.found.verdict)
        css = "figure.tile.chosen" if number == chosen else "figure.tile"
        caption = h("figcaption", h("span", one.given.name), h("span.muted", one.found.verdict.replace("_", " ")))
        tiles.append(
            h(
                css,
                picture,
                caption,
                act={"do": "choose", "number": number},
                aria_label=f"{one.given.name}: {one.found.verdict}",
            )
        )
    return h("div.card", h("div.grid.small", tiles))


def picture_card(one: Tried) -> Node:
    """The verdict with its reason, and the picture with boxes."""
    found = one.found
    badge = _VERDICT_BADGE.get(found.verdict, "")
    verdict = h(
        "p",
        h(f"span.badge.{badge}" if badge else "span.badge", found.verdict.replace("_", " ")),
        " ",
        VERDICTS.get(found.verdict, ""),
        id="verdict",
    )
    why = h("p.muted", found.reason) if found.reason else None
    if not one.picture:
        return h("div.card", verdict, why)
    width, height = found.size or (1, 1)
    clear = [box for box in found.boxes if box.score >= _DRAWN_FROM][:_BOXES] or list(found.boxes[:1])
    boxes = [_box(box, width, height) for box in clear]
    weaker = len(found.boxes) - len(clear)
    main = (
        _box(Box("cropped", 1.0, *map(float, found.crop_box)), width, height, "main")
        if found.crop_box and not boxes
        else None
    )
    drawn = h(
        "div.boxed", h("img", src=one.picture, alt=f"{one.given.name}, with {len(boxes)} boxes drawn"), boxes, main
    )
    size = f"{width} x {height} px" + (f", cropped to the {found.crop_label}" if found.crop_label else "")
    size += f"; {weaker} weaker box{'' if weaker == 1 else 'es'} not drawn" if weaker else ""
    return h("div.card", verdict, why, drawn, h("p.muted.small", size))


def _box(box: Box, width: int, height: int, css: str = "") -> Node:
    sizes = {"x0": box.x0 / width, "y0": box.y0 / height, "x1": box.x1 / width, "y1": box.y1 / height}
    kind = box.label if box.label in ("person", "head", "face") else "other"
    return h(
        f"div.box.{kind}.{css}" if css else f"div.box.{kind}", h("span", f"{box.label} {box.score:.2f}"), sizes=sizes
    )


def attribute_card(one: Tried, corrections: Mapping[str, str], asked: str) -> Child:
    """A row an attribute; ``asked`` is one that is being corrected."""
    if not one.answers:
        return None
    answers = trying.corrected(one.answers, corrections)
    known = [a for a in answers if load().attributes[a.attribute].core or a.value not in (UNKNOWN, "None")]
    question = None
    if asked in load().attributes:
        question = h(
            "form",
            h("label.field", f"{asked} is really"),
            correcting.values_select([v.name for v in load().attributes[asked].values]),
            h("button.main", "Set", type="submit"),
            act={"do": "set", "attribute": asked},
        )
    return h("div.card", h("h2", "Attributes"), question, record_view.attributes(known, act={"do": "correct"}))


def frame_card(tried: Sequence[Tried]) -> Node:
    """What the frames of a video say together."""
    found = trying.together(tried)
    rows = [
        h(
            "tr",
            h("td", name),
            h("td", h("b", value)),
            h("td.num", f"{times} of {len(tried)} frames"),
            h("td", record_view.bar(times / len(tried))),
        )
        for name, (value, times, _) in found.items()
    ]
    body: Child = h("table", h("tbody", rows)) if rows else h("p.muted", "No frame decides anything.")
    return h("div.card", h("h2", "All frames together"), body)


def json_card(one: Tried, corrections: Mapping[str, str]) -> Child:
    """The object training scripts read, to copy and to save."""
    if not one.found.record:
        return None
    text = orjson.dumps(trying.record_of(one.found, corrections), option=orjson.OPT_INDENT_2).decode()
    buttons = h(
        "div.row",
        h("button", "Copy JSON", act={"do": "copy", "text": text}, key="c"),
        h("button", "Download JSON", act={"do": "save", "text": text, "name": "attributes.json"}, key="d"),
    )
    return h("div.card", h("div.row.apart", h("h2", "JSON"), buttons), h("code.block", text, id="try-json"))
