"""Parts of a character: the views, poses or dresses that its pictures fall into, and how much of the figure each shows.

What belongs here: parting the members of one cluster, and naming a framing. Not here: who is one character (``clusters``).

References:
    Rousseeuw (1987), Silhouettes; Kaufman and Rousseeuw (1990): above .5 a structure is reasonable, below .25 there is none.
"""

import numpy as np
from numpy.typing import NDArray

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
    members = np.flatnonzero(label >= 0)
    members = members[np.argsort(label[members], kind="stable")]
    for group in np.split(members, np.flatnonzero(np.diff(label[members])) + 1):
        if len(group) >= 2 * _LEAST:
            found[group] = _parts(figures[group].astype(np.float32))
    return found


def view_of(heads: NDArray[np.floating]) -> list[str | None]:
    """The framing of each crop from the height of the head as a share of the crop's; None where no head is seen (NaN)."""
    place = len(_HEADS) - np.digitize(heads, sorted(_HEADS))
    return [None if unseen else VIEWS[k] for k, unseen in zip(place.tolist(), np.isnan(heads).tolist(), strict=True)]


def _parts(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    chosen = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), _WHOLE_UP_TO)).astype(np.int64))
    parts = _parted(vectors[chosen])
    count = int(parts.max()) + 1
    if len(chosen) < len(vectors) and count > 1:
        centres = np.stack([vectors[chosen[parts == part]].mean(axis=0) for part in range(count)])
        parts = (vectors @ centres.T).argmax(axis=1)
    elif len(chosen) < len(vectors):
        return np.zeros(len(vectors), np.int64)
    first = np.array([np.flatnonzero(parts == part)[0] for part in range(count)])
    order = np.lexsort((first, -np.bincount(parts, minlength=count)))
    return np.argsort(order)[parts]


def _parted(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    distance = np.clip(1 - vectors @ vectors.T, 0, 2).astype(np.float64)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    best, parted = STRUCTURE, np.zeros(len(vectors), np.int64)
    for count in range(2, min(MOST_PARTS, len(vectors) // _LEAST) + 1):
        parts = _cut(tree, count)
        if np.bincount(parts).min() >= _LEAST and (value := _silhouette(distance, parts)) > best:
            best, parted = value, parts
    return parted


def _cut(tree: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The parts that are left when the last merges are undone, (n,); scipy's fcluster takes five times as long."""
    n = len(tree) + 1
    held: dict[int, list[int]] = {leaf: [leaf] for leaf in range(n)}
    for step, (one, other) in enumerate(tree[: n - count, :2].astype(np.int64).tolist()):
        held[n + step] = held.pop(one) + held.pop(other)
    parts = np.empty(n, np.int64)
    for part, leaves in enumerate(held.values()):
        parts[leaves] = part
    return parts


def _silhouette(distance: NDArray[np.float64], parts: NDArray[np.int64]) -> float:
    """Mean over all of (nearest other part's distance - own part's) / the larger of both; parts of two or more."""
    belongs = parts[:, None] == np.arange(parts.max() + 1)
    total, size = distance @ belongs, belongs.sum(axis=0)
    own = total[belongs] / (size[parts] - 1)
    other = np.where(belongs, np.inf, total / size).min(axis=1)
    return float(((other - own) / np.maximum(np.maximum(own, other), 1e-9)).mean())
