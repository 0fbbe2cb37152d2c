"""The small query language: ``hair:blue -hat conf>0.8 cluster:12`` to a WHERE over ``records``, with parameters only.

What belongs here: the grammar and its errors. Not here: what each name means (``query_fields``), and running the query.

    query  = [ all { "or" all } ]          nothing at all lets every record through
    all    = term { term }                 terms side by side must all hold
    term   = [ "-" ] ( test | "(" query ")" )
    test   = name ":" value { "," value }  one of the values
           | name ( ">" | ">=" | "<" | "<=" | "=" ) number
           | value                         a word: an attribute's value, or a word of the tags or the description
    value  = word | '"' anything '"'       a word ends at a space; ``fate_(series)`` is one word

Nothing that is typed becomes SQL text: the SQL depends on the shape of the query alone, what was typed is in the parameters.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from charassets.errors import UsageError
from charassets.warehouse.query_fields import Condition, Misfit, bare_word, condition

MOST_CHARACTERS = 2_000
"""A longer query is no query that a person typed."""

_MOST_NESTED = 32
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(:|>=|<=|>|<|=)")
_OR = re.compile(r"(or|\|)(?=[\s()]|$)", re.IGNORECASE)


class QueryError(UsageError):
    """A query that cannot be understood.

    Attributes:
        position: where in the text, counted in characters from 0.
    """

    def __init__(self, what: str, position: int, todo: str = "") -> None:
        self.position = position
        super().__init__(what, where=f"query, character {position + 1}", todo=todo)


@dataclass(frozen=True)
class Query:
    """A condition on ``records``.

    Attributes:
        sql: an expression for WHERE, never NULL, with ``?`` for every parameter.
        params: the parameters in order.
    """

    sql: str
    params: tuple[str | float, ...]


def compile_query(text: str) -> Query:
    """Compile a query.

    Args:
        text: what a person typed; empty lets everything through.

    Raises:
        QueryError: what cannot be understood, where, and what would be.
    """
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"the query is longer than {MOST_CHARACTERS:,} characters", MOST_CHARACTERS)
    parser = _Parser(text)
    found = parser.alternatives(0)
    if not parser.at_end():
        raise QueryError("a bracket closes that was never opened", parser.place, "remove it, or quote the word")
    return Query(found.sql, found.params)


class _Parser:
    """Recursive descent over the text; ``place`` is the next character."""

    def __init__(self, text: str) -> None:
        self._text, self.place = text, 0
        self._skip()

    def at_end(self) -> bool:
        return self.place == len(self._text)

    def alternatives(self, depth: int) -> Condition:
        found = [self._all(depth)]
        while joined := _OR.match(self._text, self.place):
            place = self.place
            self.place = joined.end()
            self._skip()
            if found[-1] is None or self._ended():
                raise QueryError("`or` has nothing on one side", place, 'quote "or" to look for the word')
            found.append(self._all(depth))
        return _joined("OR", [one for one in found if one is not None])

    def _all(self, depth: int) -> Condition | None:
        """Terms up to an ``or``, a closing bracket or the end; None where there are none."""
        found: list[Condition] = []
        while not self._ended() and not _OR.match(self._text, self.place):
            found.append(self._term(depth))
            self._skip()
        return _joined("AND", found) if found else None

    def _term(self, depth: int) -> Condition:
        start, denied = self.place, self._took("-")
        if self._ended() or self._text[self.place].isspace():
            raise QueryError("`-` has nothing to exclude", start, "write it right before a word: -hat")
        found = self._group(start, depth) if self._took("(") else self._test()
        return Condition(f"NOT {found.sql}", found.params) if denied else found

    def _group(self, start: int, depth: int) -> Condition:
        if depth == _MOST_NESTED:
            raise QueryError(f"brackets are nested deeper than {_MOST_NESTED}", start)
        self._skip()
        found = self.alternatives(depth + 1)
        if not self._took(")"):
            raise QueryError("a bracket is opened and never closed", start, "add `)`")
        return found

    def _test(self) -> Condition:
        start = self.place
        named = _NAME.match(self._text, start)
        if named is None:
            word = self._value(start)
            return _told(start, lambda: bare_word(word))
        self.place = named.end()
        values = tuple(self._values(start))
        return _told(start, lambda: condition(named[1].lower(), named[2], values))

    def _values(self, start: int) -> Iterator[str]:
        yield self._value(start, until=",")
        while self._took(","):
            yield self._value(start, until=",")

    def _value(self, start: int, until: str = "") -> str:
        begin = self.place
        value = self._quoted() if self._took('"') else self._word(until)
        if not value.strip():
            todo = 'a word that begins with `"` ends with one' if self.place > begin else 'e.g. hair:blue, or tag:"a b"'
            raise QueryError("a value is missing", start, todo)
        return value

    def _quoted(self) -> str:
        begin = self.place
        end = self._text.find('"', begin)
        if end < 0:
            raise QueryError("a quotation is opened and never closed", begin - 1, 'add `"`')
        self.place = end + 1
        return self._text[begin:end]

    def _word(self, until: str) -> str:
        """Up to a space, a closing bracket that the word did not open, or ``until``."""
        begin, opened = self.place, 0
        while not self.at_end():
            char = self._text[self.place]
            opened += (char == "(") - (char == ")")
            if char.isspace() or opened < 0 or char == until:
                break
            self.place += 1
        return self._text[begin : self.place]

    def _ended(self) -> bool:
        return self.at_end() or self._text[self.place] == ")"

    def _took(self, char: str) -> bool:
        there = self._text.startswith(char, self.place)
        self.place += there * len(char)
        return there

    def _skip(self) -> None:
        while not self.at_end() and self._text[self.place].isspace():
            self.place += 1


def _told(start: int, meaning: Callable[[], Condition]) -> Condition:
    """The meaning of a test; what does not fit is told with its place."""
    try:
        return meaning()
    except Misfit as misfit:
        raise QueryError(misfit.what, start, misfit.todo) from None


def _joined(word: str, parts: list[Condition]) -> Condition:
    if not parts:
        return Condition("TRUE", ())
    if len(parts) == 1:
        return parts[0]
    sql = f" {word} ".join(part.sql for part in parts)
    return Condition(f"({sql})", tuple(param for part in parts for param in part.params))
