"""Stats: the funnel from raw to kept with reasons, distributions, what never occurs together, how far confidence is true.

What belongs here: the page. Not here: the queries (``app.services.stats``), which it shows beside their answers.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

import duckdb
import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame
from app.services import filters, stats
from app.services.context import Context
from app.services.filters import facets
from app.services.stats import Bin
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
_EXPECTED_HOLE = 5  # a pair that would occur this often if the two were independent, and does not
_SIDE = 220


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "stats"):
        shown = panel(frame.loading(), opens=True, elem_id="stats")
        on_act(shown, lambda act: frame.answered(handle)(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value for an address: ``a`` and ``b`` are the attributes that are crossed."""
    said = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=20))
    first, second = (said.get(name, "") for name in ("a", "b"))
    if act.get("do") == "cross":
        first, second = (str((act.get("form") or {}).get(name, "")) for name in ("a", "b"))
    first = first if first in facets() else "gender"
    second = second if second in facets() else "hair_color"
    with context.reading() as con:
        total = con.execute("SELECT count(*) FROM all_records").fetchall()[0][0]
        if not total:
            return view(
                frame.state("No record has arrived yet", h("p", "Run a source; its records and their fates show here."))
            )
        node = h(
            "div",
            _figures(con),
            h(
                "div.columns",
                h("div", _funnel(con, total), _sources(con)),
                h("div", _coverage(con), _reliability(con)),
            ),
            _crossed(con, first, second),
            h("h2", "Values"),
            h("div.columns", [_distribution(con, column) for column in facets()]),
        )
    search = "" if (first, second) == ("gender", "hair_color") else f"?{urlencode({'a': first, 'b': second})}"
    return view(node, search=search)


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


def _line(
    name: str, n: int, most: int, *, href: str | None = None, title: str = "", tone: str = "", shown: str = ""
) -> Node:
    share = n / most if most else 0.0
    inside = (
        h("span.name", name),
        h(f"div.bar.{tone}" if tone else "div.bar", sizes={"share": round(share, 4)}),
        h("span.num.right", shown or f"{n:,}"),
    )
    label = f"{name}: {shown or f'{n:,}'}"
    return (
        h("a", *inside, href=href, title=title or label, aria_label=label)
        if href
        else h("div.line", *inside, title=title or label)
    )


def _query(sql: str) -> Node:
    return h("details", h("summary", "The query"), h("code.block", sql))


def _funnel(con: duckdb.DuckDBPyConnection, total: int) -> Node:
    asked = stats.funnel(con)
    by_fate: dict[str, int] = {}
    for fate, _, n in asked.rows:
        by_fate[fate] = by_fate.get(fate, 0) + n
    order = sorted(by_fate, key=lambda fate: (fate != "kept", -by_fate[fate]))
    lines = [
        _line("arrived", total, total, tone="grey"),
        *[
            _line(
                f"{fate.replace('_', ' ')}: {_FATES.get(fate, '')}" if fate != "kept" else "kept",
                by_fate[fate],
                total,
                tone="green" if fate == "kept" else "amber",
                href="/browse" if fate == "kept" else None,
            )
            for fate in order
        ],
    ]
    codes = [
        _line(f"{code}: {REJECTION_CODES.get(code, '')}", n, total, tone="grey")
        for fate, code, n in asked.rows
        if fate == "rejected" and code
    ]
    return h(
        "div.card",
        h("h2", "From raw to kept"),
        h("div.bars.long", lines),
        h("h3", "Why some could not be read") if codes else None,
        h("div.bars.long", codes) if codes else None,
        _query(asked.sql),
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
        _query(asked.sql),
        h(
            "table",
            h("thead", h("tr", h("th", "Format"), h("th.right", "files"), h("th.right", "median long side"))),
            h("tbody", kinds),
        ),
        _query(files.sql),
    )


def _coverage(con: duckdb.DuckDBPyConnection) -> Node:
    asked = stats.coverage(con)
    lines = [
        _line(
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
        _query(asked.sql),
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
    return h("div.card", h("h2", "Is the confidence true?"), h("p.muted.small", words), _plot(bins), _query(sql))


def _plot(bins: Sequence[Bin]) -> Node:
    x, y = (lambda share: 30 + share * _SIDE), (lambda share: 8 + (1 - share) * _SIDE)
    ticks: list[Child] = []
    for share in (0.0, 0.5, 1.0):
        ticks.append(h("text", f"{share:.0%}", x=x(share), y=_SIDE + 24, text_anchor="middle"))
        ticks.append(h("text", f"{share:.0%}", x=24, y=y(share) + 4, text_anchor="end"))
    points = " ".join(f"{x(one.confidence):.1f},{y(one.right):.1f}" for one in bins)
    dots = [
        h(
            "circle.dot",
            h("title", f"said {one.confidence:.0%}, right {one.right:.0%}, {one.n} answers"),
            cx=round(x(one.confidence), 1),
            cy=round(y(one.right), 1),
            r=min(3 + one.n / 10, 9),
        )
        for one in bins
    ]
    return h(
        "svg.chart",
        h("line.axis", x1=x(0), y1=y(0), x2=x(1), y2=y(0)),
        h("line.axis", x1=x(0), y1=y(0), x2=x(0), y2=y(1)),
        h("line.ideal", x1=x(0), y1=y(0), x2=x(1), y2=y(1)),
        h("polyline.curve", points=points),
        dots,
        ticks,
        h("text", "confidence", x=x(0.5), y=_SIDE + 40, text_anchor="middle"),
        viewBox=f"0 0 {_SIDE * 2} {_SIDE + 48}",
        role="img",
        aria_label="Share of right answers by confidence",
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
                _cell(
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
    note = f"A hole is marked where chance alone would give {_EXPECTED_HOLE} or more and there is none."
    return h(
        "div.card",
        h("h2", "Together"),
        form,
        h("div.wide", h("table.heat", h("thead", h("tr", h("th"), [h("th", b) for b in columns])), h("tbody", body))),
        h("p.muted.small", note),
        _query(sql),
    )


def _cell(n: int, most: int, expected: float, href: str, label: str) -> Node:
    if n == 0:
        hole = expected >= _EXPECTED_HOLE
        return h(
            "td.cell.hole" if hole else "td.cell",
            "none" if hole else "",
            title=f"{label}: none, {expected:.0f} expected",
            sizes={"share": 0},
        )
    return h(
        "td.cell",
        h("a", f"{n:,}", href=href, aria_label=f"{label}: {n:,} records"),
        sizes={"share": round(n / most, 3)},
        title=f"{label}: {n:,}",
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
            _line(
                name,
                n,
                most,
                href=f"/browse?{urlencode({'in': f'{column}:{key}'})}",
                tone="grey" if value in (None, texts.UNKNOWN) else "",
            )
        )
    return h("div.card", h("h2", facets()[column].label), h("div.bars", lines), _query(asked.sql))
