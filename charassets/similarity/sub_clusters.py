"""Parts of a character: the views, poses or dresses that its pictures fall into, and how much of the figure each shows.

What belongs here: parting the members of one cluster, and naming a framing. Not here: who is one character (``clusters``).

References:
    Rousseeuw (1987), Silhouettes; Kaufman and Rousseeuw (1990): above .5 a structure is reasonable, below .25 there is none.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.groups import at_once, groups_of
from charassets.similarity.parting import PartingRule, parted
from charassets.similarity.vectors import single

STRUCTURE = 0.3
"""Mean silhouette from which a parting is believed: of 20 studio characters drawn five times as avatars and five times as whole
figures the parts agree with the framing by an adjusted Rand index of .72 (.67 at .35, .55 at .5); five of one framing are parted in
one case of five."""

MOST_PARTS = 6
"""Sub-clusters a character has at most."""

VIEWS = ("face", "bust", "upper", "figure")
"""How much is shown, by the height of the head within the crop."""

_HEADS = (0.6, 0.42, 0.24)
"""Least height of the head of a face, a bust, an upper body: of studio figures drawn as avatars or heads 23 of 24 lie above .6 and
those of whole figures below .36, three of four of them below .2; a chibi's head is large and reads as a bust."""

_LEAST = 2  # pictures of a part
_WHOLE_UP_TO = 1_000  # members that are compared each with each; of more characters' members as many, evenly chosen
_ROWS, _PAIRS = 8_192, 1 << 20  # members and pairs of them that are held at once: 16 MB and 8 MB
_RULE = PartingRule(STRUCTURE, MOST_PARTS, _LEAST)


def sub_clusters(figures: NDArray[np.float16], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """The part of its character that every vector belongs to.

    Average linkage over cosine distance, cut into the number of parts, each of two or more, whose mean silhouette is largest; one
    part where none reaches ``STRUCTURE``.

    Args:
        figures: (n, d), unit norm: of the figure alone, for the head is to be the same in all parts.
        label: (n,): the cluster of each; -1 is noise.

    Returns:
        int64 (n,): 0 for the largest part of a character, then 1, ...; equal ones in the order of rows; -1 for noise.
    """
    found = np.where(label < 0, -1, 0)
    groups = [group for group in groups_of(label) if len(group) >= 2 * _LEAST]
    for compared in at_once([_evenly(group) for group in groups], _ROWS, _PAIRS):
        sizes = np.array([len(rows) for rows in compared])
        found[np.concatenate(compared)] = parted(single(figures, np.concatenate(compared)), sizes, _RULE)
    for group in groups:
        if len(group) > _WHOLE_UP_TO:
            found[group] = _like(figures, group, _evenly(group), found[_evenly(group)])
    return _by_size(found, label)


def view_of(heads: NDArray[np.floating]) -> pa.Array:
    """The framing of each crop from the height of the head as a share of the crop's; null where no head is seen (NaN)."""
    place = len(_HEADS) - np.digitize(heads, sorted(_HEADS))
    return pa.array(VIEWS).take(pa.array(place, mask=np.isnan(heads)))


def _evenly(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The members that are compared each with each."""
    if len(group) <= _WHOLE_UP_TO:
        return group
    return group[np.unique(np.linspace(0, len(group) - 1, _WHOLE_UP_TO).astype(np.int64))]


def _like(
    figures: NDArray[np.float16], group: NDArray[np.int64], chosen: NDArray[np.int64], parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The part of every member of a large group: the one whose mean, of those that were compared, is most like it."""
    names = np.unique(parts)
    compared = single(figures, chosen)
    centres = np.stack([compared[parts == part].mean(axis=0) for part in names])
    found = np.empty(len(group), np.int64)
    for first in range(0, len(group), _WHOLE_UP_TO):
        rows = slice(first, first + _WHOLE_UP_TO)
        found[rows] = names[(single(figures, group[rows]) @ centres.T).argmax(axis=1)]
    return found


def _by_size(parts: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """The parts of every cluster numbered by falling size, equal ones by their first row."""
    rows = np.flatnonzero(label >= 0)
    cells = MOST_PARTS * (int(label.max(initial=-1)) + 1)
    cell = label[rows] * MOST_PARTS + parts[rows]
    first = np.zeros(cells, np.int64)
    first[cell[::-1]] = rows[::-1]
    order = np.lexsort((first, -np.bincount(cell, minlength=cells), np.arange(cells) // MOST_PARTS))
    number = np.empty(cells, np.int64)
    number[order] = np.arange(cells) % MOST_PARTS
    found = parts.copy()
    found[rows] = number[cell]
    return found
