"""Quoting for SQL: what cannot be a parameter (names, comments, lists of files in a view) goes through here.

What belongs here: text to safe SQL text. Not here: the statements.
"""

from collections.abc import Iterable
from pathlib import Path


def literal(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def literals(texts: Iterable[str]) -> str:
    """A list of string literals."""
    return "[" + ", ".join(literal(text) for text in texts) + "]"


def comment(kind: str, name: str, text: str) -> str:
    """``COMMENT ON`` for a TABLE, VIEW or COLUMN; ``name`` is quoted already."""
    return f"COMMENT ON {kind} {name} IS {literal(text)}"


def script(name: str) -> str:
    """A SQL file of this room."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
