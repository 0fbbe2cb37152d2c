"""Try it: what the pipeline says of a picture from your hand, with the reason for every word of it.

What belongs here: the page. Not here: running the stages (``app.services.trying``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
import orjson

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import correcting, frame, record_view
from app.services import browse, search, trying
from app.services.context import Context
from app.services.filters import Filter
from app.services.trying import Tried
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.errors import UsageError
from charassets.extraction import Box
from charassets.stages.gates import VERDICTS

_NEAREST = 6
_BOXES = 12
_DRAWN_FROM = 0.25  # the weaker ones matter to the gates, and hide the picture
_VERDICT_BADGE = {"single": "good", "ambiguous": "warn", "multiple": "warn", "quarantined": "warn", "rejected": "warn"}

Session = dict[str, Any]
"""What one visitor has before them: ``tried``, ``refused``, ``chosen`` (number), ``corrections`` (by number)."""


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "try"):
        session = gr.State({})
        drawing = gr.State(-1)
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                files = gr.File(
                    label=texts.TRY_FILES,
                    file_count="multiple",
                    type="binary",
                    height=170,
                    file_types=["image", "video"],
                    elem_id="try-files",
                    elem_classes=["takes-paste"],
                )
                tags = gr.Textbox(
                    label=texts.TRY_TAGS,
                    placeholder=texts.TRY_TAGS_EXAMPLE,
                    lines=2,
                    max_lines=6,
                    max_length=20_000,
                    elem_id="try-tags",
                )
                examples = panel(frame.loading(), opens=True, dims="try-result", elem_id="try-examples")
            with gr.Column(scale=8, min_width=320):
                result = panel(frame.state(texts.TRY_EMPTY, h("p", texts.TRY_EMPTY_TODO)), elem_id="try-result")
        models = {
            "concurrency_id": "models",
            "concurrency_limit": 1,
            "api_visibility": "private",
            "show_progress": "hidden",
        }
        given = [session, result]
        files.change(lambda found, words: looked(context, found or [], -1, words), [files, tags], given, **models)
        tags.change(
            lambda found, number, words: looked(context, found or [], number, words),
            [files, drawing, tags],
            given,
            trigger_mode="always_last",
            **models,
        )
        files.upload(lambda: -1, None, drawing, api_visibility="private", show_progress="hidden")
        on_act(
            examples,
            lambda act, words: _example(context, act, words),
            [tags],
            [examples, drawing, session, result],
            concurrency_id="models",
            concurrency_limit=1,
        )
        on_act(result, lambda act, held: acted(context, act, held), [session], given)


def _example(context: Context, act: Act, words: str) -> tuple[Any, ...]:
    if act.get("do") == "example":
        number = int(act.get("number", 0)) % len(trying.examples())
        return (gr.skip(), number, *looked(context, [], number, words))
    tiles = [
        h(
            "button.tile",
            h("img", src=picture, alt=f"Drawing {number + 1}"),
            act={"do": "example", "number": number},
            aria_label=f"Try drawing {number + 1}",
        )
        for number, picture in enumerate(trying.example_pictures())
    ]
    return (
        view(h("div", h("p.muted.small", texts.TRY_EXAMPLES), h("div.grid.small", tiles))),
        gr.skip(),
        gr.skip(),
        gr.skip(),
    )


def looked(context: Context, files: Sequence[bytes], drawing: int, words: str) -> tuple[Session, str]:
    """What is found in the files, or in a drawing of ours, or in the words alone."""
    session: Session = {}

    def make() -> str:
        nonlocal session
        session, value = _looked(context, files, drawing, words)
        return value

    value = frame.answered(make)()
    return session, value


def _looked(context: Context, files: Sequence[bytes], drawing: int, words: str) -> tuple[Session, str]:
    given, refused = ([trying.examples()[drawing]], []) if drawing >= 0 and not files else trying.take(files)
    if not given and not words.strip():
        node = frame.state(texts.TRY_EMPTY, h("p", texts.TRY_EMPTY_TODO), [h("p", one) for one in refused])
        return {}, view(node)
    tried = [trying.look(one, words, context.settings) for one in given] or [
        trying.words_alone(words, context.settings)
    ]
    session: Session = {"tried": tried, "refused": refused, "chosen": 0, "corrections": {}}
    return session, view(_result(context, session, ""))


def acted(context: Context, act: Act, session: Session) -> tuple[Any, Any]:
    """A click in the result: another picture, a correction."""
    if not session:
        return gr.skip(), gr.skip()
    deed, asked = act.get("do"), ""
    session = {**session, "corrections": dict(session["corrections"])}
    if deed == "choose":
        session["chosen"] = int(act.get("number", 0)) % len(session["tried"])
    elif deed == "correct":
        asked = str(act.get("attribute", ""))
    elif deed == "set":
        _correct(context, session, act)
    return session, view(_result(context, session, asked))


def _correct(context: Context, session: Session, act: Act) -> None:
    """Take a person's word; a picture of the workspace gets it into the edit log as well."""
    attribute, value = str(act.get("attribute", "")), str((act.get("form") or {}).get("value", ""))
    known = load().attributes.get(attribute)
    if known is None or value not in {UNKNOWN, *(v.name for v in known.values)}:
        raise UsageError(f"there is no {attribute[:40]!r} of {value[:40]!r}")
    chosen = session["chosen"]
    session["corrections"][chosen] = {**session["corrections"].get(chosen, {}), attribute: value}
    records = _in_workspace(context, session["tried"][chosen])
    if records:
        context.log.append("attribute.set", {"record_ids": records, "attribute": attribute, "value": value})


