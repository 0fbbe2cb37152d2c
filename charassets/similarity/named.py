"""Whom people say that records show, laid over what clustering found: records of one name gather, records of two names part.

What belongs here: moving named records. Not here: merges, splits and locks of whole characters (``decided``), and what characters
are called. A name moves the record it was given to and what is tied to it, never a whole character: one picture put right says
nothing of the others it lay with.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

NOISE = -1


def gather_named(
    label: NDArray[np.int64],
    said: NDArray[np.bool_],
    name_of: Mapping[int, str | None],
    tied_to: Mapping[int, Sequence[int]],
) -> None:
    """Move named rows, in place.

    A name's home is the cluster in which most of its rows lie, unless more rows of another name lie there that has no other home;
    where most are of a name that is at home elsewhere, and so leaves, the next one has it. Its rows move there. A name without a
    home makes a cluster of its own if it has two rows or more. Who leaves and has nowhere to go is noise. Rows that show nobody
    of the gallery leave the homes of names and are left alone elsewhere.

    Args:
        label: (n,) clusters by row, ``NOISE`` for none.
        said: (n,) set for rows that are where people's word puts them.
        name_of: row to name, None for nobody of the gallery; other rows were not spoken of.
        tied_to: row to all rows that people tied together, which move as one.
    """
    units = _units(name_of, tied_to)
    homes = _homes(label, units)
    at_home = set(homes.values())
    free = int(label.max(initial=NOISE)) + 1
    for name in sorted({name for name, _ in units if name is not None}):
        rows = [row for bears, unit in units if bears == name for row in unit]
        home = homes.get(name)
        if home is None:
            home = free if len(rows) > 1 else NOISE
            free += len(rows) > 1
        if home == NOISE and all(label[row] not in at_home for row in rows):
            continue  # one row in a cluster where nobody else is named: there is nothing to part it from
        _move(label, said, rows, home)
    for name, unit in units:
        if name is None and label[unit[0]] in at_home:
            _move(label, said, unit, free if len(unit) > 1 else NOISE)
            free += len(unit) > 1


def _units(
    name_of: Mapping[int, str | None], tied_to: Mapping[int, Sequence[int]]
) -> list[tuple[str | None, list[int]]]:
    """Rows that move as one, with the name that most of their named ones bear, in order of their first."""
    names: dict[tuple[int, ...], Counter[str | None]] = {}
    for row, name in sorted(name_of.items()):
        names.setdefault(tuple(tied_to.get(row, (row,))), Counter())[name] += 1
    return [
        (min(count, key=lambda name: (-count[name], name is None, name or "")), list(unit))
        for unit, count in names.items()
    ]


def _homes(label: NDArray[np.int64], units: Sequence[tuple[str | None, list[int]]]) -> dict[str, int]:
    votes: dict[int, Counter[str]] = {}
    for name, unit in units:
        for row in unit:
            if name is not None and label[row] != NOISE:
                votes.setdefault(int(label[row]), Counter())[name] += 1
    homes: dict[str, int] = {}
    taken: set[int] = set()
    claims = ((times, name, cluster) for cluster, count in votes.items() for name, times in count.items())
    for _, name, cluster in sorted(claims, key=lambda claim: (-claim[0], claim[2], claim[1])):
        if name not in homes and cluster not in taken:
            homes[name] = cluster
            taken.add(cluster)
    return homes


def _move(label: NDArray[np.int64], said: NDArray[np.bool_], rows: Sequence[int], home: int) -> None:
    places = np.array(rows)
    said[places[label[places] != home]] = True
    label[places] = home
