"""A source: one place named in the settings, listed as items and read as records, whatever kinds of file it holds.

What belongs here: which reader takes which file. Not here: how any kind is read.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from charassets.errors import SourceError, UsageError
from charassets.settings import ImageSettings, SourceSettings
from charassets.sources import folder, kohya, names, storage, tables, urls, video, walk, webdataset
from charassets.sources.columns import NoColumnsError
from charassets.sources.records import Item, Refused, SourceRecord
from charassets.sources.storage import Stamp
from charassets.sources.urls import Manners
from charassets.sources.walk import Found

SLICE_RECORDS = 500
"""Records of a slice of a container: small enough to spread over shards and threads, large enough to keep listings short."""

MAX_BYTES = ImageSettings().max_bytes
"""Largest picture read unless told otherwise."""

_KIND_NAMES = {
    "file": "pictures in folders",
    "kohya": "entries of kohya metadata",
    "tar": "slices of tars",
    "video": "videos",
    "parquet": "slices of Parquet files",
    "table": "slices of text tables",
    "urls": "slices of address lists",
}
_COMPRESSED = {".gz", ".tgz", ".bz2", ".xz", ".zst", ".zip"}


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    Attributes:
        span: records of a slice of a container; part of the items' keys, so a source keeps the one it began with.
        downloads: folder that keeps what addresses answered; without one, a list of addresses cannot be read.
        manners: how addresses are asked.
    """

    span: int = SLICE_RECORDS
    downloads: Path | None = None
    manners: Manners = Manners()


class Source:
    """One source of the settings. Made by ``open_source``; safe to read from several threads.

    Attributes:
        name: its name, part of every record's key.
        ignored: files the last listing found no use for, counted by suffix.
    """

    def __init__(
        self, settings: SourceSettings, root: str, reading: Reading, *, pattern: str = "", single: Found | None = None
    ) -> None:
        self.name = settings.name
        self.ignored: Counter[str] = Counter()
        self._settings = settings
        self._root, self._pattern, self._single = root, pattern, single
        self._reading, self._span = reading, reading.span
        self._listed: Counter[str] = Counter()
        self._decided: dict[str, str] = {}

    def list_items(self) -> Iterator[Item]:
        """The items of the source, sorted by key. Pictures are not opened; of containers only headers are read.

        Tables without pictures (labels, statistics) are records only where nothing else is: beside pictures they are not. A
        container that cannot be read is listed as one item all the same, so that reading it says so by name and the other
        items go on; only where the source is that very file the error comes at once.

        Raises:
            SourceError: nothing usable is there, a folder cannot be listed, or the one file of the source is of no use.
        """
        self._listed.clear()
        self._decided.clear()
        for listing in (self._with_pictures, self._words_alone):
            self.ignored.clear()
            for item in listing():
                self._listed[item.kind] += 1
                yield item
            if self._listed:
                return
        seen = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in self.ignored.most_common(5))
        raise SourceError(
            f"source {self.name} holds nothing usable" + (f" (found {seen})" if seen else " (no files)"),
            where=self._settings.path,
            todo="unpack compressed archives: only a plain .tar can be read in place"
            if self.ignored.keys() & _COMPRESSED
            else "point at pictures, .tar, .parquet, .csv or .jsonl files, or a folder or glob of them",
        )

    def read(self, item: Item, max_bytes: int = MAX_BYTES) -> Iterator[SourceRecord | Refused]:
        """The records of an item, in order, one picture in memory at a time.

        Args:
            item: as listed, now or in an earlier run.
            max_bytes: larger pictures are refused unread.

        Raises:
            SourceError: the item as a whole cannot be read.
        """
        if item.kind == "tar":
            return webdataset.read(item, self._span, max_bytes)
        if item.kind == "video":
            return video.read(item)
        if item.kind in {"file", "kohya"}:
            return self._read_picture(item, max_bytes)
        of = tables.reopened(item, self._settings.columns)
        if of.columns.url:
            return urls.read(item, of, self._span, max_bytes, self._reading.downloads, self._reading.manners)
        return tables.read(item, of, self._span, max_bytes)

    def describe(self) -> str:
        """What the last listing found, and how it understands the tables it met, in lines for a person."""
        kinds = ", ".join(f"{n:,} {_KIND_NAMES[kind]}" for kind, n in sorted(self._listed.items())) or "not listed yet"
        ignored = ", ".join(f"{n:,} {suffix or 'without suffix'}" for suffix, n in sorted(self.ignored.items()))
        first = f"{self.name} ({self._settings.path}): {kinds}" + (f"; ignored {ignored}" if ignored else "")
        return "\n".join([first, *(f"  {example}: {decision}" for decision, example in self._decided.items())])

    @cached_property
    def _metadata(self) -> kohya.Metadata | None:
        """The kohya file that the source is, or that lies in its root."""
        if self._single:
            is_metadata = names.suffix(self._single.entry.name) == ".json"
            return kohya.Metadata(self._single.entry.path) if is_metadata else None
        return None if self._pattern else kohya.beside(self._root)

    def _with_pictures(self) -> Iterator[Item]:
        """Items with pictures, and every other file counted as ignored."""
        if self._single and self._metadata:
            yield from self._named_by(self._metadata)
            return
        for found in self._files():
            suffix = names.suffix(found.entry.name)
            if suffix in names.PICTURES:
                yield self._picture(found)
            elif suffix in names.VIDEOS:
                yield video.item(found)
            elif suffix in names.TARS:
                yield from self._slices(found, "tar", self._archive)
            elif suffix in names.PARQUETS:
                yield from self._slices(found, "parquet", partial(self._table, needs_pictures=True))
            elif suffix not in names.SIDECARS:
                self.ignored[suffix] += 1

    def _words_alone(self) -> Iterator[Item]:
        """Items of the tables that have no pictures, or only their addresses."""
        for found in self._files():
            suffix = names.suffix(found.entry.name)
            if suffix in names.PARQUETS | names.TABLES:
                yield from self._slices(found, "parquet" if suffix in names.PARQUETS else "table", self._table)
            else:
                self.ignored[suffix] += 1

    def _files(self) -> Iterator[Found]:
        return iter([self._single]) if self._single else walk.walk(self._root, self._pattern)

    def _read_picture(self, item: Item, max_bytes: int) -> Iterator[SourceRecord | Refused]:
        metadata = self._metadata
        if metadata and item.uri == metadata.uri:
            return iter([Refused(item.item_key, "missing_file", "no picture of this name below the metadata file")])
        key = metadata.key(item.path) if metadata else None
        return folder.read(item, max_bytes, metadata.words(key) if metadata and key is not None else None)

    def _picture(self, found: Found, kind: str = "file") -> Item:
        key = self._metadata.key(found.path) if self._metadata else None
        return folder.item(found, kind, self._metadata.text(key) if self._metadata and key is not None else "")

    def _named_by(self, metadata: kohya.Metadata) -> Iterator[Item]:
        """The pictures a metadata file names; names without a picture are items too, refused when they are read."""
        found = {
            file.path: (file, key)
            for file in walk.walk(self._root)
            if names.suffix(file.path) in names.PICTURES and (key := metadata.key(file.path)) is not None
        }
        unmet = sorted(names.printable(key) for key in metadata.keys() - {key for _, key in found.values()})
        present = (self._picture(file, "kohya") for file, _ in found.values())
        missing = (Item(key, "kohya", metadata.uri, 0, 1, "") for key in unmet)
        yield from heapq.merge(present, missing, key=lambda item: item.item_key)

    def _slices(self, found: Found, kind: str, listed: Callable[[Found, Stamp], Iterator[Item]]) -> Iterator[Item]:
        """Items of a container; of one that cannot be read, a single item that says so when it is read."""
        path, uri, stamp = names.printable(found.path), names.printable(found.entry.path), folder.stamp_of(found.entry)
        try:
            if uri != found.entry.path:
                raise SourceError("the name is no UTF-8, or holds control characters", where=uri, todo="rename it")
            yield from listed(found, stamp)
        except SourceError:
            if self._single:
                raise
            yield Item(f"{path}#{0:09d}-{self._span}", kind, uri, 0, 0, _digest(stamp))

    def _archive(self, found: Found, stamp: Stamp) -> Iterator[Item]:
        return webdataset.items(found.path, found.entry.path, stamp, self._span, _digest(stamp))

    def _table(self, found: Found, stamp: Stamp, *, needs_pictures: bool = False) -> Iterator[Item]:
        """Items of a table, unless it has to have pictures and has none."""
        try:
            of = tables.table(found.entry.path, stamp, self._settings.columns)
        except NoColumnsError:
            if self._single:
                raise
            of = None
        if of is None or (needs_pictures and not of.columns.has_pictures and not self._single):
            self.ignored[names.suffix(found.path)] += 1
            return
        self._decided.setdefault(str(of.columns), found.path)
        yield from tables.items(found.path, found.entry.path, of, self._span, _digest(stamp))


