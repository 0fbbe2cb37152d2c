"""Export: choose a format and a filter, look at counts, rows and the split first, then write.

What belongs here: the page. Not here: writing (``app.services.exporting``, ``charassets.exports``).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
import orjson

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame
from app.services.context import Context
from app.services.exporting import Desk, Writing, options_of, preview
from charassets.errors import CharassetsError
from charassets.exports.captions import PLACES
from charassets.exports.export import FORMATS, count
from charassets.settings import ExportSettings

_FIELDS = ("format", "name", "filter", "caption", "min_confidence", "balance", "pictures", "validation", "test")
_PLACES = "; ".join(f"{{{place}}}: {words}" for place, words in PLACES.items())
_ROWS = 5
_EVERY_S = 1.0


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    desk = Desk()
    with frame.page(demo, "export"):
        shown = panel(frame.loading(), opens=True, elem_id="export")
        state = panel(h("div"), elem_id="export-state")
        clock = gr.Timer(_EVERY_S, active=False)
        on_act(shown, lambda act: _acted(context, desk, act), outputs=[shown, state, clock])
        clock.tick(lambda: _ticked(desk), None, [state, clock], api_visibility="private", show_progress="hidden")


def _acted(context: Context, desk: Desk, act: Act) -> tuple[Any, Any, Any]:
    said = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=30))
    form = act.get("form")
    if isinstance(form, dict):
        said = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    problem: Child = None
    if act.get("do") == "form" and isinstance(form, dict) and form.get("deed") == "write":
        try:
            desk.start(context.settings, options_of(said))
        except CharassetsError as error:
            problem = frame.failure(error)
    running = desk.current is not None and desk.current.running
    return frame.answered(handle)(context, said, problem), view(_state(desk.current)), gr.Timer(active=running)


def _ticked(desk: Desk) -> tuple[str, Any]:
    return view(_state(desk.current)), gr.Timer(active=desk.current is not None and desk.current.running)


def handle(context: Context, said: Mapping[str, str], problem: Child) -> str:
    """The panel's value for what the form says."""
    kept = {name: said[name] for name in _FIELDS if said.get(name)}
    if kept.get("caption") == ExportSettings().caption:
        del kept["caption"]
    search = f"?{urlencode(kept)}" if kept else ""
    with context.reading():
        pass  # says what to do where there is no warehouse
    looked: Child = None
    try:
        options = options_of(said)
        looked = _preview(context, options)
    except CharassetsError as error:
        options, looked = ExportSettings(), frame.failure(error)
    return view(
        h("div", h("div.columns.export", _form(said, options, search), h("div", problem, looked))), search=search
    )


def _form(said: Mapping[str, str], options: ExportSettings, search: str) -> Node:
    chosen = said.get("format") or options.format
    made = FORMATS.get(chosen)
    formats = [h("option", name.replace("_", " "), value=name, selected=name == chosen) for name in FORMATS]
    pictures = [
        h("option", words, value=value, selected=value == options.pictures)
        for value, words in (("crop", "the figure's crop"), ("original", "the file as it came"))
    ]

    def number(name: str, label: str, value: float, least: float, most: float, step: float) -> Node:
        return h(
            "label.field",
            label,
            h("input", name=name, type="number", min=least, max=most, step=step, value=f"{value:g}"),
        )

    return h(
        "div.card",
        h("h2", "What to write"),
        h(
            "form.stacked",
            h("label.field", "Format", h("select", formats, name="format", id="format")),
            h("p.muted.small", made.doc) if made else None,
            h(
                "label.field",
                "Name of its folder in WORKSPACE/exports",
                h("input", name="name", value=said.get("name", ""), placeholder=chosen, autocomplete="off"),
            ),
            h(
                "label.field",
                "Filter",
                h(
                    "input",
                    name="filter",
                    value=said.get("filter", options.filter),
                    placeholder="hair:blue -hat conf>0.8",
                    autocomplete="off",
                ),
            ),
            h(
                "label.field",
                "Caption",
                h(
                    "input",
                    name="caption",
                    value=said.get("caption") or options.caption,
                    title=_PLACES,
                    autocomplete="off",
                ),
            ),
            h(
                "div.pair.small",
                number("min_confidence", "Values surer than", options.min_confidence, 0, 1, 0.05),
                number("balance", "Most repeats of a rare character", options.balance, 1, 1000, 1),
            ),
            h(
                "div.pair.small",
                number("validation", "Share for validation", options.split.validation, 0, 0.9, 0.05),
                number("test", "Share for test", options.split.test, 0, 0.9, 0.05),
            ),
            h("label.field", "Pictures", h("select", pictures, name="pictures")),
            h("p.muted.small", "A character and its copies always stand on one side of the split."),
            h(
                "div.row",
                h("button", "Look first", type="submit", name="deed", value="look"),
                h("button.main", "Write it", type="submit", name="deed", value="write", id="write"),
            ),
            act={"do": "form", "search": search},
        ),
    )


def _preview(context: Context, options: ExportSettings) -> Node:
    splits = count(context.settings, options)
    total = sum(splits.values())
    if not total:
        return frame.state(texts.NOTHING_FOUND, h("p", texts.NOTHING_FOUND_TODO))
    figures = h(
        "div.figures",
        h("div", h("b", f"{total:,}"), h("span", "records")),
        [h("div", h("b", f"{n:,}"), h("span", f"{split}, {n / total:.0%}")) for split, n in splits.items()],
    )
    rows = [
        h("code.block", orjson.dumps(row, option=orjson.OPT_INDENT_2).decode())
        for row in preview(context.settings, options, _ROWS)
    ]
    return h(
        "div",
        figures,
        h(
            "div.card",
            h("h2", "The first record" if len(rows) == 1 else f"The first {len(rows)} records"),
            rows[:1],
            h("details", h("summary", f"{len(rows) - 1} more"), rows[1:]) if len(rows) > 1 else None,
        ),
    )


def _state(writing: Writing | None) -> Node:
    if writing is None:
        return h("div")
    if writing.error:
        return frame.state(texts.EXPORT_FAILED, h("p", writing.error), failed=True)
    if writing.published is None:
        share = min(writing.done / writing.expected, 1.0) if writing.expected else 0.0
        return h(
            "div.card",
            h("h2", f"Writing {writing.options.name}"),
            h(
                "div.progress",
                h("div.bar", sizes={"share": share}),
                h("span.num", f"{writing.done:,} of {writing.expected:,}"),
            ),
            role="status",
        )
    manifest = writing.published.manifest
    said = {
        "folder": str(writing.published.path),
        "records": f"{manifest.get('records', 0):,}",
        "files": f"{len(manifest.get('files', ())):,}",
        "state": "it stood already; nothing was written" if writing.published.unchanged else "written and verified",
    }
    return h(
        "div.card",
        h("div.row", h("span.badge.good", "done"), h("h2", writing.options.name)),
        h("dl.facts", [(h("dt", k), h("dd", v)) for k, v in said.items()]),
        h("p.muted.small", "README.md in the folder is the dataset card; leaks.sql proves the split."),
        role="status",
        id="export-done",
    )
