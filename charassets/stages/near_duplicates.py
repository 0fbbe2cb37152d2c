"""Near duplicates: which pictures are copies of one picture, over the whole collection.

What belongs here: which records are asked about, and what the rule is told of them. Not here: the rule
(``charassets.similarity.duplicates``).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.spelling import pieces
from charassets.curation.snapshot import decisions_of
from charassets.lake import drafts
from charassets.lake.fingerprint import fingerprint
from charassets.schema import (
    CLIP_EMBEDDINGS,
    EDITS,
    KNN_GRAPH,
    NEAR_DUPLICATES,
    RAW_SHARDS,
    SINGLE_CHARACTER_IMAGES,
    Table,
)
from charassets.settings import GateSettings, Settings
from charassets.similarity.answers import ANSWERS, Answers, answered
from charassets.similarity.batches import gathered
from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.corners import PLACED
from charassets.similarity.duplicates import PICTURES, SIGNED, DuplicateRule, Signed, group_duplicates
from charassets.similarity.judgement import VERSION as JUDGEMENT
from charassets.similarity.looks import Look, Looked, close_look
from charassets.similarity.naming import NAMED
from charassets.similarity.places import Places
from charassets.similarity.previews import Previews
from charassets.similarity.shared_before import SharedBefore
from charassets.similarity.stored import COLUMNS as GRAPH_COLUMNS
from charassets.similarity.stored import read_graph
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.gates import verdict_sql, verdicts

_log = logging.getLogger(__name__)

_JUDGED = SINGLE_CHARACTER_IMAGES.narrow
_JUDGED_AT_ONCE = 16_384  # records; the columns without the crop are about a kilobyte each
_COUNTED_AT_ONCE = 65_536
_MEASURED = tuple(name for name in PICTURES.names if name not in ("single", "tags"))
_READ = tuple(dict.fromkeys((*_JUDGED, *_MEASURED)))

ANSWERED = f"answers{JUDGEMENT}"
"""Role of the table, kept beside the rows, of what was answered about pairs (``charassets.similarity.answers``)."""

SHARED, COMPARED = "shared1", "compared1"
"""Roles of the tables of what pictures share, to go on from (``charassets.similarity.shared_before``); the number is raised by
hand when that is counted otherwise."""


class NearDuplicates(CollectionStage):
    """Compares every picture, single character or not: a copy of one is a copy. Records of words are ``no_picture``.

    Answers about pairs of picture contents are kept and never asked for twice, whatever the gates and people say later.
    """

    table: ClassVar[Table] = NEAR_DUPLICATES
    code_version: ClassVar[str] = f"3.{JUDGEMENT}"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads((*_READ, *SIGNED, *PLACED, "preview")),
        CLIP_EMBEDDINGS.name: Reads(VECTOR_COLUMNS),
        KNN_GRAPH.name: Reads(GRAPH_COLUMNS),
        RAW_SHARDS.name: Reads(("record_id", "tags")),
        EDITS.name: Reads(tuple(EDITS.arrow.names)),
    }
    continues: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._gates = settings.gates
        rule = settings.duplicates
        self._threads = settings.decode_threads
        self._rule = DuplicateRule(rule.cosine, rule.phash_bits, rule.neighbours)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The rule, and the gates: a step over the whole collection may read them, for it runs no model."""
        verdict = fingerprint({"sql": verdict_sql("pictures", "gates"), "gates": self._gates.model_dump()})
        return {"duplicates": asdict(self._rule), "verdict": verdict}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every record with a picture.

        Raises:
            CharassetsError: the shards were embedded by different models.
        """
        images = inputs[SINGLE_CHARACTER_IMAGES.name]
        pictures, skipped = _pictures(images, self._gates)
        records = pictures["record_id"].combine_chunks()
        counts = pa.array(_tag_counts(inputs[RAW_SHARDS.name], records))
        before = inputs.get(self.name)
        answers = Answers(self.look_at(images), _known(before and before.beside(ANSWERED), drafts.found(ANSWERED)))
        copies = group_duplicates(
            pictures.append_column(PICTURES.field("tags"), counts).select(PICTURES.names),
            gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), records),
            _near(inputs[KNN_GRAPH.name], records, self._rule.neighbours),
            self._rule,
            answers,
            signed=_signed(images, before),
            decisions=decisions_of(inputs[EDITS.name].table(EDITS.arrow.names)),
            before=before and before.table(list(NAMED)),
        )
        shared = {SHARED: copies.shared.pairs, COMPARED: copies.shared.among}
        return Outcome(copies.rows, skipped=skipped, extras={ANSWERED: answers.table(), **shared})

    def look_at(self, images: Collection) -> Look:
        """What answers about pairs that nobody looked at before: a close look at their previews."""

        def load(names: pa.Array, columns: Sequence[str]) -> tuple[Previews, ...]:
            return Previews.gathered(names, images.batches(["image_id", *columns]), columns)

        return close_look(
            lambda names: load(names, ["preview"])[0],
            self._threads,
            _keep,
            lambda names: load(names, (*SIGNED, *PLACED)),
        )


def _keep(contents: pa.Array, pairs: Pairs, looked: Looked) -> None:
    """Put answers by before all are there: at five million pictures they take days."""
    drafts.keep(ANSWERED, answered(contents, pairs, looked))
    _log.info("%d more pairs of pictures compared", len(pairs))


def _known(committed: pa.Table | None, kept: pa.Table | None) -> pa.Table | None:
    """The answers of the run before, and those of one that was stopped."""
    tables = [table for table in (committed, kept) if table is not None]
    return pa.concat_tables([table.select(ANSWERS.names).cast(ANSWERS) for table in tables]) if tables else None


def _near(graph: Collection, records: pa.Array, most: int) -> Pairs:
    """Pairs of near neighbours by place in ``records``."""
    stored = read_graph(graph.batches(GRAPH_COLUMNS))
    rows = Places(records).of(stored.record_ids)
    neighbours = stored.graph.neighbours[:, :most]
    near, at = np.nonzero(neighbours >= 0)
    pairs = np.stack([rows[near], rows[neighbours[near, at]]], axis=1)
    return tidy(pairs[(pairs >= 0).all(axis=1)])


def _signed(images: Collection, before: Collection | None) -> Signed:
    """Signatures by row of ``_pictures``, and what was found by them in the run before."""

    def read(wanted: NDArray[np.bool_] | None) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
        first = 0
        for part in images.parts():
            pictured = part.table(["image_id"])["image_id"].is_valid().to_numpy()
            row = np.where(pictured, np.cumsum(pictured) - 1 + first, -1)
            first += int(pictured.sum())
            if wanted is not None and not wanted[row[pictured]].any():
                continue
            done = 0
            for batch in part.batches(SIGNED):
                own = row[done : done + len(batch)]
                done += len(batch)
                there = own >= 0 if wanted is None else (own >= 0) & wanted[own]
                yield own[there], batch if there.all() else batch.filter(pa.array(there))

    tables = [before and before.beside(role) for role in (SHARED, COMPARED)]
    found = SharedBefore(*tables) if all(table is not None for table in tables) else None
    return Signed(read, fingerprint({"makers": sorted(images.makers)}), found)


def _pictures(images: Collection, gates: GateSettings) -> tuple[pa.Table, dict[str, str]]:
    """Measurements of the records with a picture, and why each other record is left out."""
    skipped: dict[str, str] = {}
    schema = pa.schema([PICTURES.field(name) for name in PICTURES.names if name != "tags"])
    found = [schema.empty_table()]
    for batch in gathered(images.batches(_READ), _JUDGED_AT_ONCE):
        pictured = pc.field("image_id").is_valid()
        skipped.update(dict.fromkeys(batch.filter(~pictured)["record_id"].to_pylist(), "no_picture"))
        batch = batch.filter(pictured)
        single = pc.equal(verdicts(batch, gates)["verdict"], "single").combine_chunks()  # pyright: ignore[reportAttributeAccessIssue]
        found.append(batch.append_column("single", single).select(schema.names).cast(schema))
    return pa.concat_tables(found).combine_chunks(), skipped


def _tag_counts(raw: Collection, records: pa.Array) -> np.ndarray:
    """Number of tags of each record's line: the richer line breaks a tie between equal pictures."""
    where = Places(records)
    counts = np.zeros(len(records), np.int32)
    for batch in gathered(raw.batches(["record_id", "tags"]), _COUNTED_AT_ONCE):
        places = where.of(batch["record_id"])
        for place, line in zip(places.tolist(), batch["tags"].to_pylist(), strict=True):
            if line and place >= 0:
                counts[place] = sum(map(bool, map(str.strip, pieces(line))))
    return counts
