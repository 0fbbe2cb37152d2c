"""Browse: facets with counts, a query, an order, 60 pictures a page, other gates tried; all of it in the address.

What belongs here: the page. Not here: its questions (``app.services.browse``).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import correcting, frame, record_view
from app.services import browse, filters
from app.services.context import Context
from app.services.filters import Filter, facets
from charassets.settings import GateSettings
from charassets.stages.gates import VERDICTS
from charassets.warehouse.query import QueryError

_OPEN_FACETS = 6  # of a page's height
_VALUES = 7


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
                f"corrected on {act.get('expected'):,} records",
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
    left: list[Child] = [_facets(filter_, counts, names), _what_if(filter_, gates, tried)]
    return view(_layout(filter_, main, left, side), search=filter_.search, focus=focus)


def _layout(filter_: Filter, main: Sequence[Child], left: Sequence[Child], side: Node | None) -> Node:
    middle = h("div", main)
    body = h("div.beside", middle, side) if side is not None else middle
    return h("div.beside.left", h("div", left), body)


def _go(filter_: Filter) -> dict[str, Any]:
    return {"do": "open", "search": filter_.search}


def _link(filter_: Filter, kind: str, *children: Child, **attributes: Any) -> Node:  # noqa: ANN401
    return h(f"a{kind}", *children, act=_go(filter_), href=f"/browse{filter_.search}", **attributes)


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
            h("b", _named(column, value, names)),
            "  ×",
            act=_go(_without(filter_, (column, value))),
            aria_label=f"Drop {facets()[column].label}: {value}",
        )
        for (column, value), css in chips
    ]
    return h("div.row", shown, _link(Filter(sort=filter_.sort), ".small", "clear all"), sizes={"gap": 6})


def _without(filter_: Filter, choice: filters.Choice) -> Filter:
    wanted = tuple(c for c in filter_.wanted if c != choice)
    unwanted = tuple(c for c in filter_.unwanted if c != choice)
    return replace(filter_, wanted=wanted, unwanted=unwanted, page=1)


def _named(column: str, value: str, names: Callable[[str], str]) -> str:
    if value == filters.NONE:
        return texts.NO_CHARACTER if column == "character_id" else "not looked for"
    return names(value) if column == "character_id" else value


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
                act=_go(replace(filter_, record=one.record_id)),
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
        act=_go(replace(filter_, page=filter_.page - 1, record="")),
        key="ArrowLeft",
        disabled=filter_.page <= 1,
    )
    after = h(
        "button",
        "Next",
        act=_go(replace(filter_, page=filter_.page + 1, record="")),
        key="ArrowRight",
        disabled=filter_.page >= pages,
    )
    return h("div.row", before, h("span.muted.num", f"page {filter_.page:,} of {pages:,}"), after)


def _facets(filter_: Filter, counts: Sequence[browse.Counts], names: Callable[[str], str]) -> Node:
    chosen = {column for column, _ in (*filter_.wanted, *filter_.unwanted)}
    shown = [found for found in counts if found.values and not _says_nothing(found)]
    return h(
        "div.card",
        h("h2", "Narrow"),
        h("p.muted.small", "Click a value to want it, again to exclude it, once more to let it be."),
        [
            h(
                "details.facet",
                h("summary", facets()[found.column].label),
                _values(filter_, found, names),
                open=number < _OPEN_FACETS or found.column in chosen,
            )
            for number, found in enumerate(shown)
        ],
    )


def _says_nothing(found: browse.Counts) -> bool:
    return all(value == filters.NONE for value, _ in found.values)


def _values(filter_: Filter, found: browse.Counts, names: Callable[[str], str]) -> Node:
    rows = [_value(filter_, found.column, value, n, names) for value, n in found.values]
    rest = rows[_VALUES:]
    more = h("details", h("summary", f"{len(rest) + found.more} more"), rest) if rest else None
    return h("div.values", rows[:_VALUES], more)


def _value(filter_: Filter, column: str, value: str, n: int, names: Callable[[str], str]) -> Node:
    choice = (column, value)
    state = "in" if choice in filter_.wanted else "out" if choice in filter_.unwanted else ""
    mark = {"in": "✓", "out": "−"}.get(state, "")
    shown = _named(column, value, names)
    said = {"in": "wanted", "out": "excluded"}.get(state, "")
    return _link(
        filter_.turned(choice),
        f".value.{state}" if state else ".value",
        h("span", mark),
        h("b", shown),
        h("span.num", f"{n:,}"),
        aria_label=f"{facets()[column].label} {shown}, {n:,} records {said}".strip(),
        title=shown,
    )


def _what_if(filter_: Filter, gates: GateSettings, tried: dict[str, tuple[int, int]] | None) -> Node:
    now = filter_.tried(gates).model_dump()
    sliders = [
        h(
            "label.field",
            f"{words} ",
            h("b.num", f"{now[name]:g}"),
            h(
                "input",
                type="range",
                min=least,
                max=most,
                step=step,
                value=now[name],
                id=f"gate-{name}",
                act={"do": "gate", "name": name, "search": filter_.search},
                aria_label=words,
            ),
        )
        for name, (words, least, most, step) in filters.GATES.items()
    ]
    answer: Child = h("p.muted.small", "Move a gate to see what it would keep. Nothing is computed anew.")
    if tried is not None:
        answer = [
            h(
                "table",
                h("thead", h("tr", h("th", "Verdict"), h("th.right", "now"), h("th.right", "then"))),
                h(
                    "tbody",
                    [
                        h(
                            "tr",
                            h("td", verdict.replace("_", " "), title=VERDICTS.get(verdict, "")),
                            h("td.right.num", f"{before:,}"),
                            h(
                                "td.right.num",
                                f"{after:,}",
                                h("span.muted", f" {after - before:+,}") if after != before else None,
                            ),
                        )
                        for verdict, (before, after) in tried.items()
                    ],
                ),
                id="what-if",
            ),
            h("p", _link(replace(filter_, gates=()), ".small", "back to the workspace's gates")),
        ]
    return h("div.card", h("h2", "What if"), sliders, answer)
