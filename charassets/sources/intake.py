"""Takes the present listing of the sources into the shard ledger: the first act of a run, and the sensor's.

What belongs here: listing every source, telling apart those that cannot be listed, and which files that could not be read once
can be now. Not here: reading records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

from charassets.errors import CharassetsError, Rejected, SourceError, UsageError
from charassets.lake import ledger
from charassets.lake.fragments import Lake
from charassets.schema import RAW_SHARDS
from charassets.settings import Settings
from charassets.sources import open_source
from charassets.sources.records import Item, record_id
from charassets.sources.storage import read_file

_UNREADABLE = "unreadable"
_FILES = frozenset({"file", "kohya"})  # one record each, whose key is the item's


@dataclass(frozen=True)
class Intake:
    """What the sources hold now.

    Attributes:
        change: what became of the shards.
        records: source name to the number of records its items are expected to hold.
        described: source name to a line about what was found there.
        failed: source name to the reason why it could not be listed; its shards stay as they were.
    """

    change: ledger.LedgerChange
    records: Mapping[str, int]
    described: Mapping[str, str]
    failed: Mapping[str, CharassetsError] = field(default_factory=dict)


def take_in(settings: Settings, lake: Lake) -> Intake:
    """List all sources and bring the ledger up to date. The caller holds the workspace's lock.

    A source that cannot be listed stays as it was; one that the settings name no more leaves with its records. Files that could
    not be read, for a permission or a disk that was away, are read again once they can be.

    Raises:
        UsageError: there is no source.
        CharassetsError: no source at all could be listed; the first one's reason.
    """
    if not settings.sources:
        raise UsageError("there is no source", where=str(settings.workspace), todo="give one with --source [NAME=]PATH")
    listings: dict[str, list[Item]] = {}
    described: dict[str, str] = {}
    failed: dict[str, CharassetsError] = {}
    for source_settings in settings.sources:
        try:
            source = open_source(source_settings)
            listings[source_settings.name] = list(source.list_items())
            described[source_settings.name] = source.describe()
        except (SourceError, UsageError) as error:
            failed[source_settings.name] = error
    if not listings:
        raise next(iter(failed.values()))
    retired = ledger.sources(lake) - {source.name for source in settings.sources}
    again = _readable_again(lake, listings, settings.images.max_bytes)
    change = ledger.update(lake, {**dict.fromkeys(retired, ()), **listings}, settings.shards.records, again)
    records = {name: sum(item.count for item in items) for name, items in listings.items()}
    return Intake(change, records, described, failed)


def _readable_again(lake: Lake, listings: Mapping[str, Sequence[Item]], max_bytes: int) -> set[tuple[str, str]]:
    """Source and key of the files that were refused as unreadable when they were read last, and that can be read now.

    Neither size nor date of a file tells that: what stood in the way was a permission, or the disk.
    """
    refused: set[str] = set()
    for fragment in lake.fragments(RAW_SHARDS.name):
        if _UNREADABLE in fragment.manifest.rejections:
            books = fragment.read(["record_id", "code"], role="books")
            refused.update(books.filter(pc.field("code") == _UNREADABLE)["record_id"].to_pylist())
    if not refused:
        return set()
    return {
        (source, item.item_key)
        for source, items in listings.items()
        for item in items
        if item.kind in _FILES and record_id(source, item.item_key) in refused and _readable(item.uri, max_bytes)
    }


def _readable(path: str, max_bytes: int) -> bool:
    try:
        read_file(path, max_bytes)
    except Rejected as refusal:
        return refusal.code != _UNREADABLE
    return True
