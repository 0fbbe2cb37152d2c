"""The left side of Browse: facets with counts, and the gates that may be tried.

What belongs here: views. Not here: the page (``app.pages.browse``) and its questions.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from app import texts
from app.markup import Child, Node, h
from app.services import browse, filters
from app.services.filters import Filter, facets
from charassets.attributes.vocabulary import UNKNOWN
from charassets.settings import GateSettings
from charassets.stages.gates import VERDICTS

_OPEN_FACETS = 6  # of a page's height
_VALUES = 7
_NOTHING = {"character_id": texts.NO_CHARACTER, "identity": texts.NOBODY_KNOWN}


def go(filter_: Filter) -> dict[str, Any]:
    """The act that shows a filter."""
    return {"do": "open", "search": filter_.search}


def link(filter_: Filter, kind: str, *children: Child, **attributes: Any) -> Node:  # noqa: ANN401
    """A link to a filter."""
    return h(f"a{kind}", *children, act=go(filter_), href=f"/browse{filter_.search}", **attributes)


def named(column: str, value: str, names: Callable[[str], str]) -> str:
    """A facet's value in words."""
    if value == filters.NONE:
        return _NOTHING.get(column, "not looked for")
    return names(value) if column == "character_id" else value


def facet_card(filter_: Filter, counts: Sequence[browse.Counts], names: Callable[[str], str]) -> Node:
    """Every facet whose values say something."""
    chosen = {column for column, _ in (*filter_.wanted, *filter_.unwanted)}
    shown = [found for found in counts if found.values and not _says_nothing(found)]
    opened = {found.column for found in [one for one in shown if not _all_unknown(one)][:_OPEN_FACETS]} | chosen
    return h(
        "div.card",
        h("h2", "Narrow"),
        h("p.muted.small", "Click a value to want it, again to exclude it, once more to let it be."),
        [
            h(
                "details.facet",
                h("summary", facets()[found.column].label),
                _values(filter_, found, names),
                open=found.column in opened,
            )
            for found in shown
        ],
    )


def _all_unknown(found: browse.Counts) -> bool:
    return all(value == UNKNOWN for value, _ in found.values)


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
    shown = named(column, value, names)
    said = {"in": "wanted", "out": "excluded"}.get(state, "")
    return link(
        filter_.turned(choice),
        f".value.{state}" if state else ".value",
        h("span", mark),
        h("b", shown),
        h("span.num", f"{n:,}"),
        aria_label=f"{facets()[column].label} {shown}, {texts.counted(n, 'record')} {said}".strip(),
        title=shown,
    )


def what_if_card(filter_: Filter, gates: GateSettings, tried: dict[str, tuple[int, int]] | None) -> Node:
    """A slider a gate, and what the gates that are tried would keep."""
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
            h("p", link(replace(filter_, gates=()), ".small", "back to the workspace's gates")),
        ]
    return h("div.card", h("h2", "What if"), sliders, answer)
