"""The bytes of records again, for the stages after ``raw_shards``: from the rows alone, without the source they came from.

What belongs here: files, ranges of tars, rows of Parquet, frames of videos, kept downloads, each checked against what was read
the first time. Not here: listing, and whatever the bytes mean.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from charassets.errors import Rejected
from charassets.sources import parquet, storage, video

LOCATOR_COLUMNS = ("kind", "uri", "member", "offset", "length", "row", "image_id")
"""Columns of ``raw_shards`` that a fetch needs."""


def image_id(data: bytes) -> str:
    """Content id of a picture: first 32 hex digits of the sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def fetch(rows: pa.Table) -> Iterator[bytes | Rejected]:
    """The bytes of many records.

    Args:
        rows: a table with ``LOCATOR_COLUMNS``.

    Yields:
        For every row, in order, its bytes or the rejection that ``fetch_one`` would raise.
    """
    for batch in rows.select(list(LOCATOR_COLUMNS)).to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            try:
                yield fetch_one(row)
            except Rejected as refusal:
                yield refusal


def fetch_one(row: Mapping[str, Any]) -> bytes:
    """The bytes of one record; may be called from several threads, best in about the order of the rows.

    Args:
        row: the values of ``LOCATOR_COLUMNS``.

    Raises:
        Rejected: ``missing_file`` or ``unreadable``; the latter also where the bytes are no longer those of ``image_id``.
            ``no_image_bytes`` for a record of words alone.
    """
    if row["kind"] == "text":
        raise Rejected("no_image_bytes", "a record of words alone")
    try:
        data = _read(row)
    except Rejected as refusal:
        if refusal.code == "missing_file":
            raise
        raise Rejected("unreadable", f"{refusal.code}: {refusal.detail}") from None
    if image_id(data) != row["image_id"]:
        raise Rejected("unreadable", "the bytes are not those that were listed; list the source again")
    return data


def _read(row: Mapping[str, Any]) -> bytes:
    if row["kind"] == "tar":
        return storage.read_range(row["uri"], row["offset"], row["length"])
    if row["kind"] == "parquet":
        return parquet.fetch(row["uri"], row["member"], row["row"])
    if row["kind"] == "video":
        return video.fetch(row["uri"], row["row"])
    return storage.read_file(row["uri"], row["length"])
