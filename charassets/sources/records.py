"""What a source hands on: its items, the records in them, and the records it had to refuse.

What belongs here: the small frozen types every reader shares, the key of a record, and how a refusal is told. Not here: how any
kind is read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a source that is listed, assigned to a shard and read as a whole; the columns of ``source_items``.

    Attributes:
        item_key: identity within the source: a relative path, for a slice of a container ``path#first-span``.
        kind: ``file``, ``tar``, ``parquet``, ``table``, ``kohya`` or ``urls``.
        uri: local path or URI of the file that holds it.
        first: first record of a slice, 0 for a single file.
        count: records the item is expected to hold.
        digest: changes when the item has to be read again.
    """

    item_key: str
    kind: str
    uri: str
    first: int
    count: int
    digest: str

    @property
    def path(self) -> str:
        """The file's path within the source: ``item_key`` without the slice."""
        return self.item_key if self.kind in {"file", "kohya"} else self.item_key.rpartition("#")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of one record lie; the locator columns of ``raw_shards``."""

    kind: str
    uri: str
    member: str | None = None
    offset: int | None = None
    length: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What a source says of a record besides its picture; every field may be silent (None).

    Attributes:
        tags: the tag line as it came.
        description: caption or description.
        rating: ``general``, ``sensitive``, ``questionable`` or ``explicit``.
        post_id: number of the post on the site of origin.
        md5: md5 the bytes ought to have, 32 lower-case hex digits.
        artist: artist named by the source.
        character: character named by the source.
        copyright: series named by the source.
        episode: episode of a video frame.
        scene: scene number of a video frame.
        frame: frame number of a video frame.
        time_s: time of a video frame in seconds.
        extra: whatever else was said, as JSON values.
    """

    tags: str | None = None
    description: str | None = None
    rating: str | None = None
    post_id: int | None = None
    md5: str | None = None
    artist: str | None = None
    character: str | None = None
    copyright: str | None = None
    episode: str | None = None
    scene: int | None = None
    frame: int | None = None
    time_s: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def over(self, other: "Words") -> "Words":
        """These words, with the other's where these are silent."""
        values = {
            f.name: mine if (mine := getattr(self, f.name)) is not None else getattr(other, f.name)
            for f in fields(self)
        }
        return Words(**{**values, "extra": {**other.extra, **self.extra}})

    @property
    def speak(self) -> bool:
        """There is a text that attributes can be read from."""
        return bool(self.tags or self.description)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record of a source.

    Attributes:
        locator: place inside the source, from which the record's key is made; it outlives moves of the source.
        place: where the bytes lie now.
        words: what came with the picture.
        data: the bytes of the picture; None for a record of words alone (``place.kind`` is ``text``).
    """

    locator: str
    place: Place
    words: Words
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be used; ``code`` is a key of ``charassets.schema.REJECTION_CODES``."""

    locator: str
    code: str
    detail: str = ""


def record_id(source: str, locator: str) -> str:
    """Key of a record in every table: first 32 hex digits of sha256 over source name and locator.

    The two are separated by a NUL, which neither can contain, so that no two pairs share a digest.
    """
    return hashlib.sha256(f"{source}\0{locator}".encode()).hexdigest()[:32]


def refusal_text(locator: str, detail: str) -> str:
    """What the books say of a refused record: its place inside the source, then the particulars, if there are any."""
    return f"{locator}: {detail}" if detail else locator


def refused_locator(source: str, record: str, text: str) -> str | None:
    """The place that ``refusal_text`` began with; None where the text is another one's.

    A name may hold the colon that ends it, so the record's key decides where it ends.
    """
    ends = [at for at in range(len(text)) if text.startswith(": ", at)]
    return next((text[:end] for end in (*ends, len(text)) if record_id(source, text[:end]) == record), None)
