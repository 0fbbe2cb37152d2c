"""Search that compares every pair: on a CPU for small collections, on a GPU for all.

What belongs here: blocked matrix products with a running best list. Not here: rescoring and the graph (``knn``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.graph import NOBODY

if TYPE_CHECKING:
    import torch

_BLOCK = 16_384
_QUERIES = 4_096  # on a device: times _MEMBERS half-precision scores are half a gigabyte
_MEMBERS = 65_536
_GROUP = 64  # scores of which only the largest is ranked at first


class _Learnt:
    """Exact search learns nothing."""

    @property
    def method(self) -> str:
        """Every pair is compared."""
        return "exact"

    def extended(self, vectors: NDArray[np.float16], source: NDArray[np.int64]) -> Self:
        """Itself."""
        return self

    def learnt(self) -> Mapping[str, NDArray]:
        """Nothing."""
        return {}

    def cells_of_rows(self) -> NDArray[np.uint16] | None:
        """Nothing."""
        return None


@dataclass(frozen=True)
class FlatSearcher(_Learnt):
    """FAISS's flat index in single precision: 2 n d operations a query on the CPU."""

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

        index = faiss.IndexFlatIP(vectors.shape[1])
        for rows in blocks(members):
            index.add(vectors[rows].astype(np.float32))
        return search_index(index, vectors, queries, members, width, floor)


@dataclass(frozen=True)
class DeviceSearcher(_Learnt):
    """Blocked brute force through torch: five million vectors of 512 are 2.6e16 operations, half a minute at a GPU's peak.

    Attributes:
        device: a torch device. On ``cpu`` it computes in single precision, elsewhere in half precision.
    """

    device: str

    def candidates(
        self,
        vectors: NDArray[np.float16],
        queries: NDArray[np.int64],
        members: NDArray[np.int64],
        width: int,
        floor: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int32]:
        """The nearest members of every query; see ``Searcher``."""
        import torch

        kind = torch.float32 if self.device == "cpu" else torch.float16
        stored = torch.from_numpy(vectors)
        there = torch.empty((len(members), vectors.shape[1]), dtype=kind, device=self.device)
        for start in range(0, len(members), _MEMBERS):
            rows = torch.from_numpy(members[start : start + _MEMBERS])
            there[start : start + len(rows)] = stored[rows].to(self.device)
        found = np.full((len(queries), width), NOBODY, np.int32)
        for start in range(0, len(queries), _QUERIES):
            part = slice(start, start + _QUERIES)
            scores, places = _running_top(stored[torch.from_numpy(queries[part])].to(there), there, width)
            named = members[places.cpu().numpy()].astype(np.int32)
            if floor is not None:
                named[scores.float().cpu().numpy() < floor[part, None]] = NOBODY
            found[part, : named.shape[1]] = named
        return found


def _running_top(queries: "torch.Tensor", members: "torch.Tensor", width: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    """The best ``width`` scores of each query and their members, block after block of members."""
    import torch

    best: torch.Tensor | None = None
    places: torch.Tensor | None = None
    for start in range(0, len(members), _MEMBERS):
        scores = queries @ members[start : start + _MEMBERS].T
        top, found = grouped_top(scores, min(width, scores.shape[1]))
        found = found + start
        if best is not None and places is not None:
            top, found = torch.cat([best, top], 1), torch.cat([places, found], 1)
            top, chosen = top.topk(min(width, top.shape[1]), dim=1)
            found = found.gather(1, chosen)
        best, places = top, found
    assert best is not None and places is not None  # noqa: S101 - there is at least one member
    return best, places


def grouped_top(scores: "torch.Tensor", width: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    """The same as ``scores.topk(width)``: the best lie in those groups of columns whose largest scores are the best.

    Reducing 64 scores to their largest reads memory once; ranking is left for a 64th of them.
    """
    import torch

    rows, columns = scores.shape
    groups = -(-columns // _GROUP)
    if groups <= width:
        return scores.topk(width, dim=1)
    padded = torch.nn.functional.pad(scores, (0, groups * _GROUP - columns), value=-torch.inf).view(
        rows, groups, _GROUP
    )
    chosen = padded.amax(2).topk(width, dim=1).indices
    within = padded.gather(1, chosen[:, :, None].expand(-1, -1, _GROUP)).reshape(rows, -1)
    top, place = within.topk(width, dim=1)
    return top, chosen.gather(1, place // _GROUP) * _GROUP + place % _GROUP


def search_index(
    index: object,
    vectors: NDArray[np.float16],
    queries: NDArray[np.int64],
    members: NDArray[np.int64],
    width: int,
    floor: NDArray[np.float32] | None,
) -> NDArray[np.int32]:
    """Ask a FAISS index that holds the members, block by block: single precision exists for one block at a time."""
    found = np.full((len(queries), width), NOBODY, np.int32)
    names = np.append(members, NOBODY).astype(np.int32)  # place -1 is nobody
    done = 0
    for rows in blocks(queries):
        part = slice(done, done + len(rows))
        scores, places = index.search(vectors[rows].astype(np.float32), width)  # pyright: ignore[reportAttributeAccessIssue]
        found[part] = names[places]
        if floor is not None:
            found[part][scores < floor[part, None]] = NOBODY
        done += len(rows)
    return found


def blocks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows in blocks of a size that single precision has room for."""
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
