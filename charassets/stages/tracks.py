"""Tracks: which character is seen when in a film, over its cuts, with one identity and one fused attribute record.

What belongs here: the stage. Not here: linking (``charassets.similarity.tracks``), the vote on a name
(``charassets.identity.ballot``), pooling and fusing evidence (``charassets.attributes``), reading frames (``films``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.evidence import COLUMNS
from charassets.attributes.fusion import NOT_KNOWN, fuse_table
from charassets.attributes.fusion_files import Learnt, in_force
from charassets.attributes.pooling import pooled
from charassets.attributes.vocabulary import load
from charassets.curation.operations import NOBODY
from charassets.curation.snapshot import decisions_of
from charassets.identity.ballot import Says, vote
from charassets.lake.fingerprint import fingerprint
from charassets.lake.workspace import Workspace
from charassets.schema import (
    CHARACTER_IDENTITIES,
    CLIP_EMBEDDINGS,
    EDITS,
    RAW_SHARDS,
    SINGLE_CHARACTER_IMAGES,
    TAG_EVIDENCE,
    TRACKED_ATTRIBUTE,
    TRACKS,
    VISUAL_EVIDENCE,
    Table,
)
from charassets.settings import Settings
from charassets.similarity.batches import gathered
from charassets.similarity.joined import looks
from charassets.similarity.tracks import Sightings, TrackRule, joined_again, means, stretches
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import HEAD_COLUMNS, gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.films import READS, Figures, figures_of, frames_of
from charassets.stages.gates import verdict_sql

_EVIDENCE = ("record_id", *COLUMNS)
_SAYS = ("record_id", "name", "chance", "similarity", "margin", "candidates")
_READ_AT_ONCE = 65_536
_CLEAR = 0.5  # of the median sharpness of a track's frames: below, a frame does not stand for it


class Tracks(CollectionStage):
    """Links the frames of every film, near-identical ones that were never taken left out as they are.

    Skips: ``no_film``, ``kept_out`` (by its words), ``nobody`` (no figure, or none that was embedded), ``of_a_track`` (another
    frame stands for it).
    """

    table: ClassVar[Table] = TRACKS
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {
        **READS,
        CLIP_EMBEDDINGS.name: Reads((*VECTOR_COLUMNS, "head_embedding")),
        CHARACTER_IDENTITIES.name: Reads(_SAYS),
        TAG_EVIDENCE.name: Reads(COLUMNS),
        VISUAL_EVIDENCE.name: Reads(COLUMNS),
        EDITS.name: Reads(tuple(EDITS.arrow.names)),
    }

    def __init__(self, settings: Settings) -> None:
        self._gates, self._attributes = settings.gates, settings.attributes
        self._rule = TrackRule(settings.tracks.likeness, settings.tracks.gap_s)
        self._head_weight, self._vocabulary = settings.clusters.head_weight, load()
        self._workspace = Workspace.of(settings)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The rule, the gates (it runs no model), and what fusing reads."""
        verdict = fingerprint({"sql": verdict_sql("pictures", "gates"), "gates": self._gates.model_dump()})
        fusing = {"vocabulary": self._vocabulary.digest, **self._attributes.model_dump()}
        return {"rule": vars(self._rule), "head": self._head_weight, "verdict": verdict, "fusing": fusing}

    def weights(self) -> Mapping[str, str]:
        """What fusion has learnt."""
        return dict(self._learnt.digests)

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every track.

        Raises:
            CharassetsError: the frames were embedded by different models.
        """
        frames, skipped = frames_of(inputs[RAW_SHARDS.name])
        if not len(frames):
            return Outcome(TRACKS.arrow.empty_table(), skipped=skipped)
        seen, frames = self._seen(inputs, frames, skipped)
        if not len(frames):
            return Outcome(TRACKS.arrow.empty_table(), skipped=skipped)
        says = _says(inputs, frames["record_id"].to_pylist())
        linked = self._linked(seen, frames, says)
        attributes = self._fused(inputs, frames["record_id"].combine_chunks(), linked.track)
        rows = [_row(frames, seen, linked, says, attributes, track) for track in range(linked.tracks)]
        table = pa.Table.from_pylist(rows, schema=TRACKS.arrow)
        others = set(frames["record_id"].to_pylist()).difference(table["record_id"].to_pylist())
        return Outcome(table, skipped=skipped | dict.fromkeys(others, "of_a_track"))

    def _seen(
        self, inputs: Mapping[str, Collection], frames: pa.Table, skipped: dict[str, str]
    ) -> tuple["_Seen", pa.Table]:
        """The frames with a figure, and what is seen on them."""
        records = frames["record_id"].combine_chunks()
        figure = gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), records)
        head = gather(inputs[CLIP_EMBEDDINGS.name].batches(HEAD_COLUMNS), records, "head_embedding")
        figures = figures_of(inputs[SINGLE_CHARACTER_IMAGES.name], records, self._gates)
        there = np.flatnonzero(figures.there & (figure.row >= 0))
        absent = np.setdiff1d(np.arange(len(frames)), there)
        skipped.update(dict.fromkeys(records.take(pa.array(absent)).to_pylist(), "nobody"))
        together = looks(figure.values, head, self._head_weight)[there].astype(np.float32)
        frames = frames.take(pa.array(there))
        films = pc.binary_join_element_wise(frames["source"], frames["film"], "\n")  # pyright: ignore[reportAttributeAccessIssue]
        film = films.combine_chunks().dictionary_encode().indices.to_numpy()
        time_s = frames["time_s"].to_numpy()
        scene = frames["scene"].fill_null(0).to_numpy().astype(np.int64)
        sightings = Sightings(together, scene, time_s, frames["place"].to_numpy(), figures.box[there])
        return _Seen(sightings, film, figures, there), frames

    def _linked(self, seen: "_Seen", frames: pa.Table, says: Sequence[Says | None]) -> "_Linked":
        """The stretch and the track of every frame, film by film."""
        stretch, track = np.zeros(len(frames), np.int64), np.zeros(len(frames), np.int64)
        bounds = np.flatnonzero(np.diff(seen.film, prepend=-1, append=-1))
        for first, end in pairwise(bounds.tolist()):
            part = slice(first, end)
            own = seen.sightings.part(part)
            found = stretches(own, self._rule)
            names = [_name(says[part], found == number) for number in range(int(found.max()) + 1)]
            of = joined_again(own.looks, found, names, self._rule)[found]
            done = slice(0, first)
            stretch[part] = found + (stretch[done].max(initial=-1) + 1)
            track[part] = of + (track[done].max(initial=-1) + 1)
        return _Linked(stretch, track, means(seen.sightings.looks, track, int(track.max()) + 1))

    def _fused(
        self, inputs: Mapping[str, Collection], records: pa.Array, track: NDArray[np.int64]
    ) -> dict[str, list[dict[str, Any]]]:
        """Known attributes of every track, by its number as text."""
        told = pa.concat_tables(
            [_of(inputs[name], records) for name in (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name)]
        ).combine_chunks()
        place = pc.index_in(told["record_id"], value_set=records).to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
        figure = pa.array([str(number) for number in track[place].tolist()], pa.string())
        figures = [str(number) for number in range(int(track.max()) + 1)]
        answers = fuse_table(pooled(told, figure), figures, self._attributes, self._vocabulary, self._learnt.model)
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in figures}
        for row in answers.filter(pc.field("status") != NOT_KNOWN).to_pylist():
            found[row["record_id"]].append({field.name: row[field.name] for field in TRACKED_ATTRIBUTE})
        return found

    @cached_property
    def _learnt(self) -> Learnt:
        """What is in force, read once a run."""
        return in_force(self._workspace.open_lake().store)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is seen on the n frames with a figure; ``there`` are their rows among all, in whose order ``figures`` are."""

    sightings: Sightings
    film: NDArray[np.integer]
    figures: Figures
    there: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Linked:
    """The stretch and the track of every frame, numbered over all films, and the mean looks of the tracks."""

    stretch: NDArray[np.int64]
    track: NDArray[np.int64]
    centres: NDArray[np.float32]

    @property
    def tracks(self) -> int:
        return len(self.centres)


