"""Tables of records: Parquet, CSV, TSV and JSONL, with pictures inside, beside, at an address, or with words alone.

What belongs here: slices of a table and the record a row makes. Not here: parsing a format, choosing columns, fetching.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, Protocol

from charassets.errors import Rejected, SourceError
from charassets.sources import columns, folder, names, storage, words
from charassets.sources.columns import Columns, Form
from charassets.sources.delimited import DelimitedRows
from charassets.sources.parquet import ParquetRows, picture_of
from charassets.sources.records import Item, Place, Refused, SourceRecord, Words
from charassets.sources.storage import Stamp

_OPENING = Lock()  # so that the slices of one table, read side by side, open it once


class Rows(Protocol):
    """A table one can read from the middle."""

    count: int
    forms: dict[str, Form]

    def sample(self) -> list[dict[str, Any]]:
        """The first rows."""
        ...

    def read(self, first: int, count: int, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """Rows with their numbers, or why one is broken."""
        ...


class Table:
    """A table file with the decision on its columns.

    Raises:
        SourceError: the file is damaged, or a column that was told is not there.
        UsageError: the mapping uses a name that is none of ours.
    """

    def __init__(self, uri: str, told: Mapping[str, str]) -> None:
        self.rows: Rows = (
            ParquetRows(uri) if names.suffix(storage.parts(uri)[-1]) in names.PARQUETS else DelimitedRows(uri)
        )
        self.columns: Columns = columns.sniff(self.rows.forms, self.rows.sample(), told, uri)
        if not self.columns.usable:
            raise columns.no_columns(self.rows.forms, uri)

    @property
    def kind(self) -> str:
        """Kind of its items."""
        return "urls" if self.columns.url else "parquet" if isinstance(self.rows, ParquetRows) else "table"


def table(uri: str, stamp: Stamp, told: Mapping[str, str]) -> Table:
    """The table at a place, kept for the tables read last."""
    with _OPENING:
        return _table(uri, stamp, tuple(sorted(told.items())))


@lru_cache(maxsize=16)
def _table(uri: str, stamp: Stamp, told: tuple[tuple[str, str], ...]) -> Table:  # a changed file is new
    return Table(uri, dict(told))


def reopened(item: Item, told: Mapping[str, str]) -> Table:
    """The table of an item that was listed earlier.

    Raises:
        SourceError: it is gone or damaged.
    """
    found = storage.look(item.uri)
    if found is None or found.stamp is None:
        raise SourceError("the table is gone", where=item.uri, todo="put it back, or list the source again")
    return table(item.uri, found.stamp, told)


def items(path: str, uri: str, of: Table, span: int, digest: str) -> Iterator[Item]:
    """Slices of a table; a last slice that fills up keeps its key, so the key holds the nominal length."""
    for first in range(0, of.rows.count, span):
        count = min(span, of.rows.count - first)
        yield Item(f"{path}#{first:09d}-{span}", of.kind, uri, first, count, digest)


def rows(item: Item, of: Table, span: int) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    """Number, locator and values of every row of a slice."""
    for row, values in of.rows.read(item.first, span, of.columns.needed(of.rows.forms)):
        yield row, f"{item.path}#{row}", values


def read(item: Item, of: Table, span: int, max_bytes: int) -> Iterator[SourceRecord | Refused]:
    """Records of a slice of a table with pictures or with words alone.

    Raises:
        SourceError: the table is damaged.
    """
    for row, locator, values in rows(item, of, span):
        if isinstance(values, str):
            yield Refused(locator, "unreadable", values)
            continue
        try:
            place, data, name = _picture(item.uri, row, values, of.columns, max_bytes)
            yield record(locator, place, data, said(item, values, of.columns, name))
        except Rejected as refusal:
            yield Refused(locator, refusal.code, refusal.detail)


def record(locator: str, place: Place, data: bytes | None, found: Words) -> SourceRecord:
    """The record of a row.

    Raises:
        Rejected: ``no_image_bytes`` where it has neither picture nor words.
    """
    if data is None and not found.speak:
        raise Rejected("no_image_bytes")
    return SourceRecord(locator, place, found, data)


def said(item: Item, values: Mapping[str, Any], decided: Columns, name: str = "") -> Words:
    """What a row says, and what the picture's name and folders say besides."""
    place = {decided.image, decided.path, decided.url}
    told = {column: value for column, value in values.items() if column not in place}
    safe = names.safe_member(name) or ""
    return words.from_mapping(told, decided.renamed).over(folder.path_facts(item, safe))


def _picture(
    uri: str, row: int, values: Mapping[str, Any], decided: Columns, max_bytes: int
) -> tuple[Place, bytes | None, str]:
    """Place, bytes and name of a row's picture: inside the table, or at the path it gives."""
    cell = values.get(decided.image) if decided.image else None
    path = cell.get("path") if isinstance(cell, Mapping) else values.get(decided.path or "")
    name = path if isinstance(path, str) else ""
    data = picture_of(cell)
    if data == b"":
        raise Rejected("empty")
    if data is not None:
        storage.check_size(len(data), max_bytes)
        return Place("parquet", uri, member=decided.image, length=len(data), row=row), data, name
    if not name:
        return Place("text", uri, row=row), None, ""
    safe = names.safe_member(name)
    if safe is None:
        raise Rejected("bad_name", names.printable(name)[:200])
    where = storage.parent(uri)
    for part in safe.split("/"):
        where = storage.join(where, part)
    data = storage.read_file(where, max_bytes)
    return Place("file", where, length=len(data), row=row), data, name
