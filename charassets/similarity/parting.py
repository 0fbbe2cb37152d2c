"""Groups of vectors, each parted by itself: average linkage, cut where the mean silhouette is largest, many groups side by side.

What belongs here: the parting. It takes many groups at once, for a call of numpy for each costs more than its figures. Not here:
what the groups and their parts are (``sub_clusters``).

References:
    Rousseeuw (1987), Silhouettes.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_AVERAGE = 2  # scipy's number for that linkage


@dataclass(frozen=True)
class PartingRule:
    """When a group is parted.

    Attributes:
        structure: mean silhouette above which a parting is believed.
        most: parts that a group has at most.
        least: members that a part has at least, two or more.
    """

    structure: float
    most: int
    least: int


def parted(vectors: NDArray[np.float32], size: NDArray[np.int64], rule: PartingRule) -> NDArray[np.int64]:
    """The part of its group that every vector belongs to: a number below ``rule.most``, without order or meaning.

    Average linkage over cosine distance, cut into the number of parts whose mean silhouette is largest, of equal ones the
    fewest. What is found of a group does not hang on the groups beside it.

    Args:
        vectors: (n, d), unit norm, group after group.
        size: members of each of the g groups, no fewer than twice ``rule.least``; their sum is n.
        rule: when a group is parted.
    """
    group = np.repeat(np.arange(len(size)), size)
    most = np.minimum(rule.most, size // rule.least)
    distances = _distances(vectors, size)
    cut = _Cut.finest(_trees(distances, size), distances, most, group)
    best, found = np.full(len(size), rule.structure), np.zeros(len(group), np.int64)
    for count in range(int(most.max(initial=1)), 1, -1):
        value = cut.silhouettes(size)
        fewest = np.where(cut.members > 0, cut.members, rule.least).min(axis=1)
        better = (most >= count) & (fewest >= rule.least) & (value > rule.structure) & (value >= best)
        best[better] = value[better]
        found[better[group]] = cut.part[better[group]]
        cut.join(count, np.flatnonzero(most >= count))
    return found


def _distances(vectors: NDArray[np.float32], size: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosine distances within each group, one square after the other."""
    alike = np.empty(int((size**2).sum()), np.float32)
    first = pair = 0
    for n in size.tolist():
        block = vectors[first : first + n]
        np.matmul(block, block.T, out=alike[pair : pair + n * n].reshape(n, n))
        first, pair = first + n, pair + n * n
    return np.clip(1 - alike, 0, 2).astype(np.float64)


def _trees(distances: NDArray[np.float64], size: NDArray[np.int64]) -> NDArray[np.int64]:
    """The merges of every group's average linkage, n - 1 each, one group after the other: two nodes of the group, (m, 2).

    What lies behind ``scipy.cluster.hierarchy.linkage`` is called itself: what that checks takes three times as long for a group
    of sixteen.
    """
    from scipy.cluster._hierarchy import nn_chain

    above = {n: np.triu(np.ones((n, n), bool), 1).ravel() for n in np.unique(size).tolist()}
    merges, pair = [np.empty((0, 2))], 0
    for n in size.tolist():
        merges.append(nn_chain(distances[pair : pair + n * n][above[n]], n, _AVERAGE)[:, :2])
        pair += n * n
    return np.concatenate(merges).astype(np.int64)


