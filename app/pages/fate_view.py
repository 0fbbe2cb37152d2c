"""Where a record is from and what became of it: its file, its fate, the limits it was held against, what would change its fate.

What belongs here: the view. Not here: the story itself (``charassets.inspection``).
"""

from collections.abc import Mapping
from typing import Any

from app.markup import Node, h
from charassets.inspection.story import Gate, Story

_WHOLE = 100  # from here on nobody reads fractions


def place(found: Story) -> Node:
    """The file's name, and the whole place where a pointer rests on it."""
    item = str(found.source.get("item_key", ""))
    where = str(found.source.get("uri") or item)
    member = found.source.get("member") if found.source.get("kind") != "parquet" else None  # there it is a column
    name = str(member or item).rpartition("/")[2] or found.record_id
    return h("p.small", h("b", name), " ", h("span.muted", str(found.source.get("source", ""))), title=where)


def fate(found: Story, ask: Mapping[str, Any] | None) -> Node:
    """What became of it and why, and below, folded, the limits and what would change it.

    Args:
        found: the record's story.
        ask: what a click on the question after its remedy says; None where that was looked for.
    """
    line = f"{found.fate}: {found.reason}" if found.reason else found.fate
    limits = h("dl.facts", [_limit(gate) for gate in found.gates]) if found.gates else None
    if ask is not None:
        todo = h("button.plain.small", "What would change it?", act=ask)
    else:
        todo = h("p.small", found.remedy.told() if found.remedy else "No single setting would change it.")
    return h("details", h("summary.small", line), limits, todo, open=ask is None)


def _limit(gate: Gate) -> tuple[Node, Node]:
    """What a limit is called, and what was measured for it."""
    measured = "nothing found" if gate.measured is None else _number(gate.measured)
    badge = None if gate.passed else h("span.badge.warn", "not reached")
    words = h("dd", h("span.num", measured), h("span.muted", f" of {_number(gate.limit)} needed "), badge)
    return h("dt", gate.name.removeprefix("gates.").replace("_", " ")), words


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.3g}"
