"""Pictures in folders, each with the files of the same stem beside it.

What belongs here: one picture file and its sidecars, as an item and as a record. Not here: walking the folders.
"""

import hashlib
from collections.abc import Iterator

from charassets.errors import Rejected
from charassets.sources import names, storage, words
from charassets.sources.records import Item, Place, Refused, SourceRecord, Words
from charassets.sources.storage import Entry, Stamp
from charassets.sources.walk import Found

_FOLDERS_ABOVE = 2  # `.../sensitive` or `.../episode_001/character` may be the very folder the user points at


def item(found: Found, kind: str = "file", told: str = "") -> Item:
    """The item of one picture.

    Args:
        found: the picture and the sidecars of its folder.
        kind: ``file``, or ``kohya`` where a metadata file named the picture.
        told: what a metadata file says of it, as canonical text; a change re-reads the item.
    """
    stem = names.stem(found.entry.name)
    sidecars = [entry for suffix in names.SIDECARS if (entry := found.siblings.get(stem + suffix)) is not None]
    stamps = [(entry.name, *stamp_of(entry)) for entry in (found.entry, *sidecars)]
    digest = hashlib.blake2b(repr((stamps, told)).encode("utf-8", "backslashreplace"), digest_size=16)
    key, uri = found.path, found.entry.path
    if not names.is_storable(uri):
        # Arrow and DuckDB take only UTF-8: the item stands in the ledger by its escaped name and is refused when read.
        key, uri = names.printable(key), names.printable(uri)
    return Item(key, kind, uri, 0, 1, digest.hexdigest())


def stamp_of(entry: Entry) -> Stamp:
    """Size and modification time; a link that leads nowhere has size -1."""
    found = entry if entry.stamp else storage.look(entry.path)
    return (found and found.stamp) or Stamp(-1, 0)


def read(item: Item, max_bytes: int, told: Words | None = None) -> Iterator[SourceRecord | Refused]:
    """The record of one picture, or why it cannot be had.

    Args:
        item: an item of this module.
        max_bytes: larger files are refused unread.
        told: what a metadata file says of it; sidecars and the name come first.
    """
    try:
        data = storage.read_file(item.uri, max_bytes)
    except Rejected as refusal:
        code = "bad_name" if refusal.code == "missing_file" and "\\x" in item.uri else refusal.code
        yield Refused(item.item_key, code, refusal.detail)
        return
    found = words.from_sidecars(_sidecars(item.uri)).over(told or Words()).over(path_facts(item))
    yield SourceRecord(item.item_key, Place("file", item.uri, length=len(data)), found, data)


def path_facts(item: Item, member: str = "") -> Words:
    """What folders and name say, seen from a little above the source's root."""
    inner = [*item.path.split("/"), *filter(None, member.split("/"))]
    above = storage.parts(item.uri)[: -len(item.path.split("/"))]
    return names.facts([*above[-_FOLDERS_ABOVE:], *inner])


def _sidecars(uri: str) -> dict[str, bytes]:
    parts = {}
    for suffix in names.SIDECARS:
        try:
            parts[suffix] = storage.read_file(storage.with_suffix(uri, suffix), words.MAX_TEXT_BYTES)
        except Rejected:  # most pictures have one sidecar or none; a bad one does not cost the picture
            continue
    return parts
