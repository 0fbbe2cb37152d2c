"""Parquet files: their columns, their rows a few at a time, and single pictures again.

What belongs here: reading Parquet in bounded memory, whatever the size of its row groups. Not here: what a column means.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from charassets.errors import Rejected, SourceError
from charassets.sources import storage
from charassets.sources.columns import Form
from charassets.sources.storage import Stamp

_BATCH_BYTES = 8 << 20
_READ_AHEAD = 1 << 20
_SAMPLE_ROWS = 16
_KEPT_BATCHES = 3  # callers in a thread pool come out of order by no more than their number
_SKIP_ROWS = 2_048  # further ahead than this, starting at the row group is cheaper than reading through


class ParquetRows:
    """The rows of one Parquet file. Holds only its footer, so it can be kept and shared by threads.

    Attributes:
        count: rows of the file.
        forms: columns that may be of use, with what they hold; long numeric columns (embeddings) are left out.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        try:
            with storage.arrow_file(uri) as file:
                self._footer = pq.read_metadata(file)
            schema = self._footer.schema.to_arrow_schema()
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(uri, error) from None
        self.count: int = self._footer.num_rows
        self.forms: dict[str, Form] = {field.name: form for field in schema if (form := _form(field.type))}

    def sample(self) -> list[dict[str, Any]]:
        """The first rows.

        Raises:
            SourceError: they cannot be read.
        """
        return [row for _, row in self.read(0, _SAMPLE_ROWS, list(self.forms)) if isinstance(row, dict)]

    def read(self, first: int, count: int, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """Rows with their numbers.

        Raises:
            SourceError: they cannot be read.
        """
        try:
            for start, batch in self.batches(first, count, columns):
                yield from enumerate(batch.to_pylist(), start)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self._uri, error) from None

    def batches(self, first: int, count: int, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The same rows as Arrow batches of about 8 MiB, each with the number of its first row.

        Raises:
            pa.ArrowException, OSError: they cannot be read.
        """
        end, start = min(first + count, self.count), 0
        with storage.arrow_file(self._uri) as source:
            # Buffered and not pre-buffered: a column is streamed page by page instead of loaded row group by row group.
            file = pq.ParquetFile(
                source,
                metadata=self._footer,
                buffer_size=_READ_AHEAD,
                pre_buffer=False,
                page_checksum_verification=True,
            )
            for group in range(self._footer.num_row_groups):
                here, start = start, start + self._footer.row_group(group).num_rows
                if start <= first or here >= end:
                    continue
                for batch in file.iter_batches(self._batch_rows(group), [group], list(columns), use_threads=False):
                    low, high = max(first - here, 0), min(end - here, batch.num_rows)
                    if low < high:
                        yield here + low, batch.slice(low, high - low)
                    here += batch.num_rows
                    if here >= end:
                        break

    def _batch_rows(self, group: int) -> int:
        meta = self._footer.row_group(group)
        return max(1, min(1_024, _BATCH_BYTES * meta.num_rows // max(1, meta.total_byte_size)))


class Pictures:
    """The pictures of one column, for callers who ask in about the order of the rows. Thread-safe."""

    def __init__(self, uri: str, column: str) -> None:
        self._rows, self._column = ParquetRows(uri), column
        self._lock = Lock()
        self._batches: Iterator[tuple[int, pa.RecordBatch]] | None = None
        self._next = 0
        self._kept: deque[tuple[int, pa.Array]] = deque(maxlen=_KEPT_BATCHES)

    def at(self, row: int) -> bytes | None:
        """The bytes in a row, None where there are none.

        Raises:
            IndexError: the file has no such row.
            pa.ArrowException, OSError: it cannot be read.
        """
        with self._lock:
            for first, values in self._kept:
                if first <= row < first + len(values):
                    return picture_of(values[row - first].as_py())
            batches, self._batches = self._batches, None  # a reader that raises is not kept
            if batches is None or not self._next <= row < self._next + _SKIP_ROWS:
                batches = self._rows.batches(row, self._rows.count - row, [self._column])
            for first, batch in batches:
                self._next = first + batch.num_rows
                if row < self._next:
                    self._batches = batches
                    self._kept.append((first, batch.column(0)))
                    return picture_of(batch.column(0)[row - first].as_py())
        raise IndexError(f"the file has no row {row:,}")


def picture_of(value: bytes | Mapping[str, Any] | None) -> bytes | None:
    """The bytes of a cell that holds them itself or in a struct."""
    return value.get("bytes") if isinstance(value, Mapping) else value


def fetch(uri: str, column: str, row: int) -> bytes:
    """The picture in one cell, through a reader that is kept while rows are asked in order.

    Raises:
        Rejected: ``missing_file`` or ``unreadable``.
    """
    try:
        found = None if storage.is_uri(uri) else storage.look(uri)
        data = _pictures(uri, column, found and found.stamp).at(row)
    except FileNotFoundError:
        raise Rejected("missing_file", uri) from None
    except (pa.ArrowException, OSError, ValueError, IndexError, SourceError) as error:
        raise Rejected("unreadable", " ".join(str(error).split())[:200]) from None
    if not data:
        raise Rejected("unreadable", f"row {row:,} holds no picture any more")
    return data


@lru_cache(maxsize=8)
def _pictures(uri: str, column: str, stamp: Stamp | None) -> Pictures:  # a changed file is opened anew
    return Pictures(uri, column)


def _form(kind: pa.DataType) -> Form | None:
    if _is_bytes(kind):
        return "bytes"
    if pa.types.is_struct(kind):
        return "struct" if any(field.name == "bytes" and _is_bytes(field.type) for field in kind) else "words"
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if _is_text(inner):
        return "text"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "words" if _is_text(kind.value_type) or pa.types.is_struct(kind.value_type) else None
    return "words" if pa.types.is_primitive(kind) or pa.types.is_boolean(kind) else None


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _unreadable(uri: str, error: Exception) -> SourceError:
    return SourceError(
        f"the Parquet file cannot be read: {' '.join(str(error).split())[:200]}",
        where=uri,
        todo="write or copy it again; the other shards are not touched",
    )
