"""Near duplicates: which of the single-character pictures are copies of one picture, over the whole collection.

What belongs here: which records are asked about, and what the rule is told of them. Not here: the rule
(``charassets.similarity.duplicates``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pyarrow as pa

from charassets.attributes.spelling import pieces
from charassets.lake.fingerprint import fingerprint
from charassets.schema import CLIP_EMBEDDINGS, NEAR_DUPLICATES, RAW_SHARDS, SINGLE_CHARACTER_IMAGES, Table
from charassets.settings import GateSettings, Settings
from charassets.similarity.duplicates import PICTURES, DuplicateRule, group_duplicates
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.gates import verdict_sql, verdicts

_JUDGED = SINGLE_CHARACTER_IMAGES.narrow
_JUDGED_AT_ONCE = 16_384  # records; the columns without the crop are about a kilobyte each
_MEASURED = ("record_id", "image_id", "phash", "width", "height", "sharpness")


class NearDuplicates(CollectionStage):
    """Compares the records that the gate calls single; the others are skipped: ``no_picture`` or ``not_single``."""

    table: ClassVar[Table] = NEAR_DUPLICATES
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads(_JUDGED),
        CLIP_EMBEDDINGS.name: Reads(VECTOR_COLUMNS),
        RAW_SHARDS.name: Reads(("record_id", "tags")),
    }

    def __init__(self, settings: Settings) -> None:
        self._gates = settings.gates
        rule = settings.duplicates
        self._rule = DuplicateRule(rule.cosine, rule.phash_bits, rule.neighbours)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The rule, and the gates: a step over the whole collection may read them, for it runs no model."""
        verdict = fingerprint({"sql": verdict_sql("pictures", "gates"), "gates": self._gates.model_dump()})
        return {"duplicates": asdict(self._rule), "verdict": verdict}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every single-character record.

        Raises:
            CharassetsError: the shards were embedded by different models.
        """
        pictures, skipped = _singles(inputs[SINGLE_CHARACTER_IMAGES.name], self._gates)
        records = pictures.column("record_id").to_pylist()
        counts = pa.array(_tag_counts(inputs[RAW_SHARDS.name], records))
        vectors = gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), records)
        rows = group_duplicates(pictures.append_column(PICTURES.field("tags"), counts), vectors, self._rule)
        return Outcome(rows, skipped=skipped)


def _singles(images: Collection, gates: GateSettings) -> tuple[pa.Table, dict[str, str]]:
    """Measurements of the single-character records, and why each other record is left out."""
    skipped: dict[str, str] = {}
    schema = pa.schema([PICTURES.field(name) for name in _MEASURED])
    found = [schema.empty_table()]
    for batch in _gathered(images.batches(_JUDGED)):
        single = np.array([verdict == "single" for verdict in verdicts(batch, gates)["verdict"].to_pylist()], bool)
        pictured = batch["image_id"].is_valid().to_numpy()
        for record, has_picture in zip(batch["record_id"].filter(~single).to_pylist(), pictured[~single], strict=True):
            skipped[record] = "not_single" if has_picture else "no_picture"
        found.append(batch.filter(pa.array(single)).select(schema.names).cast(schema))
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
