"""Tracks: which character is seen when in a film, over its cuts, with one identity and one fused attribute record.

What belongs here: the stage. Not here: linking (``charassets.similarity.tracks``), the vote on a name
(``charassets.identity.ballot``), pooling and fusing evidence (``charassets.attributes``), reading frames (``films``).
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

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
from charassets.similarity.places import Places
from charassets.similarity.tracks import Sightings, TrackRule, joined_again, means, stretches
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import WITH_HEADS, gather_each
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.films import READS, figures_of, frames_of
from charassets.stages.gates import verdict_sql
from charassets.stages.track_rows import Known, Linked, Seen, parts, spans, track_rows

_EVIDENCE = ("record_id", *COLUMNS)
_SAYS = ("record_id", "name", "chance", "similarity", "margin", "candidates")
_READ_AT_ONCE = 65_536
_FUSED_AT_ONCE = 100_000  # frames; the evidence about a frame is some sixty rows


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
        linked = self._linked(seen, says)
        known = self._fused(inputs, frames["record_id"].combine_chunks(), linked.track)
        table = track_rows(frames, seen, linked, says, known)
        others = set(frames["record_id"].to_pylist()).difference(table["record_id"].to_pylist())
        return Outcome(table, skipped=skipped | dict.fromkeys(others, "of_a_track"))

    def _seen(
        self, inputs: Mapping[str, Collection], frames: pa.Table, skipped: dict[str, str]
    ) -> tuple[Seen, pa.Table]:
        """The frames with a figure, and what is seen on them."""
        records = frames["record_id"].combine_chunks()
        figure, head = gather_each(inputs[CLIP_EMBEDDINGS.name].batches, records, WITH_HEADS)
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
        return Seen(sightings, film, figures.single[there], figures.sharpness[there]), frames

    def _linked(self, seen: Seen, says: Sequence[Says | None]) -> Linked:
        """The stretch and the track of every frame, film by film."""
        stretch, track = np.zeros(len(says), np.int64), np.zeros(len(says), np.int64)
        stretched = tracked = 0
        for film in parts(seen.film):
            own = seen.sightings.part(film)
            found = stretches(own, self._rule)
            names = [_name(says[film.start + part.start : film.start + part.stop]) for part in parts(found)]
            of = joined_again(own.looks, found, names, self._rule)
            stretch[film], track[film] = found + stretched, of[found] + tracked
            stretched, tracked = stretched + len(of), tracked + int(of.max()) + 1
        return Linked(stretch, track, means(seen.sightings.looks, track, tracked))

    def _fused(self, inputs: Mapping[str, Collection], records: pa.Array, track: NDArray[np.int64]) -> Known:
        """Known attributes of every track. A film's tracks follow each other, and so do their frames."""
        known: Known = [[] for _ in range(int(track.max()) + 1)]
        order = np.argsort(track, kind="stable")
        ends = np.cumsum(np.bincount(track))
        for first, end in spans(ends, _FUSED_AT_ONCE):
            rows = order[ends[first - 1] if first else 0 : ends[end - 1]]
            some = records.take(pa.array(rows))
            told = pa.concat_tables([_of(inputs[name], some) for name in (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name)])
            number = track[rows][Places(some).of(told["record_id"])]
            figures = [str(k) for k in range(first, end)]
            evidence = pooled(told.combine_chunks(), pa.array(number).cast(pa.string()))
            answers = fuse_table(evidence, figures, self._attributes, self._vocabulary, self._learnt.model)
            for row in answers.filter(pc.field("status") != NOT_KNOWN).to_pylist():
                known[int(row["record_id"])].append({field.name: row[field.name] for field in TRACKED_ATTRIBUTE})
        return known

    @cached_property
    def _learnt(self) -> Learnt:
        """What is in force, read once a run."""
        return in_force(self._workspace.open_lake().store)


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


def _name(says: Sequence[Says | None]) -> str | None:
    named = vote([one for one in says if one is not None])
    return named.name if named else None


def _of(evidence: Collection, records: pa.Array) -> pa.Table:
    """The evidence about some records."""
    kept = [TAG_EVIDENCE.arrow.empty_table().select(_EVIDENCE)]
    for batch in gathered(evidence.batches(_EVIDENCE, _READ_AT_ONCE), _READ_AT_ONCE):
        kept.append(batch.select(_EVIDENCE).filter(pc.field("record_id").isin(records)))
    return pa.concat_tables(kept)
