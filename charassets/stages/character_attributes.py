"""Character attributes: one believed value an attribute and record, fused from all evidence.

What belongs here: the stage. Not here: the rule (``charassets.attributes.fusion``).
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa

from charassets.attributes.evidence import COLUMNS, from_table
from charassets.attributes.fusion import Fused, fuse
from charassets.attributes.vocabulary import load
from charassets.schema import CHARACTER_ATTRIBUTES, SINGLE_CHARACTER_IMAGES, TAG_EVIDENCE, VISUAL_EVIDENCE, Table
from charassets.settings import Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_SIDES = (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name)


class CharacterAttributes(Stage):
    """Fuses tag and picture evidence; every record of the driver gets a row for every attribute, ``Unknown`` included."""

    table: ClassVar[Table] = CHARACTER_ATTRIBUTES
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads(()),
        TAG_EVIDENCE.name: Reads(COLUMNS),
        VISUAL_EVIDENCE.name: Reads(COLUMNS),
    }
    batch_rows: ClassVar[int] = 1024

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.attributes
        self._vocabulary = load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Thresholds and vocabulary."""
        return {"vocabulary": self._vocabulary.digest, **self._settings.model_dump()}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch."""
        for batch in batches:
            evidence = [from_table(batch.sides[side]) for side in _SIDES]
            fused = {
                record: fuse(
                    [row for of_side in evidence for row in of_side.get(record, ())], self._settings, self._vocabulary
                )
                for record in batch.record_ids
            }
            yield Outcome(_to_table(fused, self.schema))


def _to_table(fused: Mapping[str, list[Fused]], schema: pa.Schema) -> pa.Table:
    flat = [(record, one) for record, answers in fused.items() for one in answers]
    names = [name for name in schema.names if name != "record_id"]
    columns = {name: [getattr(one, name) for _, one in flat] for name in names}
    return pa.table({"record_id": [record for record, _ in flat], **columns}, schema=schema)
