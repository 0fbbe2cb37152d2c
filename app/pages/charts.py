"""Bars, cells and a curve: how numbers look on Stats.

What belongs here: drawing numbers. Not here: where they come from.
"""

from collections.abc import Sequence

from app import texts
from app.markup import Child, Node, h
from app.services.stats import Bin

EXPECTED_HOLE = 5
"""A pair is a hole where chance alone would give as many, and there is none."""

_SIDE = 220


def line(
    name: str, n: int, most: int, *, href: str | None = None, title: str = "", tone: str = "", shown: str = ""
) -> Node:
    """A name, a bar, a number; a link where it leads somewhere."""
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


def query_fold(sql: str) -> Node:
    """The query behind a number, to copy."""
    return h("details", h("summary", "The query"), h("code.block", sql))


def reliability_plot(bins: Sequence[Bin]) -> Node:
    """Share of right answers by confidence; on the dashed line confidence is true."""
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


def reliability_panel(bins: Sequence[Bin], name: str) -> Node:
    """The same in the size of a stamp, without numbers on its axes."""
    side = 100
    points = [(round(4 + b.confidence * side, 1), round(4 + (1 - b.right) * side, 1)) for b in bins]
    most = max(b.n for b in bins)
    dots = [
        h(
            "circle.dot",
            h("title", f"said {b.confidence:.0%}, right {b.right:.0%}, {b.n} answers"),
            cx=x,
            cy=y,
            r=round(1.5 + 2.5 * (b.n / most) ** 0.5, 1),
        )
        for b, (x, y) in zip(bins, points, strict=True)
    ]
    return h(
        "svg.chart.panel",
        h("line.axis", x1=4, y1=4 + side, x2=4 + side, y2=4 + side),
        h("line.axis", x1=4, y1=4 + side, x2=4, y2=4),
        h("line.ideal", x1=4, y1=4 + side, x2=4 + side, y2=4),
        h("polyline.curve", points=" ".join(f"{x},{y}" for x, y in points)),
        dots,
        viewBox=f"0 0 {side + 8} {side + 8}",
        role="img",
        aria_label=f"{name}: share of right answers by confidence",
    )


def cell(n: int, most: int, expected: float, href: str, label: str) -> Node:
    """One pair of a table of pairs; ``expected`` is what chance alone would give."""
    if n == 0:
        hole = expected >= EXPECTED_HOLE
        return h(
            "td.cell.hole" if hole else "td.cell",
            "none" if hole else "",
            title=f"{label}: none, {expected:.0f} expected",
            sizes={"share": 0},
        )
    return h(
        "td.cell",
        h("a", f"{n:,}", href=href, aria_label=f"{label}: {texts.counted(n, 'record')}"),
        sizes={"share": round(n / most, 3)},
        title=f"{label}: {n:,}",
    )