@dataclass(frozen=True)
class _Cut:
    """Groups cut into parts; arrays change as parts are joined.

    Attributes:
        group: (n,): the group of each row.
        part: (n,): the part of each row, below the width p.
        total: (n, p): sum of a row's distances to the members of each part of its group.
        members: (g, p): how many they are; 0 for a number that is free.
        children: (m, 2): nodes that each merge joins, as numbers over all groups.
        merges: (g,): where the merges of each group end in ``children``.
        nodes: (m,): the node that each merge makes.
        part_of: the part that a node is, for those that are one.
    """

    group: NDArray[np.int64]
    part: NDArray[np.int64]
    total: NDArray[np.float64]
    members: NDArray[np.int64]
    children: NDArray[np.int64]
    merges: NDArray[np.int64]
    nodes: NDArray[np.int64]
    part_of: NDArray[np.int64]

    @classmethod
    def finest(
        cls,
        trees: NDArray[np.int64],
        distances: NDArray[np.float64],
        count: NDArray[np.int64],
        group: NDArray[np.int64],
    ) -> Self:
        """Every group cut into its ``count`` of parts: the last merges of its tree undone."""
        size = np.bincount(group, minlength=len(count))
        ends, width = np.cumsum(size - 1), int(count.max(initial=1))
        first_node = np.cumsum(2 * size - 1) - (2 * size - 1)
        owner = np.repeat(np.arange(len(size)), size - 1)
        step = np.arange(len(owner)) - (ends - size + 1)[owner]
        children, nodes = trees + first_node[owner, None], first_node[owner] + size[owner] + step
        up = np.arange(int((2 * size - 1).sum()))
        kept = step < (size - count)[owner]
        up[children[kept]] = nodes[kept, None]
        while not np.array_equal(above := up[up], up):
            up = above
        leaves = np.arange(len(group)) + (first_node - (np.cumsum(size) - size))[group]
        tops, place = np.unique(up[leaves], return_inverse=True)
        first_part = np.cumsum(count) - count
        part_of = np.zeros(len(up), np.int64)
        part_of[tops] = np.arange(len(tops)) - np.repeat(first_part, count)
        part = place - first_part[group]
        members = np.bincount(group * width + part, minlength=len(size) * width).reshape(-1, width)
        total = _totals(distances, size, group, part, width)
        return cls(group, part, total, members, children, ends, nodes, part_of)

    def silhouettes(self, size: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of every group the mean over its members of (nearest other part's distance - own part's) / the larger, (g,)."""
        rows, members = np.arange(len(self.part)), self.members[self.group]
        away = np.where(members > 0, self.total / np.maximum(members, 1), np.inf)
        own = self.total[rows, self.part] / np.maximum(members[rows, self.part] - 1, 1)
        away[rows, self.part] = np.inf
        other = away.min(axis=1)
        value = (other - own) / np.maximum(np.maximum(own, other), 1e-9)
        return np.bincount(self.group, weights=value, minlength=len(size)) / size

    def join(self, count: int, groups: NDArray[np.int64]) -> None:
        """Some groups, cut into ``count`` parts, become one part fewer: their next merge is done."""
        merge = self.merges[groups] - count + 1
        stays, goes = np.full(len(self.members), -1), np.full(len(self.members), -1)
        stays[groups], goes[groups] = self.part_of[self.children[merge]].T
        self.part_of[self.nodes[merge]] = stays[groups]
        rows = np.flatnonzero(goes[self.group] >= 0)
        to, of = stays[self.group[rows]], goes[self.group[rows]]
        self.total[rows, to] += self.total[rows, of]
        self.members[groups, stays[groups]] += self.members[groups, goes[groups]]
        self.members[groups, goes[groups]] = 0
        left = rows[self.part[rows] == of]
        self.part[left] = stays[self.group[left]]


def _totals(
    distances: NDArray[np.float64],
    size: NDArray[np.int64],
    group: NDArray[np.int64],
    part: NDArray[np.int64],
    width: int,
) -> NDArray[np.float64]:
    """The sum of each row's distances to the members of each part of its group, (n, width)."""
    each = size[group]
    start = np.cumsum(each) - each - (np.cumsum(size) - size)[group]
    other = np.arange(len(distances)) - np.repeat(start, each)
    cell = np.repeat(np.arange(len(group)) * width, each) + part[other]
    return np.asarray(np.bincount(cell, distances, len(group) * width), np.float64).reshape(-1, width)
