"""Search by FAISS's inverted file of four-bit codes with refinement: for processors that have no bfloat16.

What belongs here: that index, trained once and frozen. Not here: the faster ``cells``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.exact import blocks, search_index

_TRAINING_PER_CELL = 40  # FAISS warns below 39 points a centroid
_PROBES = 32  # all planted copies among 200,000 are found from 8 cells on; 32 cost a fifth more
_REFINED = 4  # candidates rescored in half precision for each neighbour asked for


@dataclass(frozen=True)
class FastScanSearcher:
    """Four bits a pair of dimensions to scan and half precision to rescore: 2.25 d bytes a member while it searches.

    Attributes:
        index: the trained, empty index as FAISS writes it: uint8, shape (b,).
    """

    index: NDArray[np.uint8]

    @classmethod
    def trained(cls, vectors: NDArray[np.float16]) -> Self:
        """Learn centroids and codes from a sample."""
        import faiss

        n, dim = vectors.shape
        cells = int(4 * math.sqrt(n))
        codes = next(m for m in range(max(1, dim // 4), 0, -1) if dim % m == 0)
        index = faiss.index_factory(dim, f"IVF{cells},PQ{codes}x4fs,Refine(SQfp16)", faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).choice(n, min(n, cells * _TRAINING_PER_CELL), replace=False)
        index.train(vectors[np.sort(chosen)].astype(np.float32))
        return cls(faiss.serialize_index(index))

    @property
    def method(self) -> str:
        """FAISS."""
        return "faiss"

    def candidates(
        self,
        vectors: NDArray[np.float16],
        queries: NDArray[np.int64],
        members: NDArray[np.int64],
        width: int,
        floor: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int32]:
        """The nearest members of every query; see ``Searcher``."""
        import faiss

        index = faiss.deserialize_index(self.index)
        faiss.ParameterSpace().set_index_parameters(index, f"nprobe={_PROBES},k_factor_rf={_REFINED}")
        for rows in blocks(members):
            index.add(vectors[rows].astype(np.float32))
        return search_index(index, vectors, queries, members, width, floor)

    def extended(self, vectors: NDArray[np.float16], source: NDArray[np.int64]) -> Self:
        """Itself: centroids and codes stay as they are."""
        return self

    def learnt(self) -> Mapping[str, NDArray]:
        """The index without members."""
        return {"index": self.index}

    def cells_of_rows(self) -> NDArray[np.uint16] | None:
        """Nothing: FAISS finds the cells of a query anew."""
        return None
