"""The members of groups, and groups in portions: what is asked of each group is asked of many in one call.

What belongs here: the portions. Not here: what is asked.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def groups_of(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of every label from 0 on that has any, in the order of labels, rising; those of negative ones are left out."""
    members = np.flatnonzero(labels >= 0)
    members = members[np.argsort(labels[members], kind="stable")]
    return np.split(members, np.flatnonzero(np.diff(labels[members])) + 1) if len(members) else []


def at_once(
    groups: Sequence[NDArray[np.int64]], rows: int, pairs: int | None = None
) -> Iterator[list[NDArray[np.int64]]]:
    """Groups in their order, portion by portion.

    Args:
        groups: the members of each.
        rows: most members in all of a portion; a larger group is one by itself.
        pairs: most pairs of members, likewise.
    """
    some, members, squares = [], 0, 0
    for group in groups:
        members, squares = members + len(group), squares + len(group) ** 2
        if some and (members > rows or (pairs is not None and squares > pairs)):
            yield some
            some, members, squares = [], len(group), len(group) ** 2
        some.append(group)
    if some:
        yield some
