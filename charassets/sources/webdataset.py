"""WebDataset tars, read where they lie: members that share a stem are one sample, and nothing is ever extracted.

What belongs here: the index of an archive, its slices, its records. Not here: what the texts mean. An archive is believed
only as a whole: one that is cut short, or whose headers are damaged, is refused, because tarfile would otherwise end at the
damage and the rest would be lost without a word.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import IO

from charassets.errors import Rejected, SourceError
from charassets.sources import folder, names, storage, words
from charassets.sources.records import Item, Place, Refused, SourceRecord
from charassets.sources.storage import Stamp

_BLOCK = 512
_SPARE = 1 << 20
_SIDECARS = (*names.SIDECARS, ".cls")
_INDEXING = Lock()  # so that the slices of one archive, read side by side, index it once


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file of the archive."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class TextOnly:
    """A sample without a picture."""

    name: str


@dataclass(slots=True)
class _Sample:
    """Members of one stem; ``slot`` is the place among the archive's records that its first picture or text takes."""

    slot: int | None = None
    has_picture: bool = False
    texts: dict[str, Member] = field(default_factory=dict)


@dataclass(frozen=True)
class Archive:
    """Index of an archive.

    Attributes:
        records: in an order that never changes when members are appended: pictures, texts without a picture (by stem), and
            refusals.
        samples: by stem, for the texts.
    """

    records: list[Member | TextOnly | Refused]
    samples: dict[str, _Sample]

    def texts(self, stem: str) -> dict[str, Member]:
        """The text members of a picture's stem, else those of its WebDataset key (up to the first dot), strongest first."""
        head, name = stem.rpartition("/")[::2]
        key = f"{head}/{name.partition('.')[0]}" if head else name.partition(".")[0]
        found = next((s.texts for k in (stem, key) if (s := self.samples.get(k)) and s.texts), {})
        return {suffix: found[suffix] for suffix in _SIDECARS if suffix in found}


def items(path: str, uri: str, stamp: Stamp, span: int, digest: str) -> Iterator[Item]:
    """Slices of an archive.

    Args:
        path: its path within the source.
        uri: where it lies.
        stamp: its present size and time.
        span: records of a slice. The key holds this nominal length, so a last slice that fills up keeps its key.
        digest: digest of the file.

    Raises:
        SourceError: the archive is damaged.
    """
    total = len(index(uri, stamp).records)
    for first in range(0, total, span):
        yield Item(f"{path}#{first:09d}-{span}", "tar", uri, first, min(span, total - first), digest)


def read(item: Item, span: int, max_bytes: int) -> Iterator[SourceRecord | Refused]:
    """Records of a slice, each with its picture's bytes.

    Raises:
        SourceError: the archive is gone or damaged.
    """
    found = storage.look(item.uri)
    if found is None or found.stamp is None:
        raise SourceError("the archive is gone", where=item.uri, todo="put it back, or list the source again")
    archive = index(item.uri, found.stamp)
    try:
        with storage.opened(item.uri) as file:
            for record in archive.records[item.first : item.first + span]:
                yield _record(item, archive, record, file, max_bytes)
    except OSError as error:
        raise _damaged(item.uri, str(error)) from None


def _record(
    item: Item, archive: Archive, record: Member | TextOnly | Refused, file: IO[bytes], max_bytes: int
) -> SourceRecord | Refused:
    if isinstance(record, Refused):
        return Refused(f"{item.path}#{record.locator}", record.code, record.detail)
    locator, stem = (
        f"{item.path}#{record.name}",
        record.name if isinstance(record, TextOnly) else names.stem(record.name),
    )
    small = {suffix: text for suffix, text in archive.texts(stem).items() if text.size <= words.MAX_TEXT_BYTES}
    texts = {suffix: _bytes(file, text) for suffix, text in small.items()}
    found = words.from_sidecars(texts).over(folder.path_facts(item, record.name))
    if isinstance(record, TextOnly):
        return SourceRecord(locator, Place("text", item.uri, member=stem), found, None)
    try:
        storage.check_size(record.size, max_bytes)
    except Rejected as refusal:
        return Refused(locator, refusal.code, refusal.detail)
    if record.size == 0:
        return Refused(locator, "empty")
    place = Place("tar", item.uri, member=record.name, offset=record.offset, length=record.size)
    return SourceRecord(locator, place, found, _bytes(file, record))


