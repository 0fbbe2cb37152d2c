"""Visual evidence: what the picture of a figure says of each attribute.

What belongs here: the stage. Not here: prompts and probabilities (``charassets.attributes.zero_shot``), what the heads' answers are
worth (``charassets.attributes.head_answers``).
"""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import head_answers
from charassets.attributes.evidence import Evidence, to_table
from charassets.attributes.vocabulary import load
from charassets.attributes.zero_shot import ZeroShot, prepare
from charassets.errors import CharassetsError, Rejected
from charassets.images.decode import decode
from charassets.models.heads import AttributeHeads, find_heads, load_heads
from charassets.models.registry import load_embedder
from charassets.models.weights import find_embedder
from charassets.schema import CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES, VISUAL_EVIDENCE, Table
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_LOG = logging.getLogger(__name__)


_CROP_LIMITS = ImageSettings(
    min_side=1, max_aspect=1e6
)  # crops are our own, and narrow ones have been let through before


class VisualEvidence(Stage):
    """Asks the embedder's text tower, and the attribute heads where the settings name some.

    Skips: ``no_text_tower`` (a picture-only embedder and no heads), ``no_evidence``.
    """

    table: ClassVar[Table] = VISUAL_EVIDENCE
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {
        CLIP_EMBEDDINGS.name: Reads(("crop_id", "model", "dim", "embedding"), key=("crop_id", "model")),
        SINGLE_CHARACTER_IMAGES.name: Reads(("crop_id", "crop", "head_box"), key=("crop_id", "head_box")),
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vocabulary = load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary, prompts included."""
        return {"vocabulary": self._vocabulary.digest}

    def weights(self) -> Mapping[str, str]:
        """The files of the embedder and of the heads."""
        files = dict(find_embedder(self._settings.embedder).files)
        if self._settings.heads is not None:
            files |= {f"heads/{name}": digest for name, digest in find_heads(self._settings.heads).files.items()}
        return files

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            ModelMissingError: the embedder or the heads are not there.
            CharassetsError: the embeddings are those of another model.
        """
        zero_shot: ZeroShot | None = None
        heads: AttributeHeads | None = None
        for number, batch in enumerate(batches):
            if number == 0:  # a shard whose rows are all copied from before needs no model
                zero_shot = self._prepared()
                heads = load_heads(self._settings.heads, self._settings.device) if self._settings.heads else None
            yield self._answer(batch, zero_shot, heads)

    def _prepared(self) -> ZeroShot | None:
        embedder = load_embedder(self._settings.embedder, self._settings.device)
        if embedder.reads_text:
            return prepare(embedder, self._vocabulary)
        _LOG.warning("%s reads no text: pictures give no zero-shot evidence", embedder.name)
        return None

    def _answer(self, batch: Batch, zero_shot: ZeroShot | None, heads: AttributeHeads | None) -> Outcome:
        records = batch.record_ids
        if zero_shot is None and heads is None:
            return Outcome(self.schema.empty_table(), skipped=dict.fromkeys(records, "no_text_tower"))
        answers: dict[str, list[Evidence]] = {record: [] for record in records}
        if zero_shot is not None:
            for record, told in zip(records, zero_shot.answers(_vectors(batch, zero_shot)), strict=True):
                answers[record] += told
        if heads is not None:
            for record, read in self._read(batch, heads).items():
                answers[record] += read
        found = {record: evidence for record, evidence in answers.items() if evidence}
        skipped = {record: "no_evidence" for record, evidence in answers.items() if not evidence}
        return Outcome(to_table(found, self.schema), skipped=skipped)

    def _read(self, batch: Batch, heads: AttributeHeads) -> dict[str, list[Evidence]]:
        """What the heads see in the crops of a batch."""
        side = batch.sides[SINGLE_CHARACTER_IMAGES.name].select(["record_id", "crop", "head_box"])
        rows = [row for row in side.to_pylist() if row["crop"] is not None]
        with ThreadPoolExecutor(self._settings.decode_threads, "decode") as pool:
            decoded = pool.map(_pixels, (row["crop"] for row in rows))
            pictures = [(row, pixels) for row, pixels in zip(rows, decoded, strict=True) if pixels is not None]
        places = [row["head_box"] and tuple(row["head_box"]) for row, _ in pictures]
        chances = heads.read([pixels for _, pixels in pictures], places)
        told = head_answers.answers(heads.name, heads.questions, chances, self._vocabulary)
        return {row["record_id"]: evidence for (row, _), evidence in zip(pictures, told, strict=True)}


def _pixels(crop: bytes) -> NDArray[np.uint8] | None:
    """A stored crop; None for one that cannot be decoded, which has no embedding and so is not asked about."""
    try:
        return decode(crop, _CROP_LIMITS).pixels
    except Rejected:
        return None


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
