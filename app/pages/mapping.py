"""Map: pictures that look alike lie together; click one, or draw a box around some.

What belongs here: the page. Not here: the layout (``app.services.mapping``) and the drawing (``static/map.js``).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import duckdb
import gradio as gr

from app import texts, theme
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame, record_view
from app.services import browse, mapping
from app.services.context import Context
from app.services.filters import Filter
from charassets.attributes.vocabulary import UNKNOWN

_NAMED = len(theme.SERIES) - 1  # categories with a colour of their own; the rest share the last
_BOXED = 60
_SHADES = 5  # of confidence


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "map"):
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=320):
                shown = panel(frame.loading(), opens=True, elem_id="map")
            with gr.Column(scale=1, min_width=240):
                side = panel(h("div.card", h("h2", "Selected"), h("p.muted", texts.MAP_HINT)), elem_id="map-side")
        on_act(shown, lambda act: _acted(context, act), outputs=[shown, side], concurrency_limit=1)


def _acted(context: Context, act: Act) -> tuple[Any, Any]:
    if act.get("do") == "chosen":
        return gr.skip(), frame.answered(chosen)(context, act)
    return frame.answered(handle)(context, act), gr.skip()


def chosen(context: Context, act: Act) -> str:
    """The pictures under a click or in a box."""
    asked = act.get("records")
    records = [str(record) for record in asked[:_BOXED]] if isinstance(asked, list) else []
    with context.reading() as con:
        tiles = browse.tiles_of(con, records)
        names = context.names(con)
    said = (
        f"{len(tiles):,} shown of {int(act.get('inside', len(tiles))):,} in the box"
        if len(records) > 1
        else "One picture"
    )
    shown = [
        h("a", record_view.tile(t, names(t.character_id) if t.character_id else None), href=f"/browse?id={t.record_id}")
        for t in tiles
    ]
    return view(
        h("div.card", h("div.row.apart", h("h2", "Selected"), h("span.muted.small", said)), h("div.grid.small", shown))
    )


def handle(context: Context, act: Act) -> str:
    """The panel's value for an address: ``q`` filters, ``layout`` and ``colour`` say how."""
    said = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=20))
    if act.get("do") == "draw":
        said = {name: str(value) for name, value in (act.get("form") or {}).items()}
    layout = said.get("layout", "axes") if said.get("layout") in mapping.LAYOUTS else "axes"
    colour = said.get("colour", "") if said.get("colour") in mapping.COLOURS else "character_id"
    filter_ = replace(Filter(), query=said.get("q", "").strip())
    kept = {
        name: value
        for name, value in (
            ("q", filter_.query),
            ("layout", layout if layout != "axes" else ""),
            ("colour", colour if colour != "character_id" else ""),
        )
        if value
    }
    search = f"?{urlencode(kept)}" if kept else ""
    with context.reading() as con:
        return _drawn(context, con, filter_, layout, colour, search)


def _drawn(
    context: Context, con: duckdb.DuckDBPyConnection, filter_: Filter, layout: str, colour: str, search: str
) -> str:
    form = _form(filter_, layout, colour, search)
    found = mapping.make(con, filter_, layout, colour)
    if not found.records:
        return view(h("div", form, frame.state(texts.NOTHING_FOUND, h("p", texts.NOTHING_FOUND_TODO))), search=search)
    names = context.names(con)
    legend, classes = _legend(found.values, colour)
    shown = len(found.records)
    said = f"{shown:,} of {found.total:,} shown" + (", of every character its share" if shown < found.total else "")
    node = h(
        "div",
        form,
        h(
            "div.card",
            h("p.muted.small", said + ". ", texts.MAP_HINT),
            h(
                "canvas.map-plot",
                id="map-plot",
                role="img",
                aria_label=f"Map of {shown:,} pictures",
                tabindex=0,
                height=560,
            ),
            _key(legend, colour, names),
        ),
    )
    points = [[round(float(x), 4), round(float(y), 4), cls] for (x, y), cls in zip(found.places, classes, strict=True)]
    data = {
        "points": points,
        "records": list(found.records),
        "colours": [shade for _, shade in legend],
        "labels": [names(str(name)) if colour == "character_id" and name else str(name) for name, _ in legend],
    }
    return view(node, search=search, data=data)


def _form(filter_: Filter, layout: str, colour: str, search: str) -> Node:
    return h(
        "div.card",
        h(
            "form",
            h(
                "input.grow",
                name="q",
                value=filter_.query,
                placeholder="filter, e.g. gender:female",
                aria_label="Filter",
                autocomplete="off",
            ),
            h(
                "select",
                [h("option", words, value=name, selected=name == colour) for name, words in mapping.COLOURS.items()],
                name="colour",
                aria_label="Colour by",
            ),
            h(
                "select",
                [h("option", words, value=name, selected=name == layout) for name, words in mapping.LAYOUTS.items()],
                name="layout",
                aria_label="Layout",
            ),
            h("button.main", "Draw", type="submit"),
            act={"do": "draw", "search": search},
        ),
    )


def _legend(values: Sequence[str | float | None], colour: str) -> tuple[list[tuple[str, str]], list[int]]:
    """Names with colours, and each point's place among them."""
    if colour == "mean_confidence":
        legend = [
            (f"{k / _SHADES:.0%} to {(k + 1) / _SHADES:.0%}", shade)
            for k, shade in enumerate(("#d0d7e0", "#9fc3dc", "#62a0c9", "#2a7bb0", "#00507f"))
        ]
        return [*legend, ("none decided", theme.SERIES[-1])], [
            _SHADES if v is None else min(int(float(v) * _SHADES), _SHADES - 1) for v in values
        ]
    counts = Counter(str(v) for v in values if v not in (None, UNKNOWN))
    named = [name for name, _ in counts.most_common(_NAMED)]
    legend = [(name, theme.SERIES[k]) for k, name in enumerate(named)]
    rest = "other or unknown" if colour != "character_id" else "other or none"
    places = {name: k for k, name in enumerate(named)}
    return [*legend, (rest, theme.SERIES[-1])], [places.get(str(v), len(named)) for v in values]


def _key(legend: Sequence[tuple[str, str]], colour: str, names: Any) -> Child:  # noqa: ANN401
    shown = [
        h("span.key.small", h("b.swatch"), " ", names(name) if colour == "character_id" else name) for name, _ in legend
    ]
    return h("div.row", shown, id="map-key")
