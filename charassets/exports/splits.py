"""Train, validation and test without leaks: whatever shares a character, a duplicate group, a drawing or bytes stays on one side.

What belongs here: the division, and the query that proves it. Not here: which records are divided (``rows``).
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.settings import SplitSettings

TRAIN, VALIDATION, TEST = "train", "validation", "test"
"""The sides, in order."""

TOGETHER = ("character_id", "duplicate_group", "drawing", "image_id", "crop_id")
"""Columns whose equal values bind records to one side; ``drawing`` is the best of the pictures that are variants of one drawing."""

LEAKS = "\nUNION ALL\n".join(
    f"SELECT '{column}' AS what, {column} AS shared, list(DISTINCT split) AS sides FROM 'index.parquet'\n"  # noqa: S608
    f"WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(DISTINCT split) > 1"
    for column in TOGETHER
)
"""Asked in the folder of an export: a row for everything that stands on two sides. There are none."""


def divide(records: pa.Table, shares: SplitSettings) -> pa.Array:
    """The side of every record.

    A group's side is drawn by a hash of its name, not by filling up shares, so that tomorrow's records move none of today's
    unless they join two groups into one. Shares therefore hold on average, and not to the record.

    Args:
        records: ``record_id`` and ``TOGETHER``; a null binds to nothing.
        shares: shares and seed.

    Returns:
        A string array in the order of ``records``.
    """
    if not shares.validation and not shares.test:
        return pa.array([TRAIN] * records.num_rows, pa.string())
    names = [str(name) for name in records["record_id"].to_pylist()]
    groups = components([records[column].combine_chunks() for column in TOGETHER], records.num_rows)
    first: dict[int, str] = {}
    for name, group in zip(names, groups.tolist(), strict=True):
        first[group] = min(name, first.get(group, name))
    sides = {group: _side(name, shares) for group, name in first.items()}
    return pa.array([sides[group] for group in groups.tolist()], pa.string())


def components(columns: Sequence[pa.Array], rows: int) -> NDArray[np.int32]:
    """The group of every row: rows are in one group when a chain of equal, non-null values leads from one to the other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right, nodes = [np.empty(0, np.int64)], [np.empty(0, np.int64)], rows
    for column in columns:
        codes = column.dictionary_encode()
        there = np.flatnonzero(~np.asarray(column.is_null()))
        left.append(there)
        right.append(np.asarray(codes.indices.drop_null()).astype(np.int64) + nodes)
        nodes += len(codes.dictionary)
    starts, ends = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(starts), np.int8), (starts, ends)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:rows]


def _side(name: str, shares: SplitSettings) -> str:
    drawn = int.from_bytes(hashlib.blake2b(f"{shares.seed}/{name}".encode(), digest_size=8).digest()) / 2.0**64
    if drawn < shares.test:
        return TEST
    return VALIDATION if drawn < shares.test + shares.validation else TRAIN
