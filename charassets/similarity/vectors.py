"""Stored embeddings as one array beside the records that are asked about.

What belongs here: bytes to numbers, and the guard against mixing models. Not here: what is done with the numbers.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError
from charassets.similarity.packed import unpacked
from charassets.similarity.places import Places

Batches = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Reads some columns of a table, batch by batch."""

COLUMNS = ("record_id", "model", "embedding")
"""Columns of ``clip_embeddings`` that ``gather`` needs."""

WITH_HEADS = ("embedding", "head_embedding")
"""Columns of vectors: of the figure, and of its head, which is null where none is seen."""

_COPIED_AT_ONCE = 65_536  # rows; vectors of 512 are 64 MB
_NONE = pa.array([], pa.string())
_FEW_TIMES, _FEW_ROWS = 2, 4  # some rows are read so often by themselves, if they are less than one in so many
_MAPPED_FROM = 1 << 30  # bytes from which vectors lie in a file the system may page out


@dataclass(frozen=True)
class Vectors:
    """Embeddings of some of n records.

    Attributes:
        values: float16, shape (n, d), unit norm, zero where there is none; half precision keeps five million vectors of 512
            within 5 GB, and from a gigabyte on they are a memory map of an unnamed file.
        row: int64, shape (n,): the record's row in ``values``, -1 where it has no embedding.
    """

    values: NDArray[np.float16]
    row: NDArray[np.int64]

    def of(self, rows: NDArray[np.int64]) -> "Vectors":
        """Those of some of the records."""
        return Vectors(self.values, self.row[rows])


class Embeddings:
    """The embeddings of n records, read when they are asked for: those of a few where a few are enough.

    Args:
        read: reads those of some records.
        record_ids: the n records.
    """

    def __init__(self, read: Callable[[pa.Array], Vectors], record_ids: pa.Array) -> None:
        self._read, self._records = read, record_ids
        self._all: Vectors | None = None
        self._times = 0

    def of(self, rows: NDArray[np.int64]) -> Vectors:
        """Those of some of the records, each once."""
        if self._all is None and (self._times == _FEW_TIMES or len(rows) * _FEW_ROWS > len(self._records)):
            self._all = self._read(self._records)
        if self._all is not None:
            return self._all.of(rows)
        self._times += 1
        return self._read(self._records.take(pa.array(rows)))


def gather(batches: Batches, record_ids: Sequence[str] | pa.Array) -> Vectors:
    """The embeddings of the figures of ``record_ids``; see ``gather_each``."""
    return gather_each(batches, record_ids, ("embedding",))[0]


def gather_each(batches: Batches, record_ids: Sequence[str] | pa.Array, columns: Sequence[str]) -> list[Vectors]:
    """The embeddings of ``record_ids``; those of other records are passed over.

    Args:
        batches: rows of ``clip_embeddings``, in an order of their own that is always the same. Records are read first and looked
            up together, for each look-up reads all names that are asked about.
        record_ids: the n records asked about, each once.
        columns: of ``WITH_HEADS``.

    Returns:
        One for each of the columns.

    Raises:
        CharassetsError: two models embedded them: their vectors cannot be compared.
    """
    there = [_NONE, *(chunk for batch in batches(["record_id"]) for chunk in batch["record_id"].chunks)]
    place = Places(record_ids).of(pa.chunked_array(there))
    found = {column: _Gathered.nothing(len(record_ids)) for column in columns}
    models: set[str] = set()
    done = 0
    for batch in batches(["model", *columns]):
        places = place[done : done + len(batch)]
        done += len(batch)
        wanted = places >= 0
        if not wanted.any():
            continue
        if not wanted.all():
            places, batch = places[wanted], batch.filter(pa.array(wanted))
        models.update(batch["model"].unique().to_pylist())
        if len(models) > 1:
            raise CharassetsError(
                f"embeddings of different models cannot be compared: {', '.join(sorted(models))}",
                where="clip_embeddings",
                todo="materialize clip_embeddings on every shard",
            )
        for column, gathered in found.items():
            gathered.put(places, batch[column])
    return [Vectors(gathered.values, gathered.row) for gathered in found.values()]


@dataclass
class _Gathered:
    """What ``Vectors`` are made of, while they are read."""

    values: NDArray[np.float16]
    row: NDArray[np.int64]

    @classmethod
    def nothing(cls, n: int) -> "_Gathered":
        return cls(np.empty((n, 0), np.float16), np.full(n, -1, np.int64))

    def put(self, places: NDArray[np.int64], stored: pa.ChunkedArray) -> None:
        """Vectors of the records at some places; null where there is none."""
        if stored.null_count:
            known = stored.is_valid()
            places, stored = places[known.to_numpy()], stored.filter(known)
        if not len(places):
            return
        block = unpacked(stored, "<f2")
        if not self.values.shape[1]:
            self.values = room(len(self.row), block.shape[1])
        self.values[places] = block
        self.row[places] = places


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch's loops run in the calling thread: conversions wait for memory, and a second thread takes time and saves none."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def single(vectors: NDArray[np.float16], rows: NDArray[np.integer] | slice) -> NDArray[np.float32]:
    """Some rows in single precision; torch converts four times as fast as numpy.

    Ask for a thousand or so at a time: what is in the processor's cache costs a third of what the system must find pages for.
    """
    import torch

    stored = torch.from_numpy(vectors)
    chosen = stored[rows] if isinstance(rows, slice) else torch.index_select(stored, 0, torch.from_numpy(rows))
    return chosen.float().numpy()


def halved(values: NDArray[np.float32], result: NDArray[np.float16]) -> None:
    """Write values into ``result`` of the same shape, rounded to half precision."""
    import torch

    torch.from_numpy(result).copy_(torch.from_numpy(values))


def of_rows(vectors: NDArray[np.float16], rows: NDArray[np.int64]) -> NDArray[np.float16]:
    """Some rows, ascending, each once: the vectors themselves where that is all of them, for a copy of five million is 10 GB."""
    if len(rows) == len(vectors):
        return vectors
    chosen = room(len(rows), vectors.shape[1])
    for first in range(0, len(rows), _COPIED_AT_ONCE):
        chosen[first : first + _COPIED_AT_ONCE] = vectors[rows[first : first + _COPIED_AT_ONCE]]
    return chosen


def room(n: int, dim: int) -> NDArray[np.float16]:
    """Zeros of shape (n, dim); large ones are a memory map whose file has no name and goes with it."""
    if n * dim * 2 < _MAPPED_FROM:
        return np.zeros((n, dim), np.float16)
    with tempfile.TemporaryFile(prefix="charassets-vectors-") as file:
        file.truncate(n * dim * 2)
        return np.memmap(file, np.float16, "r+", shape=(n, dim))
