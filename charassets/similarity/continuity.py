"""Names that survive: groups of a new run take over the names of the old groups they share most members with.

What belongs here: who inherits which name. Not here: how groups are made.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np


def carried_over(before: Mapping[str, str], groups: Sequence[Sequence[str]]) -> list[str | None]:
    """For every new group the name it inherits, each name at most once; None for a group without a forebear.

    The assignment is the one under which the most records keep their name. Of two heirs with equal claims the earlier group
    wins. A group that shares no member with any old one inherits nothing.

    Args:
        before: record to the name of its group in the run before.
        groups: the members of every new group.
    """
    claims = [Counter(before[m] for m in members if m in before) for members in groups]
    parts = _families(claims)
    heirs: list[str | None] = [None] * len(groups)
    for rows, names in parts:
        _settle(rows, names, claims, heirs)
    return heirs


def _families(claims: Sequence[Counter[str]]) -> list[tuple[list[int], list[str]]]:
    """Groups and names that are connected by claims: each family is settled by itself, so a million groups stay cheap."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for claim in claims:
        names = list(claim)
        for other in names[1:]:
            root[find(other)] = find(names[0])
    families: dict[str, tuple[list[int], set[str]]] = {}
    for row, claim in enumerate(claims):
        if claim:
            rows, names = families.setdefault(find(next(iter(claim))), ([], set()))
            rows.append(row)
            names.update(claim)
    return [(rows, sorted(names)) for rows, names in families.values()]


def _settle(rows: list[int], names: list[str], claims: Sequence[Counter[str]], heirs: list[str | None]) -> None:
    from scipy.optimize import linear_sum_assignment

    column = {name: i for i, name in enumerate(names)}
    shared = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for name, count in claims[row].items():
            shared[i, column[name]] = count
    early = np.linspace(1e-6, 0, len(rows))[:, None]  # breaks ties, and never outweighs a member
    chosen = linear_sum_assignment(np.where(shared > 0, shared + early, 0), maximize=True)
    for i, j in zip(*chosen, strict=True):
        if shared[i, j] > 0:
            heirs[rows[i]] = names[j]
