"""A card of Stats: two groups of pictures, and what in how they are drawn tells them apart.

What belongs here: the form and the table. Not here: the comparison (``app.services.designs``).
"""

import duckdb

from app import texts
from app.components import Act
from app.markup import Child, Node, h
from app.pages import charts, frame
from app.services import designs
from app.services.filters import facets
from charassets.design.catalogue import CATALOGUE
from charassets.errors import UsageError

_FALSE = 0.05  # share of false finds among what is called different
_SHOWN = 25


def card(con: duckdb.DuckDBPyConnection, said: Act) -> Node:
    """The card for a request: ``group`` is a facet, ``one`` and ``other`` are values of it."""
    column = str(said.get("group", ""))
    column = column if column in facets() else "gender"
    known = designs.values(con, column)
    names = [value for value, _ in known]
    one, other = (str(said.get(name, "")) for name in ("one", "other"))
    if one not in names or other not in names:
        one, other = (names + ["", ""])[:2]
    answer: Child = None
    if said.get("group"):
        try:
            answer = _table(designs.compared(con, column, one, other), one, other)
        except UsageError as error:
            answer = frame.failure(error)
    note = "Every measurement of design_features is compared; choose an attribute and press Compare to see its values."
    return h(
        "div.card",
        h("h2", "What tells two groups apart"),
        h(
            "form",
            _select("group", "Attribute", [(c, facet.label) for c, facet in facets().items()], column),
            _select("one", "First group", [(value, f"{value} ({n:,})") for value, n in known], one),
            h("span.muted", "against"),
            _select("other", "Second group", [(value, f"{value} ({n:,})") for value, n in known], other),
            h("button", "Compare", type="submit"),
            act={"do": "design", "search": ""},
        ),
        answer or h("p.muted.small", note),
        id="designs",
    )


def _select(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> Node:
    made = [h("option", words, value=value, selected=value == chosen) for value, words in options]
    return h("select", made, name=name, aria_label=label)


def _table(compared: designs.Compared, one: str, other: str) -> Node:
    kinds = {feature.name: feature for feature in CATALOGUE}
    told = [found for found in compared.found if found.q <= _FALSE]
    head = ("Measurement", "Kind", one, other, "Effect size d", "AUC", "Corrected p")
    rows = [
        h(
            "tr",
            h("th", found.feature.replace("_", " "), title=kinds[found.feature].doc),
            h("td.muted", kinds[found.feature].group),
            *(h("td.num", f"{value:.3g}") for value in (found.mean_a, found.mean_b)),
            h("td.num", f"{found.d:+.2f}"),
            h("td.num", f"{found.auc:.2f}"),
            h("td.num", "< .001" if found.q < 0.001 else f"{found.q:.3f}"),  # noqa: PLR2004
        )
        for found in told[:_SHOWN]
    ]
    sizes = f"{texts.counted(compared.sizes[0], 'picture')} of {one} against {compared.sizes[1]:,} of {other}"
    more = f", the clearest {_SHOWN} shown" if len(told) > _SHOWN else ""
    said = f"{sizes}: {len(told)} of {len(compared.found)} measurements differ{more}; of these one in twenty may be chance."
    table = h("div.wide", h("table", h("thead", h("tr", [h("th", name) for name in head])), h("tbody", rows)))
    note = (
        "d: difference of means in standard deviations. AUC: chance that a picture of the first group has the larger value, .50 "
        "says nothing. Mann-Whitney test, p corrected for the number of measurements (Benjamini and Hochberg)."
    )
    return h("div", h("p", said), table if told else None, h("p.muted.small", note), charts.query_fold(compared.sql))
