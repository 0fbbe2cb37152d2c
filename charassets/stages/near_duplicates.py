"""Near duplicates: which pictures are copies of one picture, over the whole collection.

What belongs here: which records are asked about, and what the rule is told of them. Not here: the rule
(``charassets.similarity.duplicates``).
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
from charassets.settings import Settings
from charassets.similarity.answers import ANSWERS, Answers, Kept, answered
from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.close_hashes import HashesBefore
from charassets.similarity.corners import PLACED
from charassets.similarity.duplicates import SIGNED, DuplicateRule, Signed, group_duplicates
from charassets.similarity.judgement import VERSION as JUDGEMENT
from charassets.similarity.looked import Look, Looked
from charassets.similarity.looks import close_look
from charassets.similarity.naming import NAMED
from charassets.similarity.places import Places
from charassets.similarity.previews import Previews
from charassets.similarity.shared_before import SharedBefore
from charassets.similarity.stored import COLUMNS as GRAPH_COLUMNS
from charassets.similarity.stored import read_graph
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import Embeddings, gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.gates import verdict_sql
from charassets.stages.picture_facts import READ, READ_TAGS, PictureFacts

_log = logging.getLogger(__name__)

ANSWERED = f"answers{JUDGEMENT}"
"""Role of the drafts of what was answered about pairs (``charassets.similarity.answers``), and of the table that lakes written
before decision 073 keep beside the rows."""

CONTENTS, GIVEN, DETAILS = (f"{name}{JUDGEMENT}" for name in ("contents", "given", "details"))
"""Roles of the tables of the same, kept beside the rows."""

SHARED, COMPARED = "shared1", "compared1"
"""Roles of the tables of what pictures share, to go on from (``charassets.similarity.shared_before``); the number is raised by
hand when that is counted otherwise."""

HASHES, CLOSE_HASHES = "hashes1", "close_hashes1"
"""The same of hashes (``charassets.similarity.close_hashes``)."""


class NearDuplicates(CollectionStage):
    """Compares every picture, single character or not: a copy of one is a copy. Records of words are ``no_picture``.

    Answers about pairs of picture contents are kept and never asked for twice, whatever the gates and people say later.
    """

    table: ClassVar[Table] = NEAR_DUPLICATES
    code_version: ClassVar[str] = f"3.{JUDGEMENT}"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads((*READ, *SIGNED, *PLACED, "preview")),
        CLIP_EMBEDDINGS.name: Reads(VECTOR_COLUMNS),
        KNN_GRAPH.name: Reads(GRAPH_COLUMNS),
        RAW_SHARDS.name: Reads(READ_TAGS),
        EDITS.name: Reads(tuple(EDITS.arrow.names)),
    }
    continues: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._gates = settings.gates
        rule = settings.duplicates
        self._processes = settings.decode_threads
        self._rule = DuplicateRule(rule.cosine, rule.phash_bits, rule.neighbours)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The rule, and the gates: a step over the whole collection may read them, for it runs no model."""
        verdict = fingerprint({"sql": verdict_sql("pictures", "gates"), "gates": self._gates.model_dump()})
        return {"duplicates": asdict(self._rule), "verdict": verdict}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every record with a picture.

        Raises:
            CharassetsError: embeddings whose cosine is asked for are of different models.
        """
        images, before = inputs[SINGLE_CHARACTER_IMAGES.name], inputs.get(self.name)
        facts = PictureFacts.read(images, inputs[RAW_SHARDS.name], self._gates, before)
        pictures, words = facts.pictures, facts.rows.filter(~pc.field("image_id").is_valid())
        skipped = dict.fromkeys(words["record_id"].to_pylist(), "no_picture")
        records = pictures["record_id"].combine_chunks()
        answers = Answers(
            self.look_at(images, facts),
            _told(before and before.beside(ANSWERED), drafts.found(ANSWERED)),
            None if before is None else answers_of(before.beside),
        )
        copies = group_duplicates(
            pictures,
            Embeddings(lambda some: gather(inputs[CLIP_EMBEDDINGS.name].batches, some), records),
            _near(inputs[KNN_GRAPH.name], records, self._rule.neighbours),
            self._rule,
            answers,
            signed=_signed(images, facts, before),
            hashes=_hashes(before),
            decisions=decisions_of(inputs[EDITS.name].table(EDITS.arrow.names)),
            before=before and before.table(list(NAMED)),
        )
        given = answers.kept()
        kept = {CONTENTS: given.contents, GIVEN: given.pairs, DETAILS: given.details}
        kept |= {SHARED: copies.shared.pairs, COMPARED: copies.shared.among, **facts.extras()}
        if copies.hashes is not None:
            kept |= {HASHES: copies.hashes.values, CLOSE_HASHES: copies.hashes.close}
        return Outcome(copies.rows, skipped=skipped, extras=kept)

    def look_at(self, images: Collection, facts: PictureFacts) -> Look:
        """What answers about pairs that nobody looked at before: a close look at their previews."""

        def load(names: pa.Array, columns: Sequence[str]) -> tuple[Previews, ...]:
            wanted = facts.by_shard(Places(names).of(facts.rows["image_id"]))
            return Previews.gathered(len(names), _of_shards(images, wanted, columns), columns)

        return close_look(
            lambda names: load(names, ["preview"])[0],
            min(self._processes, _cores()),
            _keep,
            lambda names: load(names, (*SIGNED, *PLACED)),
        )


def _of_shards(
    images: Collection, wanted: Sequence[NDArray[np.int64]], columns: Sequence[str]
) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
    """Rows of the shards in which any row is wanted, with what ``wanted`` says of each; -1 for one that is not."""
    for part, own in zip(images.parts(), wanted, strict=True):
        done = 0
        for batch in part.batches(columns) if (own >= 0).any() else ():
            yield own[done : done + len(batch)], batch
            done += len(batch)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keep(contents: pa.Array, pairs: Pairs, looked: Looked) -> None:
    """Put answers by before all are there: at five million pictures they take days."""
    drafts.keep(ANSWERED, answered(contents, pairs, looked))
    _log.info("%d more pairs of pictures compared", len(pairs))


def answers_of(beside: Callable[[str], pa.Table | None]) -> Kept | None:
    """The answers that are kept beside the rows; None in a lake that was written before decision 073, or by another judgement.

    Args:
        beside: the table of a role, or None.
    """
    contents, given, details = (beside(role) for role in (CONTENTS, GIVEN, DETAILS))
    return None if contents is None or given is None or details is None else Kept(contents, given, details)


def _told(committed: pa.Table | None, kept: pa.Table | None) -> pa.Table | None:
    """The answers of an older lake, and those of a run that was stopped."""
    tables = [table for table in (committed, kept) if table is not None]
    return pa.concat_tables([table.select(ANSWERS.names).cast(ANSWERS) for table in tables]) if tables else None


def _near(graph: Collection, records: pa.Array, most: int) -> Pairs:
    """Pairs of near neighbours by place in ``records``."""
    stored = read_graph(graph.batches(GRAPH_COLUMNS))
    rows = Places(records).of(stored.record_ids)
    neighbours = stored.graph.neighbours[:, :most]
    near, far = np.repeat(rows, neighbours.shape[1]), np.append(rows, -1)[neighbours.ravel()]
    there = (near >= 0) & (far >= 0)
    return tidy(np.stack([near[there], far[there]], axis=1))


def _hashes(before: Collection | None) -> HashesBefore | None:
    """The close hashes of the run before."""
    values, close = (before and before.beside(role) for role in (HASHES, CLOSE_HASHES))
    return None if values is None or close is None else HashesBefore(values, close)


def _signed(images: Collection, facts: PictureFacts, before: Collection | None) -> Signed:
    """Signatures by row of the records with a picture, and what was found by them in the run before."""
    shown = facts.pictured
    row = np.where(shown, np.cumsum(shown) - 1, -1)

    def read(wanted: NDArray[np.bool_] | None) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
        asked = row if wanted is None else np.where(np.append(wanted, False)[row], row, -1)
        for own, batch in _of_shards(images, facts.by_shard(asked), SIGNED):
            there = own >= 0
            yield own[there], batch if there.all() else batch.filter(pa.array(there))

    tables = [before and before.beside(role) for role in (SHARED, COMPARED)]
    found = SharedBefore(*tables) if all(table is not None for table in tables) else None
    return Signed(read, fingerprint({"makers": sorted(images.makers)}), found)
