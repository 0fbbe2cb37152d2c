"""Names that survive: groups of a new run take over the names of the old groups they share most members with.

What belongs here: who inherits which name. Not here: how groups are made.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.similarity.places import Places


@dataclass(frozen=True)
class Forebears:
    """The groups of the run before, and which of them each of n records was in.

    Attributes:
        names: what they were called, sorted; also those that none of the records was in.
        of: int64, shape (n,): the number of its group's name, -1 for a record that was in none.
    """

    names: list[str]
    of: NDArray[np.int64]

    @classmethod
    def read(cls, records: pa.Array, before: pa.Table | None) -> Self:
        """From rows of the run before: a record and the name of its group or null.

        Args:
            records: the n records there are now.
            before: two columns, None where nothing was grouped yet.
        """
        if before is None:
            return cls([], np.full(len(records), -1))
        record, name = (column.combine_chunks() for column in before.filter(before.column(1).is_valid()).columns)
        known = name.unique()
        names = known.take(pc.array_sort_indices(known))  # pyright: ignore[reportAttributeAccessIssue]
        row = Places(record).of(records)
        return cls(names.to_pylist(), np.append(Places(names).of(name), -1)[row])

    def called(self, group: NDArray[np.int64], count: int, name: Callable[[int], str]) -> list[str]:
        """What the groups of now are called: as the one they inherit from, else by the next name that was free.

        Args:
            group: int64, shape (n,): the group of every record, -1 for none.
            count: number of groups.
            name: the names there are, by number.
        """
        grouped = group >= 0
        taken = set(self.names)
        free = (fresh for fresh in map(name, itertools.count()) if fresh not in taken)
        heirs = inherited(group[grouped], self.of[grouped], count)
        return [next(free) if heir < 0 else self.names[heir] for heir in heirs.tolist()]


def inherited(group: NDArray[np.int64], old: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """For every new group the old one whose name it inherits, each at most one; -1 for a group without a forebear.

    The assignment is the one under which the most records keep their name. Of two heirs with equal claims the earlier group
    wins. A group that shares no member with any old one inherits nothing.

    Args:
        group: shape (n,): the new group of every record.
        old: shape (n,): its old group, -1 for a record that was in none.
        count: number of new groups.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    heirs = np.full(count, -1)
    there = old >= 0
    if not there.any():
        return heirs
    names = int(old.max()) + 1
    claims, shared = np.unique(group[there] * names + old[there], return_counts=True)
    heir, name = claims // names, claims % names
    edges = coo_array((np.ones(len(claims), np.int8), (heir, count + name)), shape=(count + names, count + names))
    _, family = connected_components(edges, directed=False)
    family = family[heir]  # each is settled by itself, so a million groups stay cheap
    size = np.bincount(family)[family]
    heirs[heir[size == 1]] = name[size == 1]
    several = np.flatnonzero(size > 1)
    several = several[np.argsort(family[several], kind="stable")]
    for part in np.split(several, np.flatnonzero(np.diff(family[several])) + 1) if len(several) else ():
        _settle(heir[part], name[part], shared[part], heirs)
    return heirs


def _settle(
    heir: NDArray[np.int64], name: NDArray[np.int64], shared: NDArray[np.int64], heirs: NDArray[np.int64]
) -> None:
    """One family's claims: who, to which name, by how many members."""
    from scipy.optimize import linear_sum_assignment

    rows, row = np.unique(heir, return_inverse=True)
    names, column = np.unique(name, return_inverse=True)
    weight = np.zeros((len(rows), len(names)))
    weight[row, column] = shared
    early = np.linspace(1e-6, 0, len(rows))[:, None]  # breaks ties, and never outweighs a member
    chosen = linear_sum_assignment(np.where(weight > 0, weight + early, 0), maximize=True)
    for i, j in zip(*chosen, strict=True):
        if weight[i, j] > 0:
            heirs[rows[i]] = names[j]
