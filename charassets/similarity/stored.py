"""The neighbour graph as rows of ``knn_graph``: to bytes and back.

What belongs here: the layout. Not here: which records are in it and when it is made anew (``charassets.stages.knn_graph``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.batches import gathered
from charassets.similarity.graph import Graph
from charassets.similarity.packed import unpacked
from charassets.similarity.places import Places, as_array

COLUMNS = ("record_id", "neighbours", "cosines")
"""Columns of ``knn_graph`` that ``read_graph`` needs."""

_READ_AT_ONCE = 65_536

LEARNT = "learnt"
"""Role of the table, kept beside the rows, of what the searcher learnt."""


@dataclass(frozen=True)
class StoredGraph:
    """The graph of a collection.

    Attributes:
        record_ids: the n records, sorted.
        graph: their neighbours, by place in ``record_ids``.
    """

    record_ids: pa.Array
    graph: Graph

    def rows_of(self, record_ids: Sequence[str] | pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """The row of every record asked about, -1 where it has none."""
        return Places(self.record_ids).of(as_array(record_ids))


def read_graph(batches: Iterable[pa.Table]) -> StoredGraph:
    """The graph from rows of ``knn_graph`` with ``COLUMNS``, in their order."""
    names, near, cosines = [], [], []
    for batch in gathered(batches, _READ_AT_ONCE):
        names.append(batch["record_id"])
        lists = stored_lists(batch)
        near.append(lists.neighbours)
        cosines.append(lists.cosines)
    if not near:
        return StoredGraph(pa.array([], pa.string()), Graph(np.empty((0, 0), np.int32), np.empty((0, 0), np.float32)))
    ids = pa.chunked_array([chunk for column in names for chunk in column.chunks], pa.string()).combine_chunks()
    return StoredGraph(ids, Graph(np.concatenate(near), np.concatenate(cosines)))


def stored_lists(batch: pa.Table) -> Graph:
    """The lists of some rows; their neighbours are rows of the whole table."""
    return Graph(unpacked(batch["neighbours"], "<i4"), unpacked(batch["cosines"], "<f4"))
