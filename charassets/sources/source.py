"""A source: one place named in the settings, listed as items and read as records, whatever kinds of file it holds.

What belongs here: which reader takes which file. Not here: how any kind is read.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from charassets.errors import SourceError, UsageError
from charassets.settings import ImageSettings, SourceSettings
from charassets.sources import folder, names, storage, walk, webdataset
from charassets.sources.records import Item, Refused, SourceRecord
from charassets.sources.walk import Found

SLICE_RECORDS = 500
"""Records of a slice of a container: small enough to spread over shards and threads, large enough to keep listings short."""

MAX_BYTES = ImageSettings().max_bytes
"""Largest picture read unless told otherwise."""

_TODO = "point at pictures, .tar, .parquet, .csv or .jsonl files, or a folder or glob of them"


class Source:
    """One source of the settings. Made by ``open_source``; safe to read from several threads.

    Attributes:
        name: its name, part of every record's key.
        ignored: files the last listing found no use for, counted by suffix.
    """

    def __init__(
        self, settings: SourceSettings, root: str, pattern: str, single: Found | None, downloads: Path | None, span: int
    ) -> None:
        self.name = settings.name
        self.ignored: Counter[str] = Counter()
        self._settings = settings
        self._root, self._pattern, self._single = root, pattern, single
        self._downloads, self._span = downloads, span
        self._listed: Counter[str] = Counter()

    def list_items(self) -> Iterator[Item]:
        """The items of the source, sorted by key. Pictures are not opened; of containers only headers are read.

        A container that cannot be read is listed as one item all the same, so that reading it says so by name and the other
        items go on; only where the source is that very file the error comes at once.

        Raises:
            SourceError: nothing usable is there, a folder cannot be listed, or the one file of the source is damaged.
        """
        self.ignored.clear()
        self._listed.clear()
        for found in self._files():
            for item in self._items(found):
                self._listed[item.kind] += 1
                yield item
        if not self._listed:
            seen = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in self.ignored.most_common(5))
            raise SourceError(
                f"source {self.name} holds nothing usable" + (f" (found {seen})" if seen else " (no files)"),
                where=self._settings.path,
                todo=_TODO,
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
        return folder.read(item, max_bytes)

    def describe(self) -> str:
        """What the last listing found, and how it understands it, for a person."""
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self._listed.items())) or "not listed yet"
        ignored = ", ".join(f"{n:,} {suffix or 'without suffix'}" for suffix, n in sorted(self.ignored.items()))
        return f"{self.name} ({self._settings.path}): items {kinds}" + (f"; ignored {ignored}" if ignored else "")

    def _files(self) -> Iterator[Found]:
        return iter([self._single]) if self._single else walk.walk(self._root, self._pattern)

    def _items(self, found: Found) -> Iterator[Item]:
        suffix = names.suffix(found.entry.name)
        if suffix in names.PICTURES:
            yield folder.item(found)
        elif suffix in names.TARS:
            yield from self._slices(found, "tar")
        elif suffix not in names.SIDECARS:
            self.ignored[suffix] += 1

    def _slices(self, found: Found, kind: str) -> Iterator[Item]:
        stamp = folder.stamp_of(found.entry)
        digest = hashlib.blake2b(repr(stamp).encode(), digest_size=16).hexdigest()
        try:
            yield from webdataset.items(found.path, found.entry.path, stamp, self._span, digest)
        except SourceError:
            if self._single:
                raise
            yield Item(f"{found.path}#{0:09d}-{self._span}", kind, found.entry.path, 0, self._span, digest)


def open_source(settings: SourceSettings, *, downloads: Path | None = None, span: int = SLICE_RECORDS) -> Source:
    """The source that settings name: a folder, a file, a glob, or a URI that ``pyarrow.fs`` opens.

    Args:
        settings: name, path and column mapping.
        downloads: folder that keeps what addresses answered; without one, a list of addresses cannot be read.
        span: records of a slice of a container; part of the items' keys, so a source keeps the one it began with.

    Raises:
        UsageError: nothing lies at the path.
    """
    path = _absolute(settings.path)
    entry = storage.look(path)
    if entry is not None and not entry.is_dir:
        root = storage.parent(path)
        siblings = {e.name: e for e in storage.entries(root) if names.suffix(e.name) in names.SIDECARS}
        return Source(settings, root, "", Found(entry.name, entry, siblings), downloads, span)
    root, pattern = (path, "") if entry else walk.split_glob(path)
    if entry is None and (not pattern or storage.look(root) is None):
        raise UsageError(f"source {settings.name}: nothing is there", where=settings.path, todo="check the path")
    return Source(settings, root, pattern, None, downloads, span)


def _absolute(path: str) -> str:
    """The path as it is kept in the ledger, so that another working directory does not make another source."""
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    return path.rstrip("/") if storage.is_uri(path) else str(Path(path).expanduser().absolute())