def _says(inputs: Mapping[str, Collection], records: Sequence[str]) -> list[Says | None]:
    """What the gallery and people say of each record; None where neither was asked."""
    wanted = pa.array(records, pa.string())
    words = decisions_of(inputs[EDITS.name].table(EDITS.arrow.names)).identities
    found: dict[str, Says] = {}
    for batch in gathered(inputs[CHARACTER_IDENTITIES.name].batches(_SAYS), _READ_AT_ONCE):
        for row in batch.filter(pc.field("record_id").isin(wanted)).to_pylist():
            nearest = row["name"] or next((c["name"] for c in row["candidates"]), None)
            found[row["record_id"]] = Says(nearest, row["chance"], row["similarity"], row["margin"])
    for record, said in words.items():
        machine = found.get(record, Says(None, 0.0))
        word = None if said.value == NOBODY else said.value
        found[record] = Says(machine.name, machine.chance, machine.similarity, machine.margin, word, reviewed=True)
    return [found.get(record) for record in records]


def _name(says: Sequence[Says | None], chosen: NDArray[np.bool_]) -> str | None:
    named = vote([one for one, own in zip(says, chosen.tolist(), strict=True) if own and one is not None])
    return named.name if named else None


def _of(evidence: Collection, records: pa.Array) -> pa.Table:
    """The evidence about some records."""
    kept = [TAG_EVIDENCE.arrow.empty_table().select(_EVIDENCE)]
    for batch in gathered(evidence.batches(_EVIDENCE, _READ_AT_ONCE), _READ_AT_ONCE):
        kept.append(batch.select(_EVIDENCE).filter(pc.field("record_id").isin(records)))
    return pa.concat_tables(kept)


