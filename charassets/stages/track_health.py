"""Whether the likeness that links frames fits the embedder: the two ways in which tracks go wrong.

What belongs here: counting. Not here: linking (``tracks``), and who is told.
"""

from dataclasses import dataclass

import pyarrow.compute as pc

from charassets.lake.fragments import Fragment

LONE_SHARE = 0.5
"""Share of the frames alone in their track from which the likeness is too high."""

LONG_FILM = 20
"""Frames of a film from which one character through all of it is a doubt, in most of the films."""


@dataclass(frozen=True)
class TrackHealth:
    """What the tracks are.

    Attributes:
        films: films with a figure.
        frames: frames in tracks. lone: of these alone in theirs.
        named: tracks with a name.
        long: films of ``LONG_FILM`` frames. whole: of these with one track alone.
    """

    films: int
    frames: int
    lone: int
    named: int
    long: int
    whole: int

    @property
    def doubt(self) -> str | None:
        """Why somebody should look at ``tracks.likeness``; None where nothing speaks against it."""
        if self.lone > LONE_SHARE * self.frames:
            return f"{self.lone} of {self.frames} frames are alone in their track: tracks.likeness is too high for this embedder"
        if self.long > 1 and self.whole > self.long / 2:
            return f"{self.whole} of {self.long} films are one character throughout: tracks.likeness is too low for this embedder"
        return None


def track_health(fragment: Fragment) -> TrackHealth:
    """Count the tracks of a fragment of ``tracks``."""
    rows = fragment.read(["source", "film", "frames", "name"])
    films = rows.group_by(["source", "film"]).aggregate([("frames", "sum"), ("frames", "count")])
    long = films.filter(pc.field("frames_sum") >= LONG_FILM)
    frames = rows["frames"].to_pylist()
    return TrackHealth(
        films=films.num_rows,
        frames=sum(frames),
        lone=frames.count(1),
        named=rows.num_rows - rows["name"].null_count,
        long=long.num_rows,
        whole=long.filter(pc.field("frames_count") == 1).num_rows,
    )
