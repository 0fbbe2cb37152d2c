"""Names that survive: groups of a new run take over the names of the old groups they share most members with.

What belongs here: who inherits which name. Not here: how groups are made.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def carried_over(before: Mapping[str, str], groups: Sequence[Sequence[str]]) -> list[str | None]:
    """For every new group the name it inherits, each name at most once; None for a group without a forebear.

    The assignment is the one under which the most records keep their name. Of two heirs with equal claims the earlier group
    wins. A group that shares no member with any old one inherits nothing.

    Args:
        before: record to the name of its group in the run before.
        groups: the members of every new group.
    """
    names = sorted(set(before.values()))
    number = {name: i for i, name in enumerate(names)}
    group = np.repeat(np.arange(len(groups)), [len(members) for members in groups])
    old = np.array([number[before[m]] if m in before else -1 for members in groups for m in members], np.int64)
    return [None if heir < 0 else names[heir] for heir in inherited(group, old, len(groups)).tolist()]


def inherited(group: NDArray[np.int64], old: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The same by numbers: for every new group the old one whose name it inherits, -1 for none.

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
