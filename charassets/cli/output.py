"""How results reach stdout: one JSON object or array where ``--json`` asks for it, else text for people.

What belongs here: printing. Not here: what is printed. Tags and names come from strangers: they are printed as they are, never as
markup, and without control characters.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIPED_WIDTH = 200


def print_json(content: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON value, indented."""
    print(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """A table without frame; numbers stand to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) or row[place] is None for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, a line each; None is left out."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if value is not None:
            print(f"{name:<{width}}  {plain(value)}")


def plain(cell: object) -> str:
    """A value as text that cannot move the cursor or colour the screen."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.3g}" if abs(cell) < 1_000 else f"{cell:,.0f}"
    return _CONTROL.sub("", f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell))


def talk(message: str) -> None:
    """A line for the person, on stderr."""
    print(message, file=sys.stderr)