def _bytes(file: IO[bytes], member: Member) -> bytes:
    file.seek(member.offset)
    data = file.read(member.size)
    if len(data) != member.size:
        raise OSError(f"{member.name} ends too early")
    return data


def index(uri: str, stamp: Stamp) -> Archive:
    """The index of an archive, kept for the archives read last.

    Raises:
        SourceError: the archive is damaged, cut short, or goes on after its end.
    """
    with _INDEXING:
        return _index(uri, stamp)


@lru_cache(maxsize=8)
def _index(uri: str, stamp: Stamp) -> Archive:  # the stamp is the key under which the index stays true
    archive = Archive([], {})
    seen: set[str] = set()
    try:
        with storage.opened(uri) as file:
            for header in _headers(file):
                _enter(archive, seen, header)
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise _damaged(uri, str(error)) from None
    return archive


def _headers(file: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """Headers of all members; the data are skipped.

    Raises:
        tarfile.TarError: a header is damaged, the end is missing, or data follow it (two archives in one file).
    """
    last, end = -1, 0
    with tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as archive:
        while (header := archive.next()) is not None:
            if header.offset <= last:  # a negative size would lead tarfile round in a circle
                raise tarfile.ReadError("headers lead backwards")
            last, end = header.offset, archive.offset
            # tarfile would keep every header of a million; the stubs do not know the list.
            archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]
            yield header
    file.seek(end)
    tail = file.read(2 * _BLOCK)
    if len(tail) < 2 * _BLOCK:
        raise tarfile.ReadError("its end is missing: it was cut short or is still being written")
    while tail:
        if any(tail):
            raise tarfile.ReadError(f"damaged header, or further data, after byte {end:,}")
        tail = file.read(_SPARE)


def _enter(archive: Archive, seen: set[str], header: tarfile.TarInfo) -> None:
    """Take one member into the index."""
    name = names.safe_member(header.name)
    if header.isdir() or names.is_hidden(header.name.rpartition("/")[2]):
        return
    refusal = _refusal(header, name, seen)
    if refusal:
        archive.records.append(refusal)
        return
    seen.add(str(name))
    member = Member(str(name), header.offset_data, header.size)
    stem, suffix = names.split(member.name)
    sample = archive.samples.setdefault(stem, _Sample()) if suffix in names.PICTURES or suffix in _SIDECARS else None
    if sample is None:
        return
    if suffix in names.PICTURES:
        if sample.slot is not None and not sample.has_picture:
            archive.records[sample.slot] = member
        else:
            sample.slot = len(archive.records)
            archive.records.append(member)
        sample.has_picture = True
        return
    sample.texts[suffix] = member
    if sample.slot is None and suffix in names.SIDECARS and not names.is_note(member.name):
        sample.slot = len(archive.records)
        archive.records.append(TextOnly(stem))


def _refusal(header: tarfile.TarInfo, name: str | None, seen: set[str]) -> Refused | None:
    place = f"{names.printable(header.name)[:200]}@{header.offset}"  # the offset keeps refused names apart
    if name is None:
        return Refused(place, "bad_name", names.printable(header.name)[:200])
    if not header.isreg() or header.sparse is not None:
        return Refused(place, "not_a_regular_file", f"tar type {header.type!r}")
    if name in seen:
        return Refused(place, "duplicate_key", f"{name} came before; the first is used")
    return None


def _damaged(uri: str, why: str) -> SourceError:
    return SourceError(
        f"the archive cannot be read: {' '.join(why.split())[:200]}",
        where=uri,
        todo="make or copy it again; the other shards are not touched",
    )
