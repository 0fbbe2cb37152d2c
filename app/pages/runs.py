"""Runs: what was computed when, what failed and why, where the space goes, and the way into Dagster.

What belongs here: the page. Not here: the history (``charassets.defs.recent``).
"""

import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame
from app.services import running
from app.services.context import Context

_UNITS = ("B", "kB", "MB", "GB", "TB")
_TONES = {"success": "good", "failure": "warn", "canceled": "warn"}


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "runs"):
        link = f'<a href="{texts.DAGSTER}" rel="noopener" target="_blank">{texts.DAGSTER_OPEN}</a>'
        gr.HTML(
            f'<p class="cs-link">{link} {texts.DAGSTER_HOW}</p>',
            apply_default_css=False,
            js_on_load=None,
            elem_classes=["cs-flat"],
        )
        shown = panel(frame.loading(), opens=True, elem_id="runs")
        on_act(shown, lambda act: frame.answered(handle)(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value."""
    from charassets.defs.recent import recent_runs

    runs = recent_runs(context.workspace.dagster_home)
    there = context.has_warehouse
    if not there and not runs:
        return view(frame.no_workspace())
    lines = [
        h(
            "tr",
            h("td", h(f"span.badge.{_TONES.get(run.status, 'info')}", run.status)),
            h("td", run.job),
            h("td.num", run.began.strftime("%Y-%m-%d %H:%M UTC") if run.began else "-"),
            h("td.right.num", "-" if run.seconds is None else f"{run.seconds:,.1f} s"),
            h("td", run.partitions or ""),
            h("td.mono", run.run_id[:8]),
            h("td", [h("p.small", h("b", step), ": ", said) for step, said in run.failures.items()]),
        )
        for run in runs
    ]
    head = h(
        "thead",
        h(
            "tr",
            *(h("th", name) for name in ("", "Job", "Began")),
            h("th.right", "Took"),
            h("th", "Shards"),
            h("th", "Run"),
            h("th", "What failed"),
        ),
    )
    history: Child = h("div.wide", h("table", head, h("tbody", lines))) if runs else h("p.muted", texts.NO_RUNS)
    refresh = h("button", "Look again", act={"do": "open", "search": ""}, key="r")
    return view(
        h(
            "div",
            h("div.card", h("div.row.apart", h("h2", "Last runs"), refresh), history),
            h("div.columns", _tables(context) if there else None, _disk(context)),
        )
    )


def _tables(context: Context) -> Node:
    with context.reading() as con:
        found = running.tables(con)
    rows = [
        h(
            "tr",
            h("td.mono", one.name),
            h("td.right.num", f"{one.shards:,}"),
            h("td.right.num", f"{one.rows:,}"),
            h("td.right.num", f"{one.rejected:,}" if one.rejected else ""),
            h("td.right.num", _size(one.bytes)),
        )
        for one in found
    ]
    head = h(
        "thead",
        h(
            "tr",
            h("th", "Table"),
            h("th.right", "fragments"),
            h("th.right", "rows"),
            h("th.right", "refused"),
            h("th.right", "size"),
        ),
    )
    return h(
        "div.card", h("h2", "The lake, as the warehouse has it"), h("div.wide", h("table", head, h("tbody", rows)))
    )


def _disk(context: Context) -> Node:
    used, free = running.disk(context.workspace)
    whose = "copied here from the bucket" if context.workspace.remote_uri else "used by this workspace"
    most = max(used.values(), default=1) or 1
    lines = [
        h(
            "div.line",
            h("span.name", name),
            h("div.bar", sizes={"share": round(n / most, 4)}),
            h("span.num.right", _size(n)),
        )
        for name, n in sorted(used.items(), key=lambda pair: -pair[1])
    ]
    return h(
        "div.card",
        h("h2", "Where the space goes"),
        h("p.muted.small", f"{_size(sum(used.values()))} {whose}, {_size(free)} free on the disk"),
        h("div.bars", lines),
    )


def _size(n: float) -> str:
    for unit in _UNITS:
        if n < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 - as disks are sold
            return f"{n:,.0f} {unit}" if unit == "B" or n >= 100 else f"{n:,.1f} {unit}"  # noqa: PLR2004
        n /= 1000
    raise AssertionError("unreachable")
