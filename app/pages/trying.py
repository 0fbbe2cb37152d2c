"""Try it: what the pipeline says of a picture from your hand, with the reason for every word of it.

What belongs here: the page. Not here: running the stages (``app.services.trying``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from app import texts
from app.components import Act, file_picker, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame, record_view, timeline_view, trying_view
from app.services import browse, search, timeline, trying
from app.services.context import Context
from app.services.filters import Filter
from app.services.trying import Tried
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.errors import UsageError

_NEAREST = 6

Session = dict[str, Any]
"""What one visitor has before them: ``tried``, ``refused``, ``timelines``, ``chosen`` (number), ``corrections`` (by number)."""


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "try"):
        session = gr.State({})
        drawing = gr.State(-1)
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                files = file_picker(texts.TRY_FILES, height=170, elem_id="try-files")
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


def looked(context: Context, files: Sequence[tuple[str, bytes]], drawing: int, words: str) -> tuple[Session, str]:
    """What is found in the files, or in a drawing of ours, or in the words alone."""
    session: Session = {}

    def make() -> str:
        nonlocal session
        session, value = _looked(context, files, drawing, words)
        return value

    value = frame.answered(make)()
    return session, value


def _looked(context: Context, files: Sequence[tuple[str, bytes]], drawing: int, words: str) -> tuple[Session, str]:
    given, refused = ([trying.examples()[drawing]], []) if drawing >= 0 and not files else trying.take(files)
    if not given and not words.strip():
        node = frame.state(texts.TRY_EMPTY, h("p", texts.TRY_EMPTY_TODO), [h("p", one) for one in refused])
        return {}, view(node)
    tried = [trying.look(one, words, context.settings) for one in given] or [
        trying.words_alone(words, context.settings)
    ]
    lines = timeline.timelines(context, tried)
    session: Session = {"tried": tried, "refused": refused, "timelines": lines, "chosen": 0, "corrections": {}}
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
        timeline_view.timeline_card(session["timelines"], tried, chosen),
        trying_view.strip(tried, chosen) if len(tried) > 1 else None,
        trying_view.picture_card(one),
        trying_view.attribute_card(one, corrections, asked),
        trying_view.frame_card(tried) if _one_character(session) else None,
        _nearest(context, one),
        trying_view.json_card(one, corrections),
    )


def _one_character(session: Session) -> bool:
    """Whether all pictures are frames of a film that shows no two characters: then they may speak together."""
    films = session["timelines"]
    return len(films) == 1 and len(films[0].lines) < 2  # noqa: PLR2004 - two


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