def open_source(
    settings: SourceSettings,
    *,
    span: int = SLICE_RECORDS,
    downloads: Path | None = None,
    manners: Manners | None = None,
) -> Source:
    """The source that settings name: a folder, a file, a glob, or a URI that ``pyarrow.fs`` opens.

    Args:
        settings: name, path and column mapping.
        span: records of a slice of a container.
        downloads: folder that keeps what addresses answer.
        manners: how addresses are asked.

    Raises:
        UsageError: nothing lies at the path.
    """
    reading = Reading(span, downloads, manners or Manners())
    path = _absolute(settings.path)
    entry = storage.look(path)
    if entry is not None and not entry.is_dir:
        root = storage.parent(path)
        siblings = {e.name: e for e in storage.entries(root) if names.suffix(e.name) in names.SIDECARS}
        return Source(settings, root, reading, single=Found(entry.name, entry, siblings))
    root, pattern = (path, "") if entry else walk.split_glob(path)
    if entry is None and (not pattern or storage.look(root) is None):
        raise UsageError(f"source {settings.name}: nothing is there", where=settings.path, todo="check the path")
    return Source(settings, root, reading, pattern=pattern)


def _digest(stamp: Stamp) -> str:
    return hashlib.blake2b(repr(tuple(stamp)).encode(), digest_size=16).hexdigest()


def _absolute(path: str) -> str:
    """The path as it is kept in the ledger, so that another working directory does not make another source."""
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    return path.rstrip("/") if storage.is_uri(path) else str(Path(path).expanduser().absolute())
