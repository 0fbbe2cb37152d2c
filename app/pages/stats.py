"""Stats: the funnel from raw to kept with reasons, distributions, what never occurs together, how far confidence is true.

What belongs here: the page. Not here: the queries (``app.services.stats``), which it shows beside their answers.
"""

from urllib.parse import parse_qsl, urlencode

import duckdb
import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import charts, design_view, dropped_view, frame
from app.services import filters, stats
from app.services.context import Context
from app.services.filters import facets
from charassets.attributes import vocabulary
from charassets.schema import REJECTION_CODES
from charassets.stages.gates import VERDICTS

_FATES = {
    "kept": "kept",
    "duplicate": "copies of a kept picture",
    "rejected": "could not be read",
    "quarantined": "kept out by policy",
    "pending": "not looked at yet",
    **VERDICTS,
}


_COMPARED = ("group", "one", "other")


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "stats"):
        shown = panel(frame.loading(), opens=True, elem_id="stats")
        on_act(shown, lambda act: frame.answered(handle)(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value for an address.

    ``a`` and ``b`` are crossed; ``group``, ``one``, ``other`` are compared; of ``fate`` the records are shown, by ``page``.
    """
    said = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=20))
    first, second = (said.get(name, "") for name in ("a", "b"))
    if act.get("do") == "cross":
        first, second = (str((act.get("form") or {}).get(name, "")) for name in ("a", "b"))
    compared = {name: said[name] for name in _COMPARED if name in said}
    if act.get("do") == "design":
        form = act.get("form") or {}
        compared = {name: str(form.get(name, ""))[:200] for name in _COMPARED}
    first = first if first in facets() else "gender"
    second = second if second in facets() else "hair_color"
    with context.reading() as con:
        total = con.execute("SELECT count(*) FROM all_records").fetchall()[0][0]
        if not total:
            return view(
                frame.state("No record has arrived yet", h("p", "Run a source; its records and their fates show here."))
            )
        fate, page = said.get("fate", ""), said.get("page", "1")
        shown = fate in _FATES and dropped_view.address(fate) is not None
        dropped = {"fate": fate, "page": str(max(1, int(page[:6]) if page.isdecimal() else 1))} if shown else {}
        node = h(
            "div",
            _figures(con),
            _dropped(con, fate, int(dropped["page"])) if dropped else None,
            h(
                "div.columns",
                h("div", _funnel(con, total), _sources(con)),
                h("div", _coverage(con), _reliability(con)),
            ),
            _quality(con),
            _crossed(con, first, second),
            design_view.card(con, compared),
            h("h2", "Values"),
            h("div.columns", [_distribution(con, column) for column in facets()]),
        )
    crossed = {} if (first, second) == ("gender", "hair_color") else {"a": first, "b": second}
    return view(node, search=f"?{urlencode(address)}" if (address := {**crossed, **compared, **dropped}) else "")


def _dropped(con: duckdb.DuckDBPyConnection, fate: str, page: int) -> Node:
    total = con.execute("SELECT count(*) FROM all_records WHERE fate = ?", [fate]).fetchall()[0][0]
    return dropped_view.card(con, fate, page, total, _FATES[fate])


def _figures(con: duckdb.DuckDBPyConnection) -> Node:
    numbers = con.execute(
        "SELECT (SELECT count(*) FROM all_records), count(*), count(DISTINCT character_id), avg(decided), "
        "avg(mean_confidence) FROM records"
    ).fetchall()[0]
    core = len(vocabulary.load().core)
    arrived, kept, characters, decided, confidence = numbers
    said = {
        "records arrived": f"{arrived:,}",
        "kept": f"{kept:,}",
        "characters": f"{characters:,}",
        f"of {core} attributes decided": f"{decided or 0:.1f}",
        "mean confidence": f"{confidence or 0:.2f}",
    }
    return h("div.figures", [h("div", h("b", value), h("span", name)) for name, value in said.items()])


def _funnel(con: duckdb.DuckDBPyConnection, total: int) -> Node:
    asked = stats.funnel(con)
    by_fate: dict[str, int] = {}
    for fate, _, n in asked.rows:
        by_fate[fate] = by_fate.get(fate, 0) + n
    order = sorted(by_fate, key=lambda fate: (fate != "kept", -by_fate[fate]))
    lines = [
        charts.line("arrived", total, total, tone="grey"),
        *[
            charts.line(
                f"{fate.replace('_', ' ')}: {_FATES.get(fate, '')}" if fate != "kept" else "kept",
                by_fate[fate],
                total,
                tone="green" if fate == "kept" else "amber",
                href="/browse" if fate == "kept" else dropped_view.address(fate),
            )
            for fate in order
        ],
    ]
    codes = [
        charts.line(f"{code}: {REJECTION_CODES.get(code, '')}", n, total, tone="grey")
        for fate, code, n in asked.rows
        if fate == "rejected" and code
    ]
    return h(
        "div.card",
        h("h2", "From raw to kept"),
        h("div.bars.long", lines),
        h("h3", "Why some could not be read") if codes else None,
        h("div.bars.long", codes) if codes else None,
        charts.query_fold(asked.sql),
    )


def _sources(con: duckdb.DuckDBPyConnection) -> Node:
    asked, files = stats.sources(con), stats.formats(con)
    rows = [
        h(
            "tr",
            h("td", source),
            h("td.right.num", f"{n:,}"),
            h("td.right.num", f"{kept:,}"),
            h("td.right.num", f"{kept / n:.0%}"),
        )
        for source, n, kept in asked.rows
    ]
    kinds = [
        h(
            "tr",
            h("td", kind),
            h("td.right.num", f"{n:,}"),
            h("td.right.num", "-" if side is None else f"{side:,.0f} px"),
        )
        for kind, n, side in files.rows
    ]
    return h(
        "div.card",
        h("h2", "Sources and files"),
        h(
            "table.fixed",
            h(
                "thead",
                h("tr", h("th", "Source"), h("th.right", "records"), h("th.right", "kept"), h("th.right", "share")),
            ),
            h("tbody", rows),
        ),
        charts.query_fold(asked.sql),
        h(
            "table",
            h("thead", h("tr", h("th", "Format"), h("th.right", "files"), h("th.right", "median long side"))),
            h("tbody", kinds),
        ),
        charts.query_fold(files.sql),
    )


def _coverage(con: duckdb.DuckDBPyConnection) -> Node:
    asked = stats.coverage(con)
    lines = [
        charts.line(
            attribute,
            decided,
            n,
            shown=f"{decided / n:.0%}" if n else "-",
            title=f"decided in {decided:,} of {n:,}"
            + ("" if confidence is None else f", mean confidence {confidence:.2f}"),
        )
        for attribute, decided, n, confidence in asked.rows
    ]
    return h(
        "div.card",
        h("h2", "How much is known"),
        h("p.muted.small", "Share of the kept records in which each attribute is decided; the rest is Unknown."),
        h("div.bars", lines),
        charts.query_fold(asked.sql),
    )


def _reliability(con: duckdb.DuckDBPyConnection) -> Node:
    bins, sql = stats.reliability(con)
    total = sum(one.n for one in bins)
    if not bins:
        return h(
            "div.card",
            h("h2", "Is the confidence true?"),
            h(
                "p.muted",
                "Nobody has answered a question yet. ",
                h("a", "Review", href="/review"),
                " gives this plot its points.",
            ),
        )
    error = sum(one.n * abs(one.right - one.confidence) for one in bins) / total
    words = (
        f"{total:,} answer{'' if total == 1 else 's'} of people; confidence is off by {error:.0%} on average. "
        "Review asks about doubts first, so this is the machine at its worst."
    )
    return h(
        "div.card",
        h("h2", "Is the confidence true?"),
        h("p.muted.small", words),
        charts.reliability_plot(bins),
        charts.query_fold(sql),
    )


_TRUTHS = {
    "labelled": "Against the labelled folder of the settings",
    "drawn": "Against characters that the studio draws and mistags",
    "reviews": "Against people's reviews, which are asked about doubts first",
}


def _quality(con: duckdb.DuckDBPyConnection) -> Child:
    """A small reliability plot and the error of every attribute, for each set of truth."""
    found, sql = stats.quality(con)
    if not found:
        return None
    parts: list[Child] = []
    for truth, words in _TRUTHS.items():
        panels = [
            h(
                "figure",
                h("figcaption", h("b", one.attribute)),
                charts.reliability_panel(one.bins, one.attribute),
                h("p.small", f"right {one.precision:.0%} of {one.told:,}, told {one.coverage:.0%}"),
                h("p.small.muted", f"calibration error {one.error:.3f}"),
            )
            for one in found
            if one.truth == truth
        ]
        if panels:
            parts += [h("h3", words), h("div.panels", panels)]
    note = (
        "On the dashed line confidence is the share that is right. Told: answers given of those there were to give; "
        "below it: how far confidence is off on average."
    )
    return h(
        "div.card", h("h2", "How right each attribute is"), h("p.muted.small", note), parts, charts.query_fold(sql)
    )


def _crossed(con: duckdb.DuckDBPyConnection, first: str, second: str) -> Node:
    rows, columns, counts, sql = stats.together(con, first, second)
    selects = [
        h(
            "select",
            [h("option", facet.label, value=column, selected=column == chosen) for column, facet in facets().items()],
            name=name,
            aria_label=label,
        )
        for name, chosen, label in (("a", first, "First attribute"), ("b", second, "Second attribute"))
    ]
    form = h(
        "form",
        selects[0],
        h("span.muted", "and"),
        selects[1],
        h("button", "Cross", type="submit"),
        act={"do": "cross", "search": ""},
    )
    if not rows or not columns:
        return h("div.card", h("h2", "Together"), form, h("p.muted", "Nothing is decided for both."))
    most, total = max(counts.values()), sum(counts.values())
    across = {a: sum(counts.get((a, b), 0) for b in columns) for a in rows}
    down = {b: sum(counts.get((a, b), 0) for a in rows) for b in columns}
    body = [
        h(
            "tr",
            h("th", a),
            [
                charts.cell(
                    counts.get((a, b), 0),
                    most,
                    across[a] * down[b] / total,
                    f"/browse?{urlencode([('in', f'{first}:{a}'), ('in', f'{second}:{b}')])}",
                    f"{a}, {b}",
                )
                for b in columns
            ],
        )
        for a in rows
    ]
    note = f"A hole is marked where chance alone would give {charts.EXPECTED_HOLE} or more and there is none."
    return h(
        "div.card",
        h("h2", "Together"),
        form,
        h("div.wide", h("table.heat", h("thead", h("tr", h("th"), [h("th", b) for b in columns])), h("tbody", body))),
        h("p.muted.small", note),
        charts.query_fold(sql),
    )


def _distribution(con: duckdb.DuckDBPyConnection, column: str) -> Child:
    asked = stats.distribution(con, facets()[column])
    if all(value is None for value, _ in asked.rows):
        return None
    most = max(n for _, n in asked.rows)
    lines = []
    for value, n in asked.rows:
        key = filters.NONE if value is None else str(value)
        name = (texts.NO_CHARACTER if column == "character_id" else "not looked for") if value is None else str(value)
        lines.append(
            charts.line(
                name,
                n,
                most,
                href=f"/browse?{urlencode({'in': f'{column}:{key}'})}",
                tone="grey" if value in (None, texts.UNKNOWN) else "",
            )
        )
    return h("div.card", h("h2", facets()[column].label), h("div.bars", lines), charts.query_fold(asked.sql))
