"""The rows of ``tracks``: what was linked, named and fused, put together track by track.

What belongs here: the rows, and the frame that stands for a track. Not here: linking, naming and fusing (``tracks``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.identity.ballot import Says, vote
from charassets.schema import TRACKS
from charassets.similarity.tracks import Sightings

_CLEAR = 0.5  # of the median sharpness of a track's frames: below, a frame does not stand for it

Known = list[list[dict[str, Any]]]
"""By track: its attributes that are not Unknown."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen on the n frames with a figure, film after film in order of time.

    Attributes:
        sightings: the figures.
        film: (n,) the film of each, rising.
        single: bool (n,): it shows one figure alone.
        sharpness: (n,) of the picture.
    """

    sightings: Sightings
    film: NDArray[np.integer]
    single: NDArray[np.bool_]
    sharpness: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linked:
    """The stretch and the track of every frame, int64 (n,), numbered over all films; mean looks of the tracks, (tracks, d)."""

    stretch: NDArray[np.int64]
    track: NDArray[np.int64]
    centres: NDArray[np.float32]


def track_rows(frames: pa.Table, seen: Seen, linked: Linked, says: Sequence[Says | None], known: Known) -> pa.Table:
    """Rows of the table, film after film in order of appearance.

    Args:
        frames: rows of ``films.FRAME`` and ``film`` of the n frames.
        seen: what is seen on them.
        linked: what was linked.
        says: whom each shows; None where nobody was asked.
        known: attributes of the tracks.
    """
    columns = {name: frames[name].to_pylist() for name in ("record_id", "source", "film", "episode", "scene")}
    order = np.argsort(linked.track, kind="stable")
    made = []
    for number, part in enumerate(parts(linked.track[order])):
        rows = order[part]
        first = int(rows[0])
        keeper = _stands(seen, rows, seen.sightings.looks[rows] @ linked.centres[number])
        said = vote([one for row in rows.tolist() if (one := says[row]) is not None])
        named: dict[str, Any] = {} if said is None else vars(said)
        records = [columns["record_id"][row] for row in rows.tolist()]
        made.append(
            {
                "record_id": columns["record_id"][keeper],
                "track_id": f"track_{records[0][:12]}",
                **{name: columns[name][first] for name in ("source", "film", "episode")},
                "first_s": float(seen.sightings.time_s[first]),
                "last_s": float(seen.sightings.time_s[rows[-1]]),
                "frames": len(rows),
                "stretches": _stretches(linked.stretch[rows], rows, seen, columns["scene"]),
                "records": records,
                "coherence": float((seen.sightings.looks[rows] @ linked.centres[number]).mean()),
                **{name: named.get(name) for name in ("name", "status", "share", "similarity", "margin", "votes")},
                "attributes": known[number],
            }
        )
    return pa.Table.from_pylist(made, schema=TRACKS.arrow)


def parts(values: NDArray[np.integer]) -> Iterator[slice]:
    """The runs of equal values."""
    bounds = np.flatnonzero(np.diff(values, prepend=-1, append=-1))
    return (slice(first, end) for first, end in pairwise(bounds.tolist()))


def spans(ends: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Ranges of tracks that together have at most ``most`` frames, or of one that has more; ``ends`` are cumulated frames."""
    first = 0
    while first < len(ends):
        before = int(ends[first - 1]) if first else 0
        end = max(first + 1, int(np.searchsorted(ends, before + most, "right")))
        yield first, end
        first = end


def _stands(seen: Seen, rows: NDArray[np.int64], likeness: NDArray[np.float32]) -> int:
    """The most typical of the clear frames with one figure, as far as there are such."""
    sharpness = seen.sharpness[rows]
    clear = sharpness >= _CLEAR * np.median(sharpness)
    return int(rows[np.lexsort((-likeness, ~clear, ~seen.single[rows]))[0]])


def _stretches(
    stretch: NDArray[np.int64], rows: NDArray[np.int64], seen: Seen, scene: Sequence[int | None]
) -> list[dict[str, Any]]:
    found = []
    for part in parts(stretch):
        own = rows[part]
        first, last = (float(seen.sightings.time_s[k]) for k in (own[0], own[-1]))
        found.append({"scene": scene[int(own[0])], "first_s": first, "last_s": last, "frames": len(own)})
    return found
