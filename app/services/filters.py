"""What a page is narrowed to: facets, a query, an order and a page, all of it in the address.

What belongs here: the filter, its address, its SQL. Not here: questions asked with it (``browse``, ``search``, ``exporting``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import parse_qsl, urlencode

from charassets.attributes import vocabulary
from charassets.attributes.vocabulary import MULTI_SEPARATOR
from charassets.settings import GateSettings
from charassets.warehouse.query import compile_query
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier, literal

PAGE = 60
"""Pictures of a page: a gallery of these is drawn in half a second."""

NONE = "∅"
"""Stands in the address for the absence of a value; no vocabulary, source or character is called so."""

SORTS: dict[str, tuple[str, str]] = {
    "arrival": ("as they came", "shard, item_key, record_id"),
    "sure": ("surest first", "mean_confidence DESC NULLS LAST, record_id"),
    "unsure": ("least sure first", "mean_confidence ASC NULLS LAST, record_id"),
    "sharp": ("sharpest first", "sharpness DESC NULLS LAST, record_id"),
    "character": ("by character", "character_id NULLS LAST, character_probability DESC, record_id"),
    "copies": ("most copies first", "copies DESC, record_id"),
}
"""Name in the address to words and SQL."""

GATES: dict[str, tuple[str, float, float, float]] = {
    "min_side": ("Short side, px", 0, 1024, 8),
    "min_sharpness": ("Sharpness", 0, 400, 1),
    "person_score": ("Person score", 0, 1, 0.01),
    "second_figure_score": ("Second figure's score", 0, 1, 0.01),
}
"""Gates with a slider: words, least, most, step."""

_MAX_PAGE = 1_000_000
_MAX_VALUES = 200


@dataclass(frozen=True)
class Facet:
    """A column people narrow by."""

    column: str
    label: str
    multi: bool = False

    @property
    def values_sql(self) -> str:
        """The column's values as a list, for a record."""
        column = identifier(self.column)
        return f"string_split({column}, {literal(MULTI_SEPARATOR)})" if self.multi else f"[{column}]"


@cache
def facets() -> dict[str, Facet]:
    """Every facet by column, in the order of the page: the attributes, then whom it shows and where it belongs."""
    found = [Facet(column_of(a.name), a.name, a.multi) for a in vocabulary.load().attributes.values()]
    more = [
        Facet("character_id", "Character"),
        Facet("identity", "Identity"),
        Facet("source", "Source"),
        Facet("rating", "Rating"),
    ]
    return {facet.column: facet for facet in (*found, *more)}


Choice = tuple[str, str]
"""A column and one of its values."""


@dataclass(frozen=True)
class Filter:
    """A filter.

    Attributes:
        query: text in the query language.
        wanted: values of facets; of one column any, of several columns all.
        unwanted: values that must not be.
        sort: key of ``SORTS``.
        page: from 1.
        gates: thresholds to try, by name; only those that differ from the workspace's.
        record: the record that is looked at.
    """

    query: str = ""
    wanted: tuple[Choice, ...] = ()
    unwanted: tuple[Choice, ...] = ()
    sort: str = "arrival"
    page: int = 1
    gates: tuple[tuple[str, float], ...] = ()
    record: str = ""

    @classmethod
    def of(cls, search: str) -> "Filter":
        """The filter an address stands for; what makes no sense in it is passed over."""
        said = parse_qsl(search.removeprefix("?"), max_num_fields=_MAX_VALUES)
        last = dict(said)
        sort = last.get("sort", "arrival")
        return cls(
            query=last.get("q", ""),
            wanted=_choices(said, "in"),
            unwanted=_choices(said, "out"),
            sort=sort if sort in SORTS else "arrival",
            page=_page(last.get("page", "")),
            gates=tuple((name, value) for name in GATES if (value := _gate(name, last.get(name, ""))) is not None),
            record=last.get("id", ""),
        )

    @property
    def search(self) -> str:
        """The address's query, empty for the filter that lets everything through."""
        said = [("q", self.query)] if self.query else []
        said += [("in", f"{column}:{value}") for column, value in self.wanted]
        said += [("out", f"{column}:{value}") for column, value in self.unwanted]
        said += [("sort", self.sort)] if self.sort != "arrival" else []
        said += [(name, f"{value:g}") for name, value in self.gates]
        said += [("page", str(self.page))] if self.page > 1 else []
        said += [("id", self.record)] if self.record else []
        return f"?{urlencode(said)}" if said else ""

    def turned(self, choice: Choice) -> "Filter":
        """A value clicked: wanted, then unwanted, then neither."""
        base = replace(self, page=1, record="")
        if choice in self.wanted:
            return replace(base, wanted=_less(self.wanted, choice), unwanted=(*self.unwanted, choice))
        if choice in self.unwanted:
            return replace(base, unwanted=_less(self.unwanted, choice))
        return replace(base, wanted=(*self.wanted, choice))

    def where(self, but: str = "") -> tuple[str, list[str | float]]:
        """The condition over ``records`` and its parameters; ``but`` leaves one facet's values out, for its counts.

        Raises:
            QueryError: the query cannot be understood.
        """
        compiled = compile_query(self.query)
        parts, params = [compiled.sql], list(compiled.params)
        for column in dict.fromkeys(column for column, _ in self.wanted if column != but):
            values = [value for name, value in self.wanted if name == column]
            parts.append("(" + " OR ".join(_holds(column, value) for value in values) + ")")
            params += [value for value in values if value != NONE]
        for column, value in self.unwanted:
            if column == but:
                continue
            parts.append(f"NOT {_holds(column, value)}")
            params += [value] if value != NONE else []
        return " AND ".join(part for part in parts if part != "TRUE") or "TRUE", params

    def tried(self, gates: GateSettings) -> GateSettings:
        """The gates with the thresholds to try."""
        return gates.model_copy(update=dict(self.gates))


def shown_sql(filter_: Filter) -> str:
    """The query a person would type into DuckDB for the same records, values in place."""
    sql, params = filter_.where()
    pieces = sql.split("?")
    filled = pieces[0] + "".join(
        (literal(p) if isinstance(p, str) else f"{p:g}") + rest for p, rest in zip(params, pieces[1:], strict=True)
    )
    return f"SELECT * FROM records\nWHERE {filled}\nORDER BY {SORTS[filter_.sort][1]}"  # noqa: S608 - text to copy, never run


def _holds(column: str, value: str) -> str:
    facet = facets()[column]
    if value == NONE:
        return f"{identifier(column)} IS NULL"
    return (
        f"coalesce(list_contains({facet.values_sql}, ?), FALSE)"
        if facet.multi
        else f"coalesce({identifier(column)} = ?, FALSE)"
    )


def _choices(said: Sequence[tuple[str, str]], name: str) -> tuple[Choice, ...]:
    found = (_choice(text) for key, text in said if key == name)
    return tuple(choice for choice in found if choice is not None)


def _choice(text: str) -> Choice | None:
    column, colon, value = text.partition(":")
    return (column, value) if colon and value and column in facets() else None


def _page(text: str) -> int:
    return min(max(1, int(text)), _MAX_PAGE) if text.isascii() and text.isdigit() else 1


def _gate(name: str, text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    _, least, most, _ = GATES[name]
    return value if least <= value <= most else None


def _less(choices: tuple[Choice, ...], gone: Choice) -> tuple[Choice, ...]:
    return tuple(choice for choice in choices if choice != gone)
