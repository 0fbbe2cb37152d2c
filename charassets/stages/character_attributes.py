"""Character attributes: one believed value an attribute and record, fused from all evidence.

What belongs here: the stage. Not here: the rule (``charassets.attributes.fusion``).
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import ClassVar

import pyarrow as pa

from charassets.attributes.evidence import COLUMNS
from charassets.attributes.fusion import fuse_table
from charassets.attributes.fusion_files import Learnt, in_force
from charassets.attributes.vocabulary import load
from charassets.lake.workspace import Workspace
from charassets.schema import CHARACTER_ATTRIBUTES, SINGLE_CHARACTER_IMAGES, TAG_EVIDENCE, VISUAL_EVIDENCE, Table
from charassets.settings import Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_SIDES = (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name)


class CharacterAttributes(Stage):
    """Fuses tag and picture evidence; every record of the driver gets a row for every attribute, ``Unknown`` included."""

    table: ClassVar[Table] = CHARACTER_ATTRIBUTES
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads(()),
        TAG_EVIDENCE.name: Reads(COLUMNS),
        VISUAL_EVIDENCE.name: Reads(COLUMNS),
    }
    batch_rows: ClassVar[int] = 2048

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.attributes
        self._vocabulary = load()
        self._workspace = Workspace.of(settings)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Thresholds and vocabulary."""
        return {"vocabulary": self._vocabulary.digest, **self._settings.model_dump()}

    def weights(self) -> Mapping[str, str]:
        """The artefacts in force: only a promotion makes what was fused before stale."""
        return dict(self._learnt.digests)

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            VerificationError: a promoted artefact is damaged.
        """
        model = self._learnt.model
        for batch in batches:
            evidence = pa.concat_tables([batch.sides[side] for side in _SIDES])
            yield Outcome(fuse_table(evidence, batch.record_ids, self._settings, self._vocabulary, model))

    @cached_property
    def _learnt(self) -> Learnt:
        """What is in force, read once a run."""
        return in_force(self._workspace.open_lake().store)
