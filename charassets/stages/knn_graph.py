"""The neighbour graph: every embedded record's nearest neighbours, over the whole collection.

What belongs here: which rows stand for whom, and what of the graph before goes on standing. Not here: the search
(``charassets.similarity.knn``). Gates have no say in it: the graph is of all embeddings, and whoever reads it leaves out
whom it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.lake.fragments import Fragment
from charassets.schema import CLIP_EMBEDDINGS, KNN_GRAPH, Table
from charassets.settings import Settings
from charassets.similarity.graph import Graph
from charassets.similarity.knn import GraphRule, Searcher, build, new_searcher, restored, updated
from charassets.similarity.packed import packed, packed_arrays, unpacked, unpacked_arrays
from charassets.similarity.places import Places
from charassets.similarity.stored import COLUMNS, LEARNT, read_graph
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads

_MODEL = "model"
_METHOD = "method"
_TRAINED_ON = "trained_on"


class KnnGraph(CollectionStage):
    """Builds the graph once; afterwards new, changed and gone records are worked into it."""

    table: ClassVar[Table] = KNN_GRAPH
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {CLIP_EMBEDDINGS.name: Reads(("crop_id", *VECTOR_COLUMNS))}
    continues: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        graph = settings.graph
        self._generation = graph.generation
        self._rule = GraphRule(
            graph.neighbours, graph.method, graph.exact_up_to, graph.probes, _search_device(settings.device)
        )

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The rule but the device, and the generation."""
        rule = self._rule
        return {
            "neighbours": rule.neighbours,
            "method": rule.method,
            "exact_up_to": rule.exact_up_to,
            "probes": rule.probes,
            "generation": self._generation,
        }

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every embedded record.

        Raises:
            CharassetsError: the shards were embedded by different models.
        """
        embeddings = inputs[CLIP_EMBEDDINGS.name]
        keys = embeddings.table(["record_id", "crop_id", "model"]).sort_by("record_id")
        vectors = gather(embeddings.batches, keys["record_id"].combine_chunks()).values
        model = keys["model"][0].as_py() if len(keys) else ""
        before = inputs.get(self.name)
        index = self._standing(before, model, len(keys)) if before is not None else None
        if index is None or before is None:
            index = Index(new_searcher(vectors, self._rule), model, len(keys))
            graph = build(vectors, index.searcher, self._rule.neighbours)
        else:
            source = _rows_before(keys, before)
            index = replace(index, searcher=index.searcher.extended(vectors, source))
            stored = read_graph(before.batches(COLUMNS)).graph
            graph = updated(stored, vectors, source, index.searcher, self._rule.neighbours)
        return Outcome(_rows(keys, graph, index.searcher), extras={LEARNT: index.table()})

    def _standing(self, before: Collection, model: str, n: int) -> "Index | None":
        """The index of the graph before, where it can go on: the same step, the same model, still the right method.

        An index stays what it is; comparing all pairs ends where the collection has outgrown it.
        """
        kept = before.beside(LEARNT)
        if kept is None or not before.made_by(self.own_fingerprint()):
            return None
        cells = before.table(["cells"])["cells"]
        index = Index.of(kept, None if cells.null_count else unpacked(cells, "<u2"), self._rule)
        outgrown = index.searcher.method == "exact" != self._rule.method_for(n)
        return index if index.model == model and not outgrown else None


@dataclass(frozen=True)
class Index:
    """What the searcher of a graph learnt, and when.

    Attributes:
        searcher: finds candidates.
        model: whose vectors it has learnt from.
        trained_on: number of vectors there were then.
    """

    searcher: Searcher
    model: str
    trained_on: int

    @classmethod
    def of(cls, kept: pa.Table, cells: NDArray[np.uint16] | None, rule: GraphRule) -> "Index":
        """From the table kept beside the rows."""
        learnt = unpacked_arrays(kept)
        method, model = (learnt.pop(name).tobytes().decode() for name in (_METHOD, _MODEL))
        trained_on = int(learnt.pop(_TRAINED_ON)[0])
        return cls(restored(method, learnt, cells, rule), model, trained_on)

    def table(self) -> pa.Table:
        """The table to keep beside the rows."""
        texts = {_METHOD: self.searcher.method, _MODEL: self.model}
        arrays = {name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()}
        return packed_arrays({**arrays, _TRAINED_ON: np.array([self.trained_on]), **self.searcher.learnt()})


@dataclass(frozen=True)
class GraphFacts:
    """How a stored graph came about: the method, and the number of vectors its index was trained on."""

    method: str
    trained_on: int


def graph_facts(fragment: Fragment) -> GraphFacts:
    """What is kept beside the rows of ``knn_graph``."""
    learnt = unpacked_arrays(fragment.read(role=LEARNT))
    return GraphFacts(learnt[_METHOD].tobytes().decode(), int(learnt[_TRAINED_ON][0]))


def _search_device(device: str) -> str:
    """Where all pairs are compared: on a CUDA device, if there is one and the settings do not say otherwise."""
    import torch

    return "cuda" if device in ("auto", "cuda") and torch.cuda.is_available() else "cpu"


def _rows_before(keys: pa.Table, before: Collection) -> NDArray[np.int64]:
    """For each record its row before, -1 for one that is new or shows another crop."""
    old = before.table(["record_id", "crop_id"])
    row = Places(old["record_id"]).of(keys["record_id"])
    stands = np.flatnonzero(row >= 0)
    same = pc.equal(keys["crop_id"].take(pa.array(stands)), old["crop_id"].take(pa.array(row[stands])))  # pyright: ignore[reportAttributeAccessIssue]
    row[stands[~same.to_numpy()]] = -1
    return row


def _rows(keys: pa.Table, graph: Graph, searcher: Searcher) -> pa.Table:
    cells = searcher.cells_of_rows()
    columns = {
        "record_id": keys["record_id"],
        "crop_id": keys["crop_id"],
        "neighbours": packed(graph.neighbours.astype("<i4", copy=False)).cast(pa.binary()),
        "cosines": packed(graph.cosines.astype("<f4", copy=False)).cast(pa.binary()),
        "cells": pa.nulls(len(keys), pa.binary()) if cells is None else packed(cells).cast(pa.binary()),
    }
    return pa.table(columns, schema=KNN_GRAPH.arrow)
