"""The index of an export: what was written for every record, so that edits can be told from what was given.

What belongs here: the table and its streaming writer. Not here: comparing (``import_back``).
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from charassets.exports.rows import Row
from charassets.exports.splits import TOGETHER

INDEX = "index.parquet"
"""Its file, at the top of the export."""

SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("split", pa.string()),
        ("repeats", pa.int32()),
        *((column, pa.string()) for column in TOGETHER),
        ("file", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("text_file", pa.string()),
        ("caption", pa.string()),
        ("attributes", pa.string()),
    ]
)

LISTED_SUFFIXES = frozenset({".jsonl", ".json", ".csv", ".parquet", ".sqlite", ".tar", ".toml", ".md", ".sql"})
"""Files that a manifest lists one by one. Pictures and captions are in the index: there may be millions."""

_ROWS = 4096


class IndexWriter:
    """Writes the index row by row; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._writer = pq.ParquetWriter(folder / INDEX, SCHEMA, compression="zstd")
        self._held: list[dict[str, Any]] = []
        self.written = 0
        self.by_split: dict[str, int] = {}
        self.repeated = self.wordless = 0
        self.picture_bytes = 0

    def __enter__(self) -> "IndexWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, row: Row, file: str | None = None, data: bytes | None = None, text_file: str | None = None) -> None:
        """Note what was written for a record: its picture file with its bytes, and its caption file."""
        shared = {column: row.values[column] for column in TOGETHER}
        picture = {"file": file, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} if data else {}
        words = {"text_file": text_file, "caption": row.caption, "attributes": orjson.dumps(row.attributes).decode()}
        key = {"record_id": row.record_id, "split": row.split, "repeats": row.repeats}
        self._held.append({**key, **shared, **picture, **words})
        self.written += 1
        self.repeated += row.repeats
        self.wordless += text_file is not None and not row.caption.strip()
        self.picture_bytes += len(data or b"")
        self.by_split[row.split] = self.by_split.get(row.split, 0) + 1
        if len(self._held) == _ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, schema=SCHEMA))
            self._held = []


def read(folder: Path, columns: list[str] | None = None) -> Iterator[Mapping[str, Any]]:
    """The rows of an index, streamed; nothing where there is none."""
    if not (folder / INDEX).is_file():
        return
    with pq.ParquetFile(folder / INDEX) as file:
        for batch in file.iter_batches(_ROWS, columns=columns):
            yield from batch.to_pylist()


def captions(folder: Path) -> Iterator[tuple[str, str]]:
    """Caption files with the text that was written into them."""
    for row in read(folder, ["text_file", "caption"]):
        if row["text_file"] is not None:
            yield row["text_file"], row["caption"]
