"""Tag evidence: what the words that came with a record say of each attribute.

What belongs here: the stage. Not here: how words are read (``charassets.attributes``).
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from charassets.attributes.chosen_sources import word_sources
from charassets.attributes.evidence import Evidence, to_table
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import load
from charassets.schema import RAW_SHARDS, TAG_EVIDENCE, Table
from charassets.settings import Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage


class TagEvidence(Stage):
    """Asks every word source of the settings.

    Skips: ``no_words`` (none came with the record), ``no_evidence`` (they say nothing).
    """

    table: ClassVar[Table] = TAG_EVIDENCE
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {RAW_SHARDS.name: Reads(("tags", "description"))}
    batch_rows: ClassVar[int] = 4096

    def __init__(self, settings: Settings) -> None:
        self._vocabulary = load()
        self._sources = word_sources(settings, self._vocabulary)
        self._reads_with_model = settings.text_llm is not None

    @property
    def uses_gpu(self) -> bool:
        """A language model, where the settings have one read descriptions."""
        return self._reads_with_model

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary, and what the sources read."""
        read: dict[str, JsonValue] = {"vocabulary": self._vocabulary.digest}
        return read | {source.source: dict(source.settings_read()) for source in self._sources}

    def weights(self) -> Mapping[str, str]:
        """The files of every source."""
        return {name: digest for source in self._sources for name, digest in source.weights().items()}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            ModelMissingError: the model of a source is not there.
        """
        for batch in batches:
            yield self._answer(batch)

    def _answer(self, batch: Batch) -> Outcome:
        columns = (batch.records.column(name).to_pylist() for name in ("tags", "description"))
        subjects = [Subject(tags=tags, description=text) for tags, text in zip(*columns, strict=True)]
        told: list[list[Evidence]] = [[] for _ in subjects]
        for source in self._sources:
            for rows, more in zip(told, source.answers(subjects), strict=True):
                rows += more
        found: dict[str, list[Evidence]] = {}
        skipped: dict[str, str] = {}
        for record, subject, rows in zip(batch.record_ids, subjects, told, strict=True):
            if rows:
                found[record] = rows
            else:
                skipped[record] = "no_evidence" if subject.tags or subject.description else "no_words"
        return Outcome(to_table(found, self.schema), skipped=skipped)
