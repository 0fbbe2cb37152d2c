"""Matrices as columns of bytes, and named arrays as tables: to Arrow and back, without a Python object a row.

What belongs here: the layout. Not here: what is stored so.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def packed(values: NDArray) -> pa.Array:
    """One fixed-size binary value a row of a matrix; a matrix without columns gives empty values."""
    rows, width = values.shape
    data = np.ascontiguousarray(values)
    size = width * data.itemsize
    if size == 0:
        return pa.array([b""] * rows, pa.binary(0)) if rows else pa.array([], pa.binary(0))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), rows, [None, pa.py_buffer(data)])


def unpacked(column: pa.ChunkedArray, dtype: str) -> NDArray[Any]:
    """The matrix of ``packed``, from a column of binary values that are all of one length and none of which is null."""
    blocks = [block for chunk in column.chunks if (block := _bytes_of(chunk)).size]
    if not blocks:
        return np.empty((len(column), 0), dtype)
    whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    return whole.view(dtype).reshape(len(column), -1)


def _bytes_of(chunk: pa.Array) -> NDArray[np.uint8]:
    """The bytes of all values, one after the other, where Arrow keeps them."""
    data = chunk.buffers()[-1]
    if data is None or not len(chunk):
        return np.empty(0, np.uint8)
    first, last = chunk.offset, chunk.offset + len(chunk)
    if pa.types.is_fixed_size_binary(chunk.type):
        width = chunk.type.byte_width
        return np.frombuffer(data, np.uint8)[first * width : last * width]
    ends = np.frombuffer(chunk.buffers()[1], np.int64 if pa.types.is_large_binary(chunk.type) else np.int32)
    return np.frombuffer(data, np.uint8)[ends[first] : ends[last]]


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