def _in_workspace(context: Context, tried: Tried) -> list[str]:
    """Kept records that are this very picture."""
    if tried.found.image_id is None or not context.has_warehouse:
        return []
    with context.reading() as con:
        rows = con.execute("SELECT record_id FROM records WHERE image_id = ?", [tried.found.image_id]).fetchall()
    return [row[0] for row in rows]


def _result(context: Context, session: Session, asked: str) -> Node:
    tried: list[Tried] = session["tried"]
    chosen: int = session["chosen"]
    one = tried[chosen]
    corrections: Mapping[str, str] = session["corrections"].get(chosen, {})
    refused = [h("p", h("span.badge.warn", "left out"), " ", text) for text in session["refused"]]
    return h(
        "div",
        refused,
        _strip(tried, chosen) if len(tried) > 1 else None,
        _picture(one),
        _attributes(one, corrections, asked),
        _frames(tried) if any(t.given.time_s is not None for t in tried) else None,
        _nearest(context, one),
        _json(one, corrections),
    )


def _strip(tried: Sequence[Tried], chosen: int) -> Node:
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


def _picture(one: Tried) -> Node:
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


def _attributes(one: Tried, corrections: Mapping[str, str], asked: str) -> Child:
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


def _frames(tried: Sequence[Tried]) -> Node:
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


def _nearest(context: Context, one: Tried) -> Child:
    if one.found.embedding is None or not context.has_warehouse:
        return None
    vector = one.found.embedding.astype("float32")
    try:
        with context.reading() as con:
            hits = search.nearest(con, vector, Filter(), _NEAREST * 4)
            tiles = {tile.record_id: tile for tile in browse.tiles_of(con, [hit.record_id for hit in hits[:_NEAREST]])}
            characters = search.characters_of(con, hits)[:3]
            names = context.names(con)
    except UsageError as error:
        return h("div.card", h("h2", "Nearest in the workspace"), h("p.muted", str(error)))
    if not tiles:
        return None
    shown = [
        h(
            "a",
            record_view.tile(
                tiles[hit.record_id],
                names(str(tiles[hit.record_id].character_id)) if tiles[hit.record_id].character_id else None,
                note=f"likeness {hit.score:.2f}",
            ),
            href=f"/browse?id={hit.record_id}",
        )
        for hit in hits[:_NEAREST]
        if hit.record_id in tiles
    ]
    who = [
        h("span.badge.info", h("a", f"{names(character)} {score:.2f}", href=f"/clusters?id={character}"))
        for character, score, _ in characters
    ]
    return h(
        "div.card",
        h("h2", "Nearest in the workspace"),
        h("div.row", h("span.muted", "characters"), who) if who else None,
        h("div.grid.small", shown),
    )


def _json(one: Tried, corrections: Mapping[str, str]) -> Child:
    if not one.found.record:
        return None
    text = orjson.dumps(trying.record_of(one.found, corrections), option=orjson.OPT_INDENT_2).decode()
    buttons = h(
        "div.row",
        h("button", "Copy JSON", act={"do": "copy", "text": text}, key="c"),
        h("button", "Download JSON", act={"do": "save", "text": text, "name": "attributes.json"}, key="d"),
    )
    return h("div.card", h("div.row.apart", h("h2", "JSON"), buttons), h("code.block", text, id="try-json"))
