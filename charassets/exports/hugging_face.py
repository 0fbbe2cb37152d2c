"""What Hugging Face ``datasets`` loads: a folder of pictures with metadata, or Parquet with an ``Image`` column.

What belongs here: the two layouts. Not here: the dataset card (``card``), which names their files.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from charassets.exports.columns import flat, schema
from charassets.exports.job import Format, Job

_ROWS = 100  # of a row group: what a viewer loads to show a page
_METADATA_ROWS = 2_000
_FILE_BYTES = 500_000_000  # the hub's own cut
_VALUES = {pa.string(): "string", pa.int32(): "int32", pa.int64(): "int64", pa.float64(): "float64"}


def _write_folder(job: Job) -> None:
    # Not metadata.jsonl: `datasets` guesses types a file, and refuses splits of which one has a column without any value.
    with ExitStack() as stack:
        tables: dict[str, _Metadata] = {}
        for row, picture in job.pictures():
            shard = row.values["shard"]  # one folder of millions is slow everywhere
            name = f"{shard}/{row.record_id}.{picture.suffix}"
            place = job.folder / row.split / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(picture.data)
            if row.split not in tables:
                tables[row.split] = stack.enter_context(_Metadata(job.folder / row.split / "metadata.parquet"))
            tables[row.split].add({"file_name": name, **flat(row)})
            job.index.add(row, f"{row.split}/{name}", picture.data)


class _Metadata:
    """The table beside the pictures of one split."""

    def __init__(self, path: Path) -> None:
        self._schema = pa.schema([pa.field("file_name", pa.string()), *schema()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._held: list[dict[str, Any]] = []

    def __enter__(self) -> "_Metadata":
        return self

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, values: dict[str, Any]) -> None:
        """One row more."""
        self._held.append(values)
        if len(self._held) == _METADATA_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, schema=self._schema))
            self._held = []


def _write_parquet(job: Job) -> None:
    (job.folder / "data").mkdir()
    with ExitStack() as stack:
        files: dict[str, _Files] = {}
        for row, picture in job.pictures():
            if row.split not in files:
                files[row.split] = stack.enter_context(_Files(job, row.split))
            image = {"bytes": picture.data, "path": f"{row.record_id}.{picture.suffix}"}
            files[row.split].add({"image": image, **flat(row)}, len(picture.data))
            job.index.add(row, data=picture.data)


class _Files:
    """The Parquet files of one split, a new one every half gigabyte."""

    def __init__(self, job: Job, split: str) -> None:
        self._folder, self._split = job.folder / "data", split
        self._schema = _with_features(schema())
        self._writer: pq.ParquetWriter | None = None
        self._held: list[dict[str, Any]] = []
        self._number = self._bytes = 0

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._close()

    def add(self, values: dict[str, Any], size: int) -> None:
        """One row more."""
        self._held.append(values)
        self._bytes += size
        if len(self._held) == _ROWS:
            self._flush()
        if self._bytes > _FILE_BYTES:
            self._flush()
            self._close()

    def _flush(self) -> None:
        if not self._held:
            return
        if self._writer is None:
            path = self._folder / f"{self._split}-{self._number:05d}.parquet"
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._held, schema=self._schema))
        self._held = []

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._bytes = None, 0
            self._number += 1


def _with_features(columns: pa.Schema) -> pa.Schema:
    """The columns with a picture first, and the note by which ``datasets`` knows it for one."""
    image = pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    features = {field.name: {"dtype": _VALUES[field.type], "_type": "Value"} for field in columns}
    note = orjson.dumps({"info": {"features": {"image": {"_type": "Image"}, **features}}})
    return pa.schema([image, *columns], metadata={"huggingface": note})


IMAGEFOLDER = Format(
    "imagefolder", "Hugging Face folder of pictures with metadata.parquet", "2", _write_folder, "{split}/**", True
)
HUGGING_FACE = Format(
    "hf", "Hugging Face Parquet with an Image column", "1", _write_parquet, "data/{split}-*.parquet", True
)
