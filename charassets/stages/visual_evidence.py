"""Visual evidence: what the picture of a figure says of each attribute.

What belongs here: the stage. Not here: prompts and probabilities (``charassets.attributes.zero_shot``).
"""

import logging
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import to_table
from charassets.attributes.vocabulary import load
from charassets.attributes.zero_shot import ZeroShot, prepare
from charassets.errors import CharassetsError
from charassets.models.registry import load_embedder
from charassets.models.weights import find_embedder
from charassets.schema import CLIP_EMBEDDINGS, VISUAL_EVIDENCE, Table
from charassets.settings import Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_LOG = logging.getLogger(__name__)


class VisualEvidence(Stage):
    """Asks the embedder's text tower. Skips: ``no_text_tower`` (a picture-only embedder), ``no_evidence``."""

    table: ClassVar[Table] = VISUAL_EVIDENCE
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {
        CLIP_EMBEDDINGS.name: Reads(("crop_id", "model", "dim", "embedding"), key=("crop_id", "model"))
    }
    batch_rows: ClassVar[int] = 4096

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vocabulary = load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary, prompts included."""
        return {"vocabulary": self._vocabulary.digest}

    def weights(self) -> Mapping[str, str]:
        """The embedder's files."""
        return find_embedder(self._settings.embedder).files

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            ModelMissingError: the embedder is not there.
            CharassetsError: the embeddings are those of another model.
        """
        zero_shot: ZeroShot | None = None
        for number, batch in enumerate(batches):
            if number == 0:  # a shard whose rows are all copied from before needs no model
                zero_shot = self._prepared()
            yield self._answer(batch, zero_shot)

    def _prepared(self) -> ZeroShot | None:
        embedder = load_embedder(self._settings.embedder, self._settings.device)
        if embedder.reads_text:
            return prepare(embedder, self._vocabulary)
        _LOG.warning("%s reads no text: pictures give no zero-shot evidence", embedder.name)
        return None

    def _answer(self, batch: Batch, zero_shot: ZeroShot | None) -> Outcome:
        records = batch.record_ids
        if zero_shot is None:
            return Outcome(self.schema.empty_table(), skipped=dict.fromkeys(records, "no_text_tower"))
        answers = dict(zip(records, zero_shot.answers(_vectors(batch, zero_shot)), strict=True))
        found = {record: evidence for record, evidence in answers.items() if evidence}
        skipped = {record: "no_evidence" for record, evidence in answers.items() if not evidence}
        return Outcome(to_table(found, self.schema), skipped=skipped)


def _vectors(batch: Batch, zero_shot: ZeroShot) -> NDArray[np.float16]:
    """(n, dim) float16 embeddings of a batch."""
    dim = zero_shot.vectors.shape[1]
    found = set(batch.records.column("dim").to_pylist())
    if found != {dim}:
        raise CharassetsError(
            f"embeddings of length {sorted(found)} do not fit {zero_shot.model}, which has {dim}",
            where=CLIP_EMBEDDINGS.name,
            todo="materialize clip_embeddings with the same embedder",
        )
    buffers = batch.records.column("embedding").to_pylist()
    return np.frombuffer(b"".join(buffers), "<f2").reshape(len(buffers), dim)
