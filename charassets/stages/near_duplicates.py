"""Near duplicates: which pictures are copies of one picture, over the whole collection.

What belongs here: which records are asked about, and what the rule is told of them. Not here: the rule
(``charassets.similarity.duplicates``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.spelling import pieces
from charassets.curation.snapshot import decisions_of
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
from charassets.similarity.answers import Answers
from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.duplicates import PICTURES, DuplicateRule, group_duplicates
from charassets.similarity.judgement import VERSION as JUDGEMENT
from charassets.similarity.stored import COLUMNS as GRAPH_COLUMNS
from charassets.similarity.stored import read_graph
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.gates import verdict_sql, verdicts

_JUDGED = SINGLE_CHARACTER_IMAGES.narrow
_JUDGED_AT_ONCE = 16_384  # records; the columns without the crop are about a kilobyte each
_MEASURED = tuple(name for name in PICTURES.names if name not in ("single", "tags"))
_READ = tuple(dict.fromkeys((*_JUDGED, *_MEASURED)))

ANSWERED = f"answers{JUDGEMENT}"
"""Role of the table, kept beside the rows, of what was answered about pairs (``charassets.similarity.answers``)."""

UNKEPT = "unkept"
"""Role of the table, kept beside the rows, of what people said and could not be kept: one sentence a row."""


class NearDuplicates(CollectionStage):
    """Compares every picture, single character or not: a copy of one is a copy. Records of words are ``no_picture``.

    Answers about pairs of picture contents are kept and never asked for twice, whatever the gates and people say later.
    """

    table: ClassVar[Table] = NEAR_DUPLICATES
    code_version: ClassVar[str] = f"2.{JUDGEMENT}"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads((*_READ, "preview")),
        CLIP_EMBEDDINGS.name: Reads(VECTOR_COLUMNS),
        KNN_GRAPH.name: Reads(GRAPH_COLUMNS),
        RAW_SHARDS.name: Reads(("record_id", "tags")),
        EDITS.name: Reads(tuple(EDITS.arrow.names)),
    }
    continues: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._gates = settings.gates
        rule = settings.duplicates
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
        records = pictures.column("record_id").to_pylist()
        counts = pa.array(_tag_counts(inputs[RAW_SHARDS.name], records))
        before = inputs.get(self.name)
        answers = Answers.resumed(lambda names: _previews(images, names), before and before.beside(ANSWERED))
        copies = group_duplicates(
            pictures.append_column(PICTURES.field("tags"), counts).select(PICTURES.names),
            gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), records),
            _near(inputs[KNN_GRAPH.name], records, self._rule.neighbours),
            self._rule,
            answers,
            decisions=decisions_of(inputs[EDITS.name].table(EDITS.arrow.names)),
            before=_names_before(before),
        )
        unkept = pa.table({"what": pa.array(copies.unkept, pa.string())})
        return Outcome(copies.rows, skipped=skipped, extras={ANSWERED: answers.table(), UNKEPT: unkept})


def _names_before(before: Collection | None) -> dict[str, str]:
    if before is None:
        return {}
    rows = before.table(["record_id", "group_name"])
    return dict(zip(rows["record_id"].to_pylist(), rows["group_name"].to_pylist(), strict=True))


def _near(graph: Collection, records: Sequence[str], most: int) -> Pairs:
    """Pairs of near neighbours by place in ``records``."""
    stored = read_graph(graph.batches(GRAPH_COLUMNS))
    place = {record: i for i, record in enumerate(records)}
    rows = np.array([place.get(record, -1) for record in stored.record_ids], np.int64)
    neighbours = stored.graph.neighbours[:, :most]
    near, at = np.nonzero(neighbours >= 0)
    pairs = np.stack([rows[near], rows[neighbours[near, at]]], axis=1) if len(near) else np.empty((0, 2), np.int64)
    return tidy(pairs[(pairs >= 0).all(axis=1)])


def _previews(images: Collection, image_ids: Sequence[str]) -> dict[str, bytes]:
    """The previews of some contents, one of each."""
    wanted, found = set(image_ids), {}
    if not wanted:
        return found
    for batch in images.batches(["image_id", "preview"]):
        for name, preview in zip(batch["image_id"].to_pylist(), batch["preview"], strict=True):
            if name in wanted and name not in found and preview.is_valid:
                found[name] = preview.as_py()
    return found


def _pictures(images: Collection, gates: GateSettings) -> tuple[pa.Table, dict[str, str]]:
    """Measurements of the records with a picture, and why each other record is left out."""
    skipped: dict[str, str] = {}
    schema = pa.schema([PICTURES.field(name) for name in PICTURES.names if name != "tags"])
    found = [schema.empty_table()]
    for batch in _gathered(images.batches(_READ)):
        pictured = pc.field("image_id").is_valid()
        skipped.update(dict.fromkeys(batch.filter(~pictured)["record_id"].to_pylist(), "no_picture"))
        batch = batch.filter(pictured)
        single = pa.array(
            [verdict == "single" for verdict in verdicts(batch, gates)["verdict"].to_pylist()], pa.bool_()
        )
        found.append(batch.append_column("single", single).select(schema.names).cast(schema))
    return pa.concat_tables(found).combine_chunks(), skipped


def _gathered(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Batches of many small shards put together: opening a query for each would cost more than answering it."""
    held: list[pa.Table] = []
    for batch in batches:
        held.append(batch)
        if sum(table.num_rows for table in held) >= _JUDGED_AT_ONCE:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _tag_counts(raw: Collection, records: list[str]) -> np.ndarray:
    """Number of tags of each record's line: the richer line breaks a tie between equal pictures."""
    place = {record: i for i, record in enumerate(records)}
    counts = np.zeros(len(records), np.int32)
    for batch in raw.batches(["record_id", "tags"]):
        for record, line in zip(batch["record_id"].to_pylist(), batch["tags"].to_pylist(), strict=True):
            if line and record in place:
                counts[place[record]] = sum(1 for piece in pieces(line) if piece.strip())
    return counts
