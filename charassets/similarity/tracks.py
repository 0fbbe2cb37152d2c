"""Tracks: one character through a film, linked from what single frames show.

What belongs here: which neighbouring frames show one figure on (a stretch), and which stretches show the same character again (a
track), over arrays. Not here: which records are frames of a film, who the character is (``charassets.identity.ballot``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_PLACE = 0.5
"""Intersection over union of two figures' boxes from which they stand in the same place."""

LENIENCE = 0.05
"""Likeness that a figure in the same place of the next frame may lack: it has turned round, and somebody else rarely stands so."""

_APART = 4.0  # times the pairs there can be: of two characters known by different names, so that no mean hides it


@dataclass(frozen=True)
class TrackRule:
    """When figures are the same character.

    Attributes:
        likeness: least cosine of the looks of a figure and the stretch it goes on with, and of two stretches of one track.
        gap_s: most seconds between two frames of a stretch.
    """

    likeness: float
    gap_s: float


@dataclass(frozen=True, eq=False)
class Sightings:
    """Frames of one film on which a figure is seen, in order of time.

    Attributes:
        looks: float32, shape (n, d), unit norm: figure and head (``joined.looks``).
        scene: int64, shape (n,): number of the scene; a cut begins another.
        time_s: float64, shape (n,): seconds.
        place: int64, shape (n,): number of the frame among all that were taken of the film, those without a figure too.
        box: float32, shape (n, 4): the figure's box, x0, y0, x1, y1 as fractions of the picture; nan where there is none.
    """

    looks: NDArray[np.float32]
    scene: NDArray[np.int64]
    time_s: NDArray[np.float64]
    place: NDArray[np.int64]
    box: NDArray[np.float32]

    def __len__(self) -> int:
        """Frames."""
        return len(self.looks)

    def part(self, rows: slice) -> "Sightings":
        """Some of them."""
        return Sightings(self.looks[rows], self.scene[rows], self.time_s[rows], self.place[rows], self.box[rows])


def stretches(seen: Sightings, rule: TrackRule) -> NDArray[np.int64]:
    """The stretch of every frame, int64 (n,), numbered in order of time.

    A frame goes on with the stretch before where it is the next frame that was taken, of the same scene, within the gap, and its
    figure is as like that of the frame before or the stretch's mean as the rule wants. So a cut ends a stretch, another person,
    and a frame on which nobody is seen.
    """
    found = np.zeros(len(seen), np.int64)
    together = np.zeros(0)
    for k in range(len(seen)):
        if k and _follows(seen, k, rule) and _alike(seen, k, together) >= _needed(seen, k, rule):
            found[k] = found[k - 1]
            together = together + seen.looks[k]
        else:
            found[k] = found[k - 1] + 1 if k else 0
            together = seen.looks[k].astype(np.float64)
    return found


def joined_again(
    looks: NDArray[np.float32], stretch: NDArray[np.int64], names: Sequence[str | None], rule: TrackRule
) -> NDArray[np.int64]:
    """The track of every stretch, int64 (m,), numbered by first appearance.

    Stretches known by one name are one track, those known by different names never are. The others join by average linkage of
    their mean looks, down to the likeness that the rule wants.

    Args:
        looks: (n, d) of the frames.
        stretch: (n,) the stretch of each, 0 .. m - 1.
        names: of every stretch; None where it is nobody known.
        rule: the rule.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    known: dict[str, int] = {}
    unit = np.array([known.setdefault(n if n is not None else f"\0{k}", len(known)) for k, n in enumerate(names)])
    if len(known) < 2:  # noqa: PLR2004 - nothing to join
        return np.zeros(len(names), np.int64)
    centres = means(looks, unit[stretch], len(known))
    distance = np.clip(1 - centres @ centres.T, 0, 2).astype(np.float64)
    named = np.array([not name.startswith("\0") for name in known])
    distance[np.ix_(named, named)] = _APART * len(known) ** 2
    np.fill_diagonal(distance, 0)
    track = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - rule.likeness, "distance")[unit]
    _, first, number = np.unique(track, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


def means(looks: NDArray[np.float32], group: NDArray[np.int64], groups: int) -> NDArray[np.float32]:
    """Unit vectors, (groups, d): the mean looks of every group."""
    total = np.zeros((groups, looks.shape[1]))
    np.add.at(total, group, looks)
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _follows(seen: Sightings, k: int, rule: TrackRule) -> bool:
    """Whether a frame is the next one of the same scene, soon enough."""
    return bool(
        seen.scene[k] == seen.scene[k - 1]
        and seen.place[k] == seen.place[k - 1] + 1
        and seen.time_s[k] - seen.time_s[k - 1] <= rule.gap_s
    )


def _alike(seen: Sightings, k: int, together: NDArray[np.float64]) -> float:
    mean = together / max(float(np.linalg.norm(together)), 1e-9)
    return max(float(seen.looks[k] @ seen.looks[k - 1]), float(seen.looks[k] @ mean))


def _needed(seen: Sightings, k: int, rule: TrackRule) -> float:
    return rule.likeness - LENIENCE * (_overlap(seen.box[k], seen.box[k - 1]) >= SAME_PLACE)


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union; nan where there is no box, which is not as large as anything."""
    x0, y0 = np.maximum(a[:2], b[:2])
    x1, y1 = np.minimum(a[2:], b[2:])
    shared = max(0.0, float(x1 - x0)) * max(0.0, float(y1 - y0)) if not np.isnan([x0, y0, x1, y1]).any() else np.nan
    whole = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])) - shared
    return shared / whole if whole else np.nan
