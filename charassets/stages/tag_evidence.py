"""Tag evidence: what the words that came with a record say of each attribute.

What belongs here: the stage. Not here: how words are read (``charassets.attributes``).
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from charassets.attributes.evidence import Evidence, from_words, to_table
from charassets.attributes.tags import parse, parse_text
from charassets.attributes.vocabulary import load
from charassets.schema import RAW_SHARDS, TAG_EVIDENCE, Table
from charassets.settings import Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage


class TagEvidence(Stage):
    """Reads tag lines and descriptions. Skips: ``no_words`` (the source gave none), ``no_evidence`` (they say nothing)."""

    table: ClassVar[Table] = TAG_EVIDENCE
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {RAW_SHARDS.name: Reads(("tags", "description"))}
    batch_rows: ClassVar[int] = 4096

    def __init__(self, settings: Settings) -> None:
        self._vocabulary = load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary."""
        return {"vocabulary": self._vocabulary.digest}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch."""
        for batch in batches:
            yield self._answer(batch)

    def _answer(self, batch: Batch) -> Outcome:
        found: dict[str, list[Evidence]] = {}
        skipped: dict[str, str] = {}
        columns = (batch.records.column(name).to_pylist() for name in ("tags", "description"))
        for record, tags, description in zip(batch.record_ids, *columns, strict=True):
            if not tags and not description:
                skipped[record] = "no_words"
                continue
            evidence = from_words((parse(tags, self._vocabulary), parse_text(description, self._vocabulary)))
            if evidence:
                found[record] = evidence
            else:
                skipped[record] = "no_evidence"
        return Outcome(to_table(found, self.schema), skipped=skipped)
