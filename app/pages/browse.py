"""Browse: facets with counts, a query, an order, 60 pictures a page, other gates tried; all of it in the address.

What belongs here: the page. Not here: its questions (``app.services.browse``).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import correcting, facet_view, frame, record_view
from app.services import browse, filters
from app.services.context import Context
from app.services.filters import Filter, facets
from charassets.warehouse.query import QueryError


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "browse"):
        shown = panel(frame.loading(), opens=True, elem_id="browse")
        on_act(shown, lambda act: handle(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value after a click."""
    return frame.answered(_handle)(context, act)


def _handle(context: Context, act: Act) -> str:
    filter_ = Filter.of(str(act.get("search", "")))
    deed = act.get("do")
    edit, words = None, ""
    if deed == "query":
        form = act.get("form") or {}
        filter_ = replace(filter_, query=str(form.get("q", "")).strip(), page=1, record="")
    elif deed == "sort":
        filter_ = replace(filter_, sort=str(act.get("value")), page=1)
        filter_ = Filter.of(filter_.search)
    elif deed == "gate":
        filter_ = _with_gate(filter_, str(act.get("name")), str(act.get("value")))
    elif deed == "set":
        edit, words = correcting.set_one(context, filter_, act), f"{act.get('attribute')} corrected"
    elif deed == "set-all":
        with context.reading() as con:
            edit, words = (
                correcting.set_all(context, con, filter_, act),
                f"corrected on {texts.counted(int(act.get('expected') or 0), 'record')}",
            )
    elif deed == "undo":
        edit, words = correcting.undo(context, act), "taken back"
    notice = correcting.notice(edit, words, {"search": filter_.search})
    return _show(context, filter_, act, notice)


def _with_gate(filter_: Filter, name: str, value: str) -> Filter:
    others = tuple(pair for pair in filter_.gates if pair[0] != name)
    return Filter.of(replace(filter_, gates=others).search + f"&{name}={value}") if name in filters.GATES else filter_


def _show(context: Context, filter_: Filter, act: Act, notice: Child) -> str:
    focus = "query" if act.get("do") == "query" else None
    with context.reading() as con:
        try:
            total = browse.count(con, filter_)
        except QueryError as error:
            node = _layout(filter_, [_query(filter_, error)], [], None)
            return view(node, search=filter_.search, focus=focus)
        shown = browse.tiles(con, filter_)
        names = context.names(con)
        counts = browse.facet_counts(con, filter_)
        gates = browse.present_gates(con)
        tried = browse.what_if(con, filter_.tried(gates)) if filter_.gates else None
        side = correcting.inspector(context, con, filter_, act) if filter_.record else None
    main: list[Child] = [
        notice,
        _query(filter_),
        _chips(filter_, names),
        _summary(filter_, total),
        _grid(filter_, shown, names),
        _pager(filter_, total),
        correcting.bulk(context, filter_, total),
        h("details", h("summary", "The SQL this stands for"), h("code.block", filters.shown_sql(filter_))),
    ]
    left: list[Child] = [facet_view.facet_card(filter_, counts, names), facet_view.what_if_card(filter_, gates, tried)]
    return view(_layout(filter_, main, left, side), search=filter_.search, focus=focus)


def _layout(filter_: Filter, main: Sequence[Child], left: Sequence[Child], side: Node | None) -> Node:
    middle = h("div", main)
    body = h("div.beside", middle, side) if side is not None else middle
    return h("div.beside.left", h("div", left), body)


def _query(filter_: Filter, error: QueryError | None = None) -> Node:
    form = h(
        "form",
        h(
            "input.grow",
            id="query",
            name="q",
            value=filter_.query,
            placeholder="hair:blue -hat conf>0.8 cluster:12 has:face tag:smile",
            aria_label="Query",
            autocomplete="off",
        ),
        h("button.main", "Find", type="submit"),
        h(
            "select",
            [
                h("option", words, value=name, selected=name == filter_.sort)
                for name, (words, _) in filters.SORTS.items()
            ],
            act={"do": "sort", "search": filter_.search},
            aria_label="Order",
        ),
        act={"do": "query", "search": filter_.search},
    )
    if error is None:
        return h("div.card", form)
    problem = frame.state(texts.BAD_QUERY, h("p", str(error)), failed=True)
    return h("div", h("div.card", form), problem)


def _chips(filter_: Filter, names: Callable[[str], str]) -> Child:
    chips = [(choice, "chip") for choice in filter_.wanted] + [(choice, "chip.out") for choice in filter_.unwanted]
    if not chips and not filter_.query:
        return None
    shown = [
        h(
            f"button.{css}",
            f"{facets()[column].label}: ",
            h("b", facet_view.named(column, value, names)),
            "  ×",
            act=facet_view.go(_without(filter_, (column, value))),
            aria_label=f"Drop {facets()[column].label}: {value}",
        )
        for (column, value), css in chips
    ]
    return h("div.row", shown, facet_view.link(Filter(sort=filter_.sort), ".small", "clear all"), sizes={"gap": 6})


def _without(filter_: Filter, choice: filters.Choice) -> Filter:
    wanted = tuple(c for c in filter_.wanted if c != choice)
    unwanted = tuple(c for c in filter_.unwanted if c != choice)
    return replace(filter_, wanted=wanted, unwanted=unwanted, page=1)


def _summary(filter_: Filter, total: int) -> Node:
    first = filters.PAGE * (filter_.page - 1) + 1
    last = min(total, filters.PAGE * filter_.page)
    shown = f", {first:,}-{last:,} shown" if total > filters.PAGE and first <= total else ""
    return h("p.muted", h("b.num", f"{total:,}"), f" record{'' if total == 1 else 's'}{shown}", aria_label="Found")


def _grid(filter_: Filter, shown: Sequence[browse.Tile], names: Callable[[str], str]) -> Node:
    if not shown:
        everything = not (filter_.query or filter_.wanted or filter_.unwanted)
        title, todo = (
            (texts.NOTHING_KEPT, texts.NOTHING_KEPT_TODO)
            if everything
            else (texts.NOTHING_FOUND, texts.NOTHING_FOUND_TODO)
        )
        return frame.state(title, h("p", todo))
    return h(
        "div.grid",
        [
            record_view.tile(
                one,
                names(one.character_id) if one.character_id else None,
                act=facet_view.go(replace(filter_, record=one.record_id)),
                chosen=one.record_id == filter_.record,
            )
            for one in shown
        ],
    )


def _pager(filter_: Filter, total: int) -> Child:
    pages = -(-total // filters.PAGE)
    if pages <= 1:
        return None
    before = h(
        "button",
        "Previous",
        act=facet_view.go(replace(filter_, page=filter_.page - 1, record="")),
        key="ArrowLeft",
        disabled=filter_.page <= 1,
    )
    after = h(
        "button",
        "Next",
        act=facet_view.go(replace(filter_, page=filter_.page + 1, record="")),
        key="ArrowRight",
        disabled=filter_.page >= pages,
    )
    return h("div.row", before, h("span.muted.num", f"page {filter_.page:,} of {pages:,}"), after)
