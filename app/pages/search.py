"""Search: the nearest pictures to words, to a picture, or to both, within a filter.

What belongs here: the page. Not here: scoring (``app.services.search``).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame, record_view
from app.services import browse, search
from app.services.context import Context
from app.services.filters import Filter
from charassets.errors import UsageError
from charassets.extraction import extract
from charassets.warehouse.query import QueryError

_SHOWN = 48
_WORDS_AT_MOST = 300

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Address:
    """What the address holds.

    Attributes:
        words: what to look for.
        like: a record to look like.
        query: the filter.
        least: likeness below which nothing is shown.
    """

    words: str = ""
    like: str = ""
    query: str = ""
    least: float = 0.0

    @classmethod
    def of(cls, address: str) -> "Address":
        """Read an address."""
        said = dict(parse_qsl(address.removeprefix("?"), max_num_fields=20))
        try:
            least = min(max(float(said.get("least", "0")), 0.0), 1.0)
        except ValueError:
            least = 0.0
        return cls(
            said.get("text", "")[:_WORDS_AT_MOST],
            said.get("like", ""),
            said.get("q", ""),
            least if least == least else 0.0,
        )

    @property
    def search(self) -> str:
        """Write it."""
        said = {
            "text": self.words,
            "like": self.like,
            "q": self.query,
            "least": f"{self.least:g}" if self.least else "",
        }
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "search"):
        vector, last = gr.State(None), gr.State("")
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=260):
                picture = gr.File(
                    label=texts.SEARCH_PICTURE,
                    type="binary",
                    height=140,
                    file_types=["image"],
                    elem_id="search-picture",
                    elem_classes=["takes-paste"],
                )
            with gr.Column(scale=3, min_width=320):
                shown = panel(frame.loading(), opens=True, elem_id="search")
        on_act(shown, lambda act, held: _acted(context, act, held), [vector], [shown, last], concurrency_id="models")
        picture.change(
            lambda data, address: _pictured(context, data, address),
            [picture, last],
            [vector, shown],
            concurrency_id="models",
            concurrency_limit=1,
            api_visibility="private",
            show_progress="hidden",
        )


def _acted(context: Context, act: Act, held: Vector | None) -> tuple[str, str]:
    address = Address.of(str(act.get("search", "")))
    if act.get("do") == "find":
        form = act.get("form") or {}
        said = {name: str(form.get(name, "")).strip() for name in ("text", "q", "least")}
        address = Address.of(f"?{urlencode({**said, 'like': address.like})}")
    return frame.answered(handle)(context, address, held), address.search


def _pictured(context: Context, data: bytes | None, address: str) -> tuple[Vector | None, str]:
    """A picture was given or taken away."""
    found: Vector | None = None

    def make() -> str:
        nonlocal found
        found = None if data is None else _vector_of(context, data)
        return handle(context, Address.of(address), found)

    value = frame.answered(make)()
    return found, value


def _vector_of(context: Context, data: bytes) -> Vector:
    extraction = extract(data, None, context.settings)
    if extraction.embedding is None:
        raise UsageError(
            f"nothing to look for in this picture: {extraction.reason}", todo="try one with a figure in it"
        )
    return extraction.embedding.astype(np.float32)


def handle(context: Context, address: Address, held: Vector | None) -> str:
    """The panel's value for an address and a picture."""
    with context.reading() as con:
        error: Child = None
        results: Node
        try:
            vector = _wanted(context, con, address, held)
            if vector is None:
                results = frame.state(texts.SEARCH_EMPTY, h("p", texts.SEARCH_EMPTY_TODO))
            else:
                results = _results(context, con, address, vector)
        except QueryError as problem:
            results = frame.state(texts.BAD_QUERY, h("p", str(problem)), failed=True)
        except UsageError as problem:
            results = frame.failure(problem)
    return view(h("div", _form(address, held is not None), error, results), search=address.search)


def _wanted(context: Context, con: Any, address: Address, held: Vector | None) -> Vector | None:  # noqa: ANN401
    like = held if held is not None else search.vector_of_record(con, address.like) if address.like else None
    if not address.words:
        return like
    words = search.vector_of_words(address.words, context.settings)
    return words if like is None else search.both(words, like)


def _form(address: Address, pictured: bool) -> Node:
    like = "the picture on the left" if pictured else f"record {address.like[:8]}" if address.like else ""
    return h(
        "div.card",
        h(
            "form",
            h(
                "input.grow",
                name="text",
                id="text",
                value=address.words,
                placeholder="words, e.g. a girl with green hair",
                aria_label="Words",
                autocomplete="off",
            ),
            h(
                "input",
                name="q",
                value=address.query,
                placeholder="filter, e.g. gender:female -hat",
                aria_label="Filter",
                autocomplete="off",
            ),
            h(
                "label.field",
                "likeness from ",
                h(
                    "input",
                    name="least",
                    type="number",
                    min=0,
                    max=1,
                    step=0.05,
                    value=f"{address.least:g}",
                    aria_label="Least likeness",
                ),
            ),
            h("button.main", "Search", type="submit"),
            act={"do": "find", "search": address.search},
        ),
        h(
            "p.row",
            h("span.chip", "like ", like),
            None
            if pictured
            else h(
                "a.small",
                "drop",
                act={"do": "open", "search": Address(address.words, "", address.query, address.least).search},
                href="/search",
            ),
        )
        if like
        else None,
    )


def _results(context: Context, con: Any, address: Address, vector: Vector) -> Node:  # noqa: ANN401
    found = search.nearest(con, vector, Filter(query=address.query), _SHOWN, but=[address.like] if address.like else [])
    hits = [hit for hit in found if hit.score >= address.least]
    tiles = {tile.record_id: tile for tile in browse.tiles_of(con, [hit.record_id for hit in hits])}
    if not tiles:
        return frame.state(
            texts.NOTHING_FOUND, h("p", "Lower the least likeness, or take a condition of the filter away.")
        )
    names = context.names(con)
    shown = []
    for hit in hits:
        tile = tiles.get(hit.record_id)
        if tile is not None:
            name = names(tile.character_id) if tile.character_id else None
            look = h(
                "div.row.apart",
                h("a.small", "in Browse", href=f"/browse?id={hit.record_id}"),
                h("span.muted.small.num", f"{hit.score:.2f}"),
            )
            similar = Address(address.words, hit.record_id, address.query, address.least)
            shown.append(h("div", record_view.tile(tile, name, act={"do": "open", "search": similar.search}), look))
    return h(
        "div",
        h("p.muted", h("b.num", f"{len(shown):,}"), " nearest, best first; click one for pictures like it"),
        h("div.grid", shown),
    )
