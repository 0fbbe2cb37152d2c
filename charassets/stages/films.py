"""The frames of films as a collection step sees them: which records they are, and what is known of each.

What belongs here: reading it from the per-shard tables, for the frames alone. Not here: tracks
(``charassets.similarity.tracks``, ``charassets.stages.tracks``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.policy import is_quarantined
from charassets.attributes.tags import parse
from charassets.schema import RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings
from charassets.similarity.batches import gathered
from charassets.similarity.places import Places
from charassets.stages.contract import Collection, Reads
from charassets.stages.gates import verdicts

FRAME = ("record_id", "source", "item_key", "kind", "episode", "scene", "time_s")
_WORDS = ("tags", "description", "rating")
_READ_AT_ONCE = 65_536
_TIMED = pc.field("time_s").is_valid() & ((pc.field("kind") == "video") | pc.field("episode").is_valid())

READS = {
    RAW_SHARDS.name: Reads((*FRAME, *_WORDS)),
    SINGLE_CHARACTER_IMAGES.name: Reads(SINGLE_CHARACTER_IMAGES.narrow),
}
"""What a step that calls ``frames_of`` and ``figures_of`` reads."""

FIGURE = frozenset({"single", "multiple", "ambiguous"})
"""Verdicts on frames that show a figure; of several the main one was cropped."""


def frames_of(raw: Collection) -> tuple[pa.Table, dict[str, str]]:
    """The frames of films, film by film in order of time, and why each other record is none.

    A frame has a time and is of a video, or says of which episode. One whose words or rating would stop it if it showed a child
    is ``kept_out`` whatever it shows: no age is told surely enough from a frame to put it into a track.

    Returns:
        Rows of ``FRAME``, ``film`` (item of the video, or episode) and ``place`` (number of the frame within its film).
    """
    found = [RAW_SHARDS.arrow.empty_table().select([*FRAME, *_WORDS])]
    skipped: dict[str, str] = {}
    for part in raw.parts():
        if not any(len(batch.filter(_TIMED)) for batch in part.batches(["time_s", "kind", "episode"], _READ_AT_ONCE)):
            for batch in part.batches(
                ["record_id"], _READ_AT_ONCE
            ):  # words, which take long to read, are of no interest
                skipped.update(dict.fromkeys(batch["record_id"].to_pylist(), "no_film"))
            continue
        for batch in part.batches([*FRAME, *_WORDS], _READ_AT_ONCE):
            frames = batch.filter(_TIMED)
            skipped.update(dict.fromkeys(_others(batch, frames["record_id"]), "no_film"))
            found.append(frames.select([*FRAME, *_WORDS]))
    frames = pa.concat_tables(found).combine_chunks()
    stopped = pa.array([_stopped(row) for row in frames.select(list(_WORDS)).to_pylist()], pa.bool_())
    skipped.update(dict.fromkeys(frames.filter(stopped)["record_id"].to_pylist(), "kept_out"))
    frames = frames.filter(pc.invert(stopped)).select(list(FRAME))  # pyright: ignore[reportAttributeAccessIssue]
    film = pc.if_else(pc.equal(frames["kind"], "video"), frames["item_key"], frames["episode"])  # pyright: ignore[reportAttributeAccessIssue]
    frames = frames.append_column("film", film)
    frames = frames.sort_by([(name, "ascending") for name in ("source", "film", "time_s", "record_id")])
    return frames.append_column("place", pa.array(np.arange(len(frames)))), skipped


@dataclass(frozen=True, eq=False)
class Figures:
    """What is seen on n frames.

    Attributes:
        there: bool, shape (n,): a figure is seen, by the gates.
        single: bool, shape (n,): one alone.
        sharpness: float64, shape (n,): of the picture; 0 where it was not measured.
        box: float32, shape (n, 4): of the cropped figure, x0, y0, x1, y1 as fractions of the picture; nan where there is none.
    """

    there: NDArray[np.bool_]
    single: NDArray[np.bool_]
    sharpness: NDArray[np.float64]
    box: NDArray[np.float32]


def figures_of(images: Collection, records: pa.Array, gates: GateSettings) -> Figures:
    """What is seen on some records, in their order."""
    where, n = Places(records), len(records)
    there, single = np.zeros(n, bool), np.zeros(n, bool)
    sharpness, box = np.zeros(n), np.full((n, 4), np.nan, np.float32)
    for batch in gathered(images.batches(list(SINGLE_CHARACTER_IMAGES.narrow)), _READ_AT_ONCE):
        place = where.of(batch["record_id"])
        ours = np.flatnonzero(place >= 0)
        if not len(ours):
            continue
        batch, place = batch.take(pa.array(ours)), place[ours]
        verdict = verdicts(batch, gates)["verdict"].to_pylist()
        there[place] = [word in FIGURE for word in verdict]
        single[place] = [word == "single" for word in verdict]
        sharpness[place] = batch["sharpness"].fill_null(0).to_numpy()
        for row, (width, height, found) in zip(place.tolist(), _boxes(batch), strict=True):
            if found is not None:
                box[row] = np.array(found, np.float32) / np.array([width, height, width, height], np.float32)
    return Figures(there, single, sharpness, box)


def _boxes(batch: pa.Table) -> Iterator[tuple[int, int, Sequence[int] | None]]:
    return zip(*(batch[name].to_pylist() for name in ("width", "height", "crop_box")), strict=True)


def _others(batch: pa.Table, frames: pa.ChunkedArray) -> list[str]:
    names = batch["record_id"]
    return names.filter(pc.invert(pc.is_in(names, value_set=frames.combine_chunks()))).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]


def _stopped(row: dict[str, str | None]) -> bool:
    if not any(row.values()):
        return False
    return bool(is_quarantined(parse(row["tags"]).tags, row["rating"], row["description"], seen="a frame of a film"))
