"""Raw shards: what every record of a shard's source items is, where its bytes lie, and the words that came with it.

What belongs here: content ids, the md5 check, the header probe, the books. Not here: reading (``charassets.sources``) and
pixels, which no one decodes before the next stage.
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

import orjson
import pyarrow as pa

from charassets.errors import Rejected, SourceError
from charassets.images.decode import probe
from charassets.lake.workspace import Workspace
from charassets.schema import RAW_SHARDS, SOURCE_ITEMS, Table
from charassets.settings import ImageSettings, Settings
from charassets.sources import Item, Refused, Source, SourceRecord, open_source, record_id
from charassets.sources.fetch import image_id
from charassets.sources.records import refusal_text
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage

_LIMITS = frozenset({"max_bytes", "max_pixels", "max_side", "min_side", "max_aspect"})
_LOOK_AHEAD = 2  # batches of items in work: their results are rows of words, not pictures

_Row = dict[str, Any]
_Answer = tuple[list[_Row], list[Rejection]]


class RawShards(Stage):
    """Reads every record of the shard's items once, in threads; memory holds one picture a thread."""

    table: ClassVar[Table] = RAW_SHARDS
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {SOURCE_ITEMS.name: Reads(tuple(SOURCE_ITEMS.arrow.names))}
    expands: ClassVar[bool] = True

    def __init__(self, settings: Settings, sources: Mapping[str, Source] | None = None) -> None:
        """A stage over the sources of the settings.

        Args:
            settings: limits, threads, and the sources.
            sources: sources by name where the caller has them open already; otherwise they are opened when first needed.
        """
        self._settings = settings
        self._sources = dict(sources or {})

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Limits of the decoder, and the column mappings people gave."""
        return {
            "limits": self._settings.images.model_dump(include=set(_LIMITS)),
            "columns": {source.name: source.columns for source in self._settings.sources if source.columns},
        }

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """One outcome for every batch of source items.

        Raises:
            SourceError: an item cannot be read as a whole, or belongs to a source that the settings no longer name.
        """
        pool = ThreadPoolExecutor(self._settings.decode_threads, thread_name_prefix="raw_shards")
        waiting: deque[list[Future[_Answer]]] = deque()
        try:
            for batch in batches:
                items = [(self._source(row.pop("source")), Item(**row)) for row in batch.records.to_pylist()]
                waiting.append([pool.submit(_read, source, item, self._settings.images) for source, item in items])
                if len(waiting) == _LOOK_AHEAD:
                    yield self._outcome(waiting.popleft())
            while waiting:
                yield self._outcome(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            named = next((source for source in self._settings.sources if source.name == name), None)
            if named is None:
                raise SourceError(
                    f"source {name} is in the ledger but no longer in the settings",
                    where=name,
                    todo=f"name it again with --source {name}=PATH",
                )
            self._sources[name] = open_source(named, downloads=Workspace.of(self._settings).downloads)
        return self._sources[name]

    def _outcome(self, answers: Sequence[Future[_Answer]]) -> Outcome:
        done = [answer.result() for answer in answers]
        rows = [row for answer in done for row in answer[0]]
        return Outcome(
            rows=pa.Table.from_pylist(rows, schema=self.schema),
            rejected=[rejection for answer in done for rejection in answer[1]],
        )


def _read(source: Source, item: Item, limits: ImageSettings) -> _Answer:
    """Rows and rejections of one item; the bytes are dropped as soon as they are measured."""
    rows, rejections = [], []
    for record in source.read(item, limits.max_bytes):
        key = record_id(source.name, record.locator)
        try:
            rows.append({"record_id": key, "source": source.name, "item_key": item.item_key, **_row(record, limits)})
        except Rejected as refusal:
            rejections.append(Rejection(key, refusal.code, refusal_text(record.locator, refusal.detail)))
    return rows, rejections


def _row(record: SourceRecord | Refused, limits: ImageSettings) -> _Row:
    if isinstance(record, Refused):
        raise Rejected(record.code, record.detail)
    place, words, data = record.place, record.words, record.data
    told = {name: getattr(words, name) for name in _WORD_COLUMNS}
    told["extra"] = orjson.dumps(words.extra, option=orjson.OPT_SORT_KEYS).decode() if words.extra else None
    row = {**{name: getattr(place, name) for name in _PLACE_COLUMNS}, **told}
    if data is None:
        return row
    header = probe(data, limits)
    picture = {name: getattr(header, name) for name in _HEADER_COLUMNS}
    return {**row, **picture, "image_id": image_id(data), "md5_matches": _md5_matches(words.md5, data)}


def _md5_matches(told: str | None, data: bytes) -> bool | None:
    return hashlib.md5(data, usedforsecurity=False).hexdigest() == told if told else None


_PLACE_COLUMNS = ("kind", "uri", "member", "offset", "length", "row")
_HEADER_COLUMNS = ("format", "width", "height", "mode", "has_alpha", "n_frames")
_WORD_COLUMNS = (
    *("tags", "description", "rating", "post_id", "artist", "character", "copyright"),
    *("episode", "scene", "frame", "time_s"),
)
