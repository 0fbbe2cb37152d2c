"""The shard ledger: which shard each source item belongs to, for ever.

New items open new shards; a changed item stays where it is and its shard's listing changes; a gone item leaves its shard.
The ledger is the table ``source_items``, one fragment a shard, committed like any other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Protocol

import pyarrow as pa

from charassets.errors import SourceError
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Lake
from charassets.schema import BOOKS, SOURCE_ITEMS

_CODE = "1"
_TIMES = "#"
_COLUMNS = SOURCE_ITEMS.arrow.names


class ItemLike(Protocol):
    """What the ledger needs to know of a source item (``charassets.sources.Item``)."""

    @property
    def item_key(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def uri(self) -> str: ...  # noqa: D102
    @property
    def first(self) -> int: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Line:
    """A line of the ledger; the fields are the columns of ``source_items``."""

    source: str
    item_key: str
    kind: str
    uri: str
    first: int
    count: int
    digest: str


@dataclass(frozen=True)
class LedgerChange:
    """What an update found.

    Attributes:
        new: shards opened now.
        changed: shards in which an item changed or is gone.
        unchanged: all other shards.
        gone: items that the sources no longer list.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    gone: int = 0

    @property
    def shards(self) -> list[str]:
        """Every shard, sorted."""
        return sorted([*self.new, *self.changed, *self.unchanged])


def update(
    lake: Lake,
    listings: Mapping[str, Iterable[ItemLike]],
    shard_records: int,
    again: Collection[tuple[str, str]] = (),
) -> LedgerChange:
    """Take the present listing of some sources into the ledger. The caller holds the workspace's lock.

    Args:
        lake: the lake.
        listings: source name to its items; sources that are not named stay as they are.
        shard_records: records a new shard holds at most (a single larger item is a shard of its own).
        again: source and key of items that are to be read once more though they are what they were.

    Raises:
        SourceError: two items of a source have the same key.
    """
    listed = _listed(listings)
    change = LedgerChange()
    gone = 0
    for shard in lake.shards(SOURCE_ITEMS.name):
        fragment = lake.fragment(SOURCE_ITEMS.name, shard)
        before = [] if fragment is None else [Line(**row) for row in fragment.read(_COLUMNS).to_pylist()]
        after, missing = [], 0
        for line in before:
            if line.source not in listings:
                after.append(line)
            elif (now := listed.pop((line.source, line.item_key), None)) is not None:
                after.append(_counted(line, now, again=(line.source, line.item_key) in again))
            else:
                missing += 1
        gone += missing
        if after == before:
            change.unchanged.append(shard)
        else:
            _commit(lake, shard, after)
            change.changed.append(shard)
    next_number = 1 + max((int(shard.rpartition("-")[2]) for shard in change.shards), default=-1)
    for number, lines in enumerate(_cut(listed.values(), shard_records), next_number):
        shard = f"shard-{number:05d}"
        _commit(lake, shard, lines)
        change.new.append(shard)
    return LedgerChange(change.new, change.changed, change.unchanged, gone)


def _counted(line: Line, now: Line, *, again: bool) -> Line:
    """The line of an item that is listed again; how often it was to be read once more stands behind its digest."""
    digest, _, times = line.digest.partition(_TIMES)
    if now.digest != digest:
        return now
    number = int(times or 0) + again
    return replace(now, digest=f"{digest}{_TIMES}{number}") if number else now


def sources(lake: Lake) -> set[str]:
    """Names of all sources that have an item in a shard."""
    return {
        name for f in lake.fragments(SOURCE_ITEMS.name) for name in f.read(["source"]).column(0).unique().to_pylist()
    }


def _listed(listings: Mapping[str, Iterable[ItemLike]]) -> dict[tuple[str, str], Line]:
    listed: dict[tuple[str, str], Line] = {}
    for source, items in listings.items():
        for item in items:
            line = Line(source, item.item_key, item.kind, item.uri, item.first, item.count, item.digest)
            if (source, item.item_key) in listed:
                raise SourceError(
                    f"source {source} lists {item.item_key} twice", where=item.uri, todo="rename one of them"
                )
            listed[source, item.item_key] = line
    return listed


def _cut(lines: Iterable[Line], shard_records: int) -> Iterable[list[Line]]:
    """Consecutive items of one source and kind, cut so that a shard holds at most ``shard_records`` records.

    A shard that cannot be read holds up all its records: pictures never share one with archives, and an item that could
    not even be listed (it counts no records) stands alone.
    """
    held: list[Line] = []
    records = 0
    for line in lines:
        last = held[-1] if held else line
        apart = (line.source, line.kind) != (last.source, last.kind) or 0 in (line.count, last.count)
        if held and (apart or records + line.count > shard_records):
            yield held
            held, records = [], 0
        held.append(line)
        records += line.count
    if held:
        yield held


def _commit(lake: Lake, shard: str, lines: Sequence[Line]) -> None:
    rows = pa.table(
        [list(column) for column in zip(*map(astuple, lines), strict=True)] or [[]] * len(_COLUMNS),
        schema=SOURCE_ITEMS.arrow,
    )
    digest = fingerprint({"ledger": _CODE, "lines": [list(astuple(line)) for line in lines]})
    with lake.writer(SOURCE_ITEMS.name, shard, SOURCE_ITEMS.arrow) as writer:
        writer.add(rows, BOOKS.empty_table())
        writer.commit(digest, fingerprint({"ledger": _CODE}), {})
