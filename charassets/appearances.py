"""Who appears when on frames that were extracted one by one, without a workspace's tables: the tracks of one short film.

What belongs here: extractions to tracks, for the server. Not here: linking (``charassets.similarity.tracks``), whom a frame shows
(``charassets.identification``), the tracks of whole episodes (``charassets.stages.tracks``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.evidence import to_table
from charassets.attributes.fusion import NOT_KNOWN, fuse_table
from charassets.attributes.fusion_files import in_force
from charassets.attributes.pooling import pooled
from charassets.attributes.vocabulary import load
from charassets.extraction import Answer, Extraction
from charassets.identity.ballot import Named, Says, vote
from charassets.lake.workspace import Workspace
from charassets.schema import CLIP_EMBEDDINGS, VISUAL_EVIDENCE
from charassets.settings import Settings
from charassets.similarity.joined import looks
from charassets.similarity.tracks import Sightings, TrackRule, joined_again, means, stretches
from charassets.similarity.vectors import Vectors
from charassets.stages.films import FIGURE

Asking = Callable[[Extraction], Mapping[str, Any]]
"""Whom an extracted picture shows, as ``charassets.identification.asking`` answers."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame: its time in seconds, the number of its scene, and what was found on it."""

    time_s: float
    scene: int
    found: Extraction


@dataclass(frozen=True)
class Track:
    """A character through the film.

    Attributes:
        stretches: its appearances in order of time, each the places of its frames in the list that was given.
        stands: place of the frame that stands for it.
        named: whom the frames show together; None where nobody was asked.
        answers: attributes fused from all of its frames that are not Unknown.
    """

    stretches: tuple[tuple[int, ...], ...]
    stands: int
    named: Named | None
    answers: tuple[Answer, ...]


def tracks_of(moments: Sequence[Moment], settings: Settings, asking: Asking | None = None) -> list[Track]:
    """The tracks of one film, in order of appearance.

    Args:
        moments: frames in order of time, those without a figure too.
        settings: the likeness of one track, and what fusing reads.
        asking: says whom a frame shows; None: nobody is asked.

    Raises:
        VerificationError: a promoted artefact is damaged.
    """
    places = [k for k, one in enumerate(moments) if one.found.verdict in FIGURE and one.found.embedding is not None]
    if not places:
        return []
    seen = _sightings(moments, places, settings)
    rule = TrackRule(settings.tracks.likeness, settings.tracks.gap_s)
    says = [None if asking is None else _says(asking(moments[k].found)) for k in places]
    stretch = stretches(seen, rule)
    named = [_vote(says, stretch == number) for number in range(int(stretch[-1]) + 1)]
    track = joined_again(seen.looks, stretch, [one.name if one else None for one in named], rule)[stretch]
    answers = _fused([moments[k].found for k in places], track, settings)
    centres = means(seen.looks, track, int(track.max()) + 1)
    made = []
    for number, centre in enumerate(centres):
        rows = np.flatnonzero(track == number)
        single = np.array([moments[places[row]].found.verdict == "single" for row in rows.tolist()])
        stands = int(rows[np.lexsort((-(seen.looks[rows] @ centre), ~single))[0]])
        parts = [rows[stretch[rows] == part] for part in np.unique(stretch[rows])]
        shown = tuple(tuple(places[row] for row in part.tolist()) for part in parts)
        made.append(Track(shown, places[stands], _vote(says, track == number), answers[number]))
    return made


def _sightings(moments: Sequence[Moment], places: Sequence[int], settings: Settings) -> Sightings:
    figures = np.stack([np.asarray(moments[k].found.embedding) for k in places])
    heads = [moments[k].found.tables[CLIP_EMBEDDINGS.name]["head_embedding"][0].as_py() for k in places]
    values = np.stack([np.zeros_like(figures[0]) if head is None else np.frombuffer(head, "<f2") for head in heads])
    row = np.array([-1 if head is None else n for n, head in enumerate(heads)])
    together = looks(figures, Vectors(values, row), settings.clusters.head_weight).astype(np.float32)
    scene = np.array([moments[k].scene for k in places])
    time_s = np.array([moments[k].time_s for k in places])
    return Sightings(together, scene, time_s, np.array(places), np.stack([_box(moments[k].found) for k in places]))


def _box(found: Extraction) -> NDArray[np.float32]:
    if found.crop_box is None or found.size is None:
        return np.full(4, np.nan, np.float32)
    return np.array(found.crop_box, np.float32) / np.array([*found.size, *found.size], np.float32)


def _says(told: Mapping[str, Any]) -> Says | None:
    """An answer of the gallery as a ballot; None where it has none."""
    if "chance" not in told:
        return None
    nearest = told["name"] or next((one["name"] for one in told["candidates"]), None)
    return Says(nearest, told["chance"], told["similarity"], told["margin"])


def _vote(says: Sequence[Says | None], chosen: NDArray[np.bool_]) -> Named | None:
    return vote([one for one, own in zip(says, chosen.tolist(), strict=True) if own and one is not None])


def _fused(found: Sequence[Extraction], track: NDArray[np.int64], settings: Settings) -> list[tuple[Answer, ...]]:
    """What is known of every track."""
    frames = [str(k) for k in range(len(found))]
    told = to_table({name: one.evidence for name, one in zip(frames, found, strict=True)}, VISUAL_EVIDENCE.arrow)
    of = [str(track[int(name)]) for name in told["record_id"].to_pylist()]
    figures = [str(k) for k in range(int(track.max()) + 1)]
    model = in_force(Workspace.of(settings).open_lake().store).model
    rows = fuse_table(pooled(told, pa.array(of, pa.string())), figures, settings.attributes, load(), model).to_pylist()
    names = ("attribute", "value", "confidence", "status", "runner_up", "reason")
    known: dict[str, list[Answer]] = {name: [] for name in figures}
    for row in rows:
        if row["status"] != NOT_KNOWN:
            known[row["record_id"]].append(Answer(**{n: row[n] for n in names}, sources=tuple(row["sources"])))
    return [tuple(known[name]) for name in figures]
