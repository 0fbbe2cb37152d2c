"""The neighbour graph as rows of ``knn_graph``: to bytes and back.

What belongs here: the layout. Not here: which records are in it and when it is made anew (``charassets.stages.knn_graph``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.graph import Graph

COLUMNS = ("record_id", "neighbours", "cosines")
"""Columns of ``knn_graph`` that ``read_graph`` needs."""

LEARNT = "learnt"
"""Role of the table, kept beside the rows, of what the searcher learnt."""


@dataclass(frozen=True)
class StoredGraph:
    """The graph of a collection.

    Attributes:
        record_ids: the n records, sorted.
        graph: their neighbours, by place in ``record_ids``.
    """

    record_ids: list[str]
    graph: Graph

    def rows_of(self, record_ids: Iterable[str]) -> NDArray[np.int64]:
        """The row of every record asked about, -1 where it has none."""
        place = {record: row for row, record in enumerate(self.record_ids)}
        return np.array([place.get(record, -1) for record in record_ids], np.int64)


def read_graph(batches: Iterable[pa.Table]) -> StoredGraph:
    """The graph from rows of ``knn_graph`` with ``COLUMNS``, in their order."""
    names: list[str] = []
    near, cosines = [], []
    for batch in batches:
        names.extend(batch["record_id"].to_pylist())
        lists = stored_lists(batch)
        near.append(lists.neighbours)
        cosines.append(lists.cosines)
    if not near:
        return StoredGraph([], Graph(np.empty((0, 0), np.int32), np.empty((0, 0), np.float32)))
    return StoredGraph(names, Graph(np.concatenate(near), np.concatenate(cosines)))


def stored_lists(batch: pa.Table) -> Graph:
    """The lists of some rows; their neighbours are rows of the whole table."""
    return Graph(unpacked(batch["neighbours"], "<i4"), unpacked(batch["cosines"], "<f4"))


def packed(values: NDArray) -> pa.Array:
    """One fixed-size binary value a row of a matrix; a matrix without columns gives empty values."""
    rows, width = values.shape
    data = np.ascontiguousarray(values)
    size = width * data.itemsize
    if size == 0:
        return pa.array([b""] * rows, pa.binary(0)) if rows else pa.array([], pa.binary(0))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), rows, [None, pa.py_buffer(data)])


def unpacked(column: pa.ChunkedArray, dtype: str) -> NDArray[Any]:
    """The matrix of ``packed``."""
    data = b"".join(column.to_pylist())
    return (
        np.frombuffer(data, dtype).reshape(len(column), -1)
        if len(column) and data
        else np.empty((len(column), 0), dtype)
    )


def packed_arrays(arrays: Mapping[str, NDArray]) -> pa.Table:
    """Named arrays as a table: name, dtype, shape, bytes."""
    columns = {
        "name": pa.array(list(arrays), pa.string()),
        "dtype": pa.array([a.dtype.str for a in arrays.values()], pa.string()),
        "shape": pa.array([list(a.shape) for a in arrays.values()], pa.list_(pa.int64())),
        "data": pa.array([a.tobytes() for a in arrays.values()], pa.large_binary()),
    }
    return pa.table(columns)


def unpacked_arrays(table: pa.Table) -> dict[str, NDArray[Any]]:
    """The arrays of ``packed_arrays``."""
    return {
        row["name"]: np.frombuffer(row["data"], np.dtype(row["dtype"])).reshape(row["shape"]).copy()
        for row in table.to_pylist()
    }
