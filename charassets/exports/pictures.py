"""The pictures of an export: stored crops, or the files as they came, shard by shard in the lake's order.

What belongs here: reading them. Not here: where they are written.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from charassets.errors import Rejected, StorageError
from charassets.exports.rows import Row
from charassets.lake.fragments import Lake
from charassets.schema import RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.sources.fetch import LOCATOR_COLUMNS, fetch_one

_CROPS = 128  # crops in memory at a time: about 10 MB
_SUFFIXES = {"JPEG": "jpg"}
_THREADS = 4


@dataclass(frozen=True)
class Picture:
    """The bytes of a record's picture, their suffix (webp, png, ...), and the file they came from where it is one."""

    data: bytes
    suffix: str
    file: Path | None = None


def crops(lake: Lake, shard: str, rows: Mapping[str, Row]) -> Iterator[tuple[Row, Picture | Rejected]]:
    """The crops of some records of a shard; records without one are left out.

    Raises:
        StorageError: the lake is no longer the one the warehouse was made of.
    """
    fragment = lake.fragment(SINGLE_CHARACTER_IMAGES.name, shard)
    for batch in fragment.batches(["record_id", "crop_id", "crop"], _CROPS) if fragment is not None else ():
        names = batch.column("record_id").to_pylist()
        wanted = [place for place, name in enumerate(names) if name in rows]
        for found in batch.take(pa.array(wanted, pa.int64())).to_pylist():
            row = rows[found["record_id"]]
            if found["crop_id"] != row.values["crop_id"]:
                raise StorageError(
                    "the lake has changed since the warehouse was built", where=shard, todo="run `charassets run` first"
                )
            if found["crop"] is not None:
                yield row, Picture(found["crop"], "webp")


def originals(lake: Lake, shard: str, rows: Mapping[str, Row]) -> Iterator[tuple[Row, Picture | Rejected]]:
    """The files of some records of a shard as they came, or why one cannot be had; records of words are left out."""
    fragment = lake.fragment(RAW_SHARDS.name, shard)
    columns = ["record_id", "format", *LOCATOR_COLUMNS]
    with ThreadPoolExecutor(_THREADS, "export") as pool:
        for batch in fragment.batches(columns, _THREADS * 4) if fragment is not None else ():
            found = [r for r in batch.to_pylist() if r["record_id"] in rows and r["kind"] != "text"]
            for place, data in zip(found, pool.map(_fetched, found), strict=True):
                yield rows[place["record_id"]], data if isinstance(data, Rejected) else _picture(place, data)


def _fetched(place: Mapping[str, object]) -> bytes | Rejected:
    try:
        return fetch_one(place)
    except Rejected as refusal:
        return refusal


def _picture(place: Mapping[str, str], data: bytes) -> Picture:
    suffix = _SUFFIXES.get(place["format"], place["format"].lower())
    local = place["kind"] == "file" and "://" not in place["uri"]
    return Picture(data, suffix, Path(place["uri"]) if local else None)
