"""Visual evidence: what the picture of a figure says of each attribute.

What belongs here: the stage: showing crops and embeddings to the sources that the settings choose. Not here: the sources
(``charassets.attributes.chosen_sources``).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.chosen_sources import picture_sources
from charassets.attributes.evidence import Evidence, to_table
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import load
from charassets.errors import Rejected
from charassets.images.decode import decode
from charassets.images.text_areas import TextLine
from charassets.schema import CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES, VISUAL_EVIDENCE, Table
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_CROP_LIMITS = ImageSettings(
    min_side=1, max_aspect=1e6
)  # crops are our own, and narrow ones have been let through before


class VisualEvidence(Stage):
    """Asks every picture source of the settings. Skips: ``no_evidence`` (none of them says anything)."""

    table: ClassVar[Table] = VISUAL_EVIDENCE
    code_version: ClassVar[str] = "7"
    reads: ClassVar[Mapping[str, Reads]] = {
        CLIP_EMBEDDINGS.name: Reads(("crop_id", "model", "dim", "embedding"), key=("crop_id", "model")),
        SINGLE_CHARACTER_IMAGES.name: Reads(
            ("crop_id", "crop", "head_box", "writing"), key=("crop_id", "head_box", "writing")
        ),
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vocabulary = load()
        self._sources = picture_sources(settings, self._vocabulary)

    @property
    def uses_gpu(self) -> bool:
        """The embedder's words, heads, taggers and whatever else looks at crops."""
        return True

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary, prompts and shades included, and what the sources read."""
        read: dict[str, JsonValue] = {"vocabulary": self._vocabulary.digest}
        return read | {source.source: dict(source.settings_read()) for source in self._sources}

    def weights(self) -> Mapping[str, str]:
        """The files of every source."""
        return {name: digest for source in self._sources for name, digest in source.weights().items()}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            ModelMissingError: the model of a source is not there.
            CharassetsError: the embeddings are those of another model.
        """
        for batch in batches:
            yield self._answer(batch)

    def _answer(self, batch: Batch) -> Outcome:
        subjects = self._subjects(batch)
        told: list[list[Evidence]] = [[] for _ in subjects]
        for source in self._sources:
            for rows, more in zip(told, source.answers(subjects), strict=True):
                rows += more
        answered = dict(zip(batch.record_ids, told, strict=True))
        found = {record: rows for record, rows in answered.items() if rows}
        skipped = {record: "no_evidence" for record, rows in answered.items() if not rows}
        return Outcome(to_table(found, self.schema), skipped=skipped)

    def _subjects(self, batch: Batch) -> list[Subject]:
        """The records of a batch as the sources see them; a crop that cannot be decoded is shown as its embedding alone."""
        side = batch.sides[SINGLE_CHARACTER_IMAGES.name].select(["record_id", "crop", "head_box", "writing"])
        rows = {row["record_id"]: row for row in side.to_pylist()}
        crops = [rows[record]["crop"] if record in rows else None for record in batch.record_ids]
        pictures: list[NDArray[np.uint8] | None] = [None] * len(crops)
        if any(source.needs_pixels for source in self._sources):
            with ThreadPoolExecutor(self._settings.decode_threads, "decode") as pool:
                pictures = list(pool.map(_pixels, crops))
        heads = [rows[record]["head_box"] if record in rows else None for record in batch.record_ids]
        writing = [rows[record]["writing"] if record in rows else None for record in batch.record_ids]
        vectors = batch.records.column("embedding").to_pylist()
        return [
            Subject(
                pixels=pixels,
                head=None if head is None else (head[0], head[1], head[2], head[3]),
                embedding=np.frombuffer(vector, "<f2"),
                writing=None if lines is None else [TextLine(**line) for line in lines],
            )
            for pixels, head, vector, lines in zip(pictures, heads, vectors, writing, strict=True)
        ]


def _pixels(crop: bytes | None) -> NDArray[np.uint8] | None:
    try:
        return None if crop is None else decode(crop, _CROP_LIMITS).pixels
    except Rejected:
        return None