def _row(
    frames: pa.Table,
    seen: _Seen,
    linked: _Linked,
    says: Sequence[Says | None],
    attributes: Mapping[str, list[dict[str, Any]]],
    track: int,
) -> dict[str, Any]:
    """One row of the table."""
    rows = np.flatnonzero(linked.track == track)
    own = frames.take(pa.array(rows))
    likeness = seen.sightings.looks[rows] @ linked.centres[track]
    records, time_s = own["record_id"].to_pylist(), seen.sightings.time_s[rows]
    said = vote([one for row in rows.tolist() if (one := says[row]) is not None])
    named: dict[str, Any] = {} if said is None else vars(said)
    where = seen.there[rows]
    sharpness, single = seen.figures.sharpness[where], seen.figures.single[where]
    clear = sharpness >= _CLEAR * np.median(sharpness)
    keeper = int(np.lexsort((-likeness, ~clear, ~single))[0])
    return {
        "record_id": records[keeper],
        "track_id": f"track_{records[0][:12]}",
        **{name: own[name][0].as_py() for name in ("source", "film", "episode")},
        "first_s": float(time_s[0]),
        "last_s": float(time_s[-1]),
        "frames": len(rows),
        "stretches": _stretches(linked.stretch[rows], own["scene"].to_pylist(), time_s),
        "records": records,
        "coherence": float(likeness.mean()),
        **{name: named.get(name) for name in ("name", "status", "share", "similarity", "margin", "votes")},
        "attributes": attributes[str(track)],
    }


def _stretches(
    stretch: NDArray[np.int64], scene: Sequence[int | None], time_s: NDArray[np.float64]
) -> list[dict[str, Any]]:
    found = []
    for number in np.unique(stretch):
        rows = np.flatnonzero(stretch == number)
        first, last = float(time_s[rows[0]]), float(time_s[rows[-1]])
        found.append({"scene": scene[int(rows[0])], "first_s": first, "last_s": last, "frames": len(rows)})
    return found
