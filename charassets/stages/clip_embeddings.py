"""Clip embeddings: one unit vector for every crop.

What belongs here: decoding crops ahead of the model, and the rows. Not here: the model (``charassets.models.clip``).
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import Rejected
from charassets.images.decode import decode
from charassets.models.protocols import Embedder
from charassets.models.registry import load_embedder
from charassets.models.weights import Weights, find_embedder
from charassets.schema import CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES, Table
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)
"""Crops are our own: a narrow one is no reason to lose a record that the stage before has let through."""


class ClipEmbeddings(Stage):
    """Embeds crops; records without one are skipped as ``no_crop``."""

    table: ClassVar[Table] = CLIP_EMBEDDINGS
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {SINGLE_CHARACTER_IMAGES.name: Reads(("crop_id", "crop"), key=("crop_id",))}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def schema(self) -> pa.Schema:
        """The table's schema with vectors of the model's length: fixed-size bytes are written many times as fast as lists."""
        table = super().schema
        place = table.get_field_index("embedding")
        return table.set(place, table.field(place).with_type(pa.binary(2 * self._embedder.dim)))

    @property
    def uses_gpu(self) -> bool:
        """The embedder."""
        return True

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Nothing but the weights decides an embedding."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """The embedder's files."""
        return self._found.files

    @cached_property
    def _found(self) -> Weights:
        return find_embedder(self._settings.embedder)

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(self._settings.embedder, self._settings.device)

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """One outcome a batch; the crops of the next batch are decoded while this one is in the model.

        Raises:
            ModelMissingError: the embedder is not there.
        """
        ahead: deque[tuple[Batch, list[Future[NDArray[np.uint8] | Rejected]]]] = deque()
        with ThreadPoolExecutor(self._settings.decode_threads, "decode") as pool:
            for batch in batches:
                crops = [data for data in batch.records.column("crop").to_pylist() if data is not None]
                ahead.append((batch, [pool.submit(_pixels, data) for data in crops]))
                if len(ahead) > 1:
                    yield self._outcome(*ahead.popleft())
            while ahead:
                yield self._outcome(*ahead.popleft())

    def _outcome(self, batch: Batch, futures: list[Future[NDArray[np.uint8] | Rejected]]) -> Outcome:
        ids, crop_ids = batch.record_ids, batch.records.column("crop_id").to_pylist()
        skipped = {record: "no_crop" for record, crop in zip(ids, crop_ids, strict=True) if crop is None}
        cropped = [(record, crop) for record, crop in zip(ids, crop_ids, strict=True) if crop is not None]
        decoded = [future.result() for future in futures]
        rejected = [
            Rejection(record, answer.code, answer.detail)
            for (record, _), answer in zip(cropped, decoded, strict=True)
            if isinstance(answer, Rejected)
        ]
        kept = [
            (record, crop, answer)
            for (record, crop), answer in zip(cropped, decoded, strict=True)
            if not isinstance(answer, Rejected)
        ]
        return Outcome(self._rows(kept), rejected, skipped)

    def _rows(self, kept: list[tuple[str, str, NDArray[np.uint8]]]) -> pa.Table:
        if not kept:
            return self.schema.empty_table()
        vectors = self._embedder.embed_images([pixels for _, _, pixels in kept]).astype("<f2", copy=False)
        model = f"{self._embedder.name}@{self._found.sha256[:12]}"
        columns = [
            [record for record, _, _ in kept],
            [crop for _, crop, _ in kept],
            [model] * len(kept),
            pa.array(np.full(len(kept), vectors.shape[1], np.int32)),
            [vector.tobytes() for vector in vectors],
        ]
        return pa.table(columns, schema=self.schema)


def _pixels(data: bytes) -> NDArray[np.uint8] | Rejected:
    try:
        return decode(data, _CROP_LIMITS).pixels
    except Rejected as rejected:
        return rejected
