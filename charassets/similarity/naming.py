"""What groups of copies are called: by the name most of their members had, so that a name stays when a better copy comes.

What belongs here: the names. Not here: who inherits of several heirs (``continuity``), and who is in which group (``stars``).
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.similarity.continuity import inherited
from charassets.similarity.places import Places

NAMED = ("record_id", "group_name")
"""Columns of the run before."""


def names_of(
    records: pa.Array, keeper: NDArray[np.int64], rank: NDArray[np.int64], before: pa.Table | None
) -> pa.Array:
    """The name of every picture's group: what most of its members were called before, else its keeper's record_id.

    Args:
        records: n record ids.
        keeper: int64, shape (n,): the keeper of each, by row.
        rank: int64, shape (n,): the order in which copies are worth keeping.
        before: columns ``NAMED`` of the run before.
    """
    keepers = np.flatnonzero(keeper == np.arange(len(keeper)))
    keepers = keepers[pc.array_sort_indices(records.take(pa.array(keepers))).to_numpy()]  # pyright: ignore[reportAttributeAccessIssue]
    number = np.empty(len(keeper), np.int64)
    number[keepers] = np.arange(len(keepers))
    group = number[keeper]
    own = records.take(pa.array(keepers))
    if before is None or not len(before):
        return own.take(pa.array(group))
    old = before["group_name"].unique()
    old = old.take(pc.array_sort_indices(old))  # pyright: ignore[reportAttributeAccessIssue]
    code, row = Places(old).of(before["group_name"]), Places(before["record_id"]).of(records)
    heirs = inherited(group, np.where(row >= 0, np.append(code, -1)[row], -1), len(keepers))
    kept = old.take(pa.array(heirs, mask=heirs < 0))
    taken = kept.drop_null()
    names = pc.coalesce(kept, own)  # pyright: ignore[reportAttributeAccessIssue]
    lost = np.flatnonzero((heirs < 0) & (Places(taken).of(own) >= 0))
    if len(lost):  # a keeper's name may live on in a group that it left
        names = _renamed(names, lost, taken, lambda i: _members(records, group, rank, i))
    return names.take(pa.array(group))


def _renamed(
    names: pa.Array, lost: NDArray[np.int64], taken: pa.Array, members: Callable[[int], list[str]]
) -> pa.Array:
    """Names of some groups made anew: the first member's that is not taken."""
    changed, used = names.to_pylist(), set(taken.to_pylist())
    for i in lost.tolist():
        held = members(i)
        changed[i] = next((name for name in held if name not in used), f"{held[0]}+")
        used.add(changed[i])
    return pa.array(changed, pa.string())


def _members(records: pa.Array, group: NDArray[np.int64], rank: NDArray[np.int64], i: int) -> list[str]:
    """Record ids of a group, the best first."""
    rows = np.flatnonzero(group == i)
    return records.take(pa.array(rows[np.argsort(rank[rows])])).to_pylist()
