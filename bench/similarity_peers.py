"""What ``bench.similarity`` times: our graph and characters, and the peers, each on the same vectors.

What belongs here: one function a method, from vectors to neighbours or labels. Not here: processes, clocks and tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.graph import Graph
from charassets.similarity.knn import GraphRule, build, new_searcher

K = 16
MIN_CLUSTER_SIZE, MIN_SAMPLES = 8, 5
_BLOCK = 16_384

Clock = Callable[[], float]


@dataclass
class Answer:
    """What a method found.

    Attributes:
        rows: the rows that searched; all of them, or the sample that the time was extrapolated from.
        neighbours: shape (r, K): their neighbours, without themselves.
        labels: shape (n,): clusters, for a clustering method.
        seconds: CPU seconds by part; parts named in ``sampled`` were timed on the sample.
        sampled: parts to be multiplied by n / r.
        cosines: shape (r, K), where the method gives exact ones.
    """

    rows: NDArray[np.int64]
    neighbours: NDArray[np.int32] | None = None
    labels: NDArray[np.int64] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    sampled: tuple[str, ...] = ()
    cosines: NDArray[np.float32] | None = None

    def total(self, n: int) -> float:
        """CPU seconds for all n rows."""
        scale = n / max(1, len(self.rows))
        return sum(s * (scale if part in self.sampled else 1) for part, s in self.seconds.items())


def ours(vectors: NDArray[np.float16], sample: NDArray[np.int64], clock: Clock, probes: int) -> Answer:
    """Our graph over all vectors, nothing extrapolated."""
    started = clock()
    searcher = new_searcher(vectors, GraphRule(K, "cells", probes=probes))
    trained = clock()
    graph = build(vectors, searcher, K)
    seconds = {"learn": trained - started, "search": clock() - trained}
    return Answer(np.arange(len(vectors)), graph.neighbours, seconds=seconds, cosines=graph.cosines)


def faiss_index(
    vectors: NDArray[np.float16], sample: NDArray[np.int64], clock: Clock, spec: str, parameters: str
) -> Answer:
    """A FAISS index over all vectors; the search is timed on the sample and extrapolated."""
    import faiss

    n, dim = vectors.shape
    cells = int(4 * n**0.5)
    started = clock()
    index = faiss.index_factory(dim, spec.replace("NLIST", str(cells)), faiss.METRIC_INNER_PRODUCT)
    if spec.startswith("HNSW"):
        index.hnsw.efConstruction = 64  # pyright: ignore[reportAttributeAccessIssue]
    chosen = np.random.default_rng(0).choice(n, min(n, cells * 40), replace=False)
    if not index.is_trained:
        index.train(vectors[np.sort(chosen)].astype(np.float32))
    for start in range(0, n, _BLOCK):
        index.add(vectors[start : start + _BLOCK].astype(np.float32))
    if parameters:
        faiss.ParameterSpace().set_index_parameters(index, parameters)
    built = clock()
    found = index.search(vectors[sample].astype(np.float32), K + 1)[1]
    seconds = {"build": built - started, "search": clock() - built}
    own = found == sample[:, None]
    own[~own.any(axis=1), -1] = True
    return Answer(sample, found[~own].reshape(len(sample), K).astype(np.int32), seconds=seconds, sampled=("search",))


def our_characters(vectors: NDArray[np.float16], sample: NDArray[np.int64], clock: Clock) -> Answer:
    """The graph, exact up to the usual size, and HDBSCAN over it."""
    from charassets.similarity.density import by_graph

    started = clock()
    graph: Graph = build(vectors, new_searcher(vectors, GraphRule(K)), K)
    searched = clock()
    labels, _ = by_graph(graph, MIN_CLUSTER_SIZE, MIN_SAMPLES)
    seconds = {"graph": searched - started, "clusters": clock() - searched}
    return Answer(sample, labels=labels, seconds=seconds)


def library(vectors: NDArray[np.float16], sample: NDArray[np.int64], clock: Clock, make: Callable[[], Any]) -> Answer:
    """A clustering library on single-precision vectors."""
    model = make()
    single = np.asarray(vectors, np.float32)
    started = clock()
    labels = np.asarray(model.fit_predict(single), np.int64)
    return Answer(sample, labels=labels, seconds={"all": clock() - started})


def _hdbscan() -> Any:  # noqa: ANN401 - peers have no common type
    import hdbscan

    return hdbscan.HDBSCAN(MIN_CLUSTER_SIZE, MIN_SAMPLES, core_dist_n_jobs=1)


def _sklearn() -> Any:  # noqa: ANN401
    from sklearn.cluster import HDBSCAN

    # Its min_samples counts the vector itself. "brute" holds 16 bytes a pair: 6.4 GB at 20,000.
    return HDBSCAN(min_cluster_size=MIN_CLUSTER_SIZE, min_samples=MIN_SAMPLES + 1, algorithm="brute")


def _fast_hdbscan() -> Any:  # noqa: ANN401
    import fast_hdbscan  # pyright: ignore[reportMissingImports]

    return fast_hdbscan.HDBSCAN(min_cluster_size=MIN_CLUSTER_SIZE, min_samples=MIN_SAMPLES)


def _evoc() -> Any:  # noqa: ANN401
    import evoc  # pyright: ignore[reportMissingImports]

    return evoc.EVoC(base_min_cluster_size=MIN_CLUSTER_SIZE)


@dataclass(frozen=True)
class Method:
    """A method of the table.

    Attributes:
        run: from vectors, sample and clock to the answer.
        needs: module that has to be installed.
        most: vectors up to which it is run, and why not beyond.
        clusters: whether it gives clusters rather than neighbours.
    """

    run: Callable[[NDArray[np.float16], NDArray[np.int64], Clock], Answer]
    needs: str = "faiss"
    most: tuple[int, str] = (1 << 40, "")
    clusters: bool = False


def _index(spec: str, parameters: str = "") -> Callable[..., Answer]:
    return lambda vectors, sample, clock: faiss_index(vectors, sample, clock, spec, parameters)


def _library(make: Callable[[], Any]) -> Callable[..., Answer]:
    return lambda vectors, sample, clock: library(vectors, sample, clock, make)


METHODS: dict[str, Method] = {
    **{f"ours, {p} probes": Method(partial(ours, probes=p), "torch") for p in (8, 12, 16)},
    "FAISS Flat": Method(_index("Flat")),
    "FAISS IVF,Flat nprobe 4": Method(_index("IVFNLIST,Flat", "nprobe=4")),
    "FAISS IVF,Flat nprobe 8": Method(_index("IVFNLIST,Flat", "nprobe=8")),
    "FAISS IVF,PQfs,Refine nprobe 4": Method(_index("IVFNLIST,PQ128x4fs,Refine(SQfp16)", "nprobe=4,k_factor_rf=4")),
    "FAISS IVF,PQfs,Refine nprobe 8": Method(_index("IVFNLIST,PQ128x4fs,Refine(SQfp16)", "nprobe=8,k_factor_rf=4")),
    "FAISS IVF,PQfs,Refine nprobe 32": Method(_index("IVFNLIST,PQ128x4fs,Refine(SQfp16)", "nprobe=32,k_factor_rf=4")),
    "FAISS HNSW16 ef 64": Method(_index("HNSW16", "efSearch=64")),
    "FAISS HNSW16 ef 256": Method(_index("HNSW16", "efSearch=256")),
    "our characters": Method(our_characters, "torch", clusters=True),
    "hdbscan": Method(_library(_hdbscan), "hdbscan", (20_000, "grows with n ** 2.2: six hours at 200,000"), True),
    "scikit-learn HDBSCAN": Method(_library(_sklearn), "sklearn", (12_000, "16 bytes a pair: 6.4 GB at 20,000"), True),
    "fast_hdbscan": Method(
        _library(_fast_hdbscan), "fast_hdbscan", (20_000, "no better than all pairs in 512 dimensions"), True
    ),
    "evoc": Method(_library(_evoc), "evoc", clusters=True),
}
