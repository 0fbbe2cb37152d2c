"""Takes the present listing of the sources into the shard ledger: the first act of a run, and the sensor's.

What belongs here: listing every source and telling apart those that cannot be listed. Not here: reading records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from charassets.errors import CharassetsError, SourceError, UsageError
from charassets.lake import ledger
from charassets.lake.fragments import Lake
from charassets.settings import Settings
from charassets.sources import open_source
from charassets.sources.records import Item


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

    A source that cannot be listed stays as it was; one that the settings name no more leaves with its records.

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
    change = ledger.update(lake, {**dict.fromkeys(retired, ()), **listings}, settings.shards.records)
    records = {name: sum(item.count for item in items) for name, items in listings.items()}
    return Intake(change, records, described, failed)
