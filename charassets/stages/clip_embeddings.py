"""Clip embeddings: a unit vector for every crop, and one for the head in it.

What belongs here: decoding crops ahead of the model, and the rows. Not here: the model (``charassets.models.clip``).
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import Rejected
from charassets.images.crops import head_of
from charassets.images.decode import decode
from charassets.models.protocols import Embedder
from charassets.models.registry import load_embedder
from charassets.models.weights import Weights, find_embedder
from charassets.schema import CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES, Table
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)
"""Crops are our own: a narrow one is no reason to lose a record that the stage before has let through."""


@dataclass(frozen=True)
class _Shown:
    """A decoded crop, and the head in it where one is seen: (h, w, 3) uint8 RGB."""

    figure: NDArray[np.uint8]
    head: NDArray[np.uint8] | None


class ClipEmbeddings(Stage):
    """Embeds crops and the heads in them, in one pass; records without a crop are skipped as ``no_crop``."""

    table: ClassVar[Table] = CLIP_EMBEDDINGS
    code_version: ClassVar[str] = "3"
    reads: ClassVar[Mapping[str, Reads]] = {
        SINGLE_CHARACTER_IMAGES.name: Reads(("crop_id", "head_box", "crop"), key=("crop_id", "head_box"))
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def schema(self) -> pa.Schema:
        """The table's schema with vectors of the model's length: fixed-size bytes are written many times as fast as lists."""
        table = super().schema
        for name in ("embedding", "head_embedding"):
            place = table.get_field_index(name)
            table = table.set(place, table.field(place).with_type(pa.binary(2 * self._embedder.dim)))
        return table

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
        ahead: deque[tuple[Batch, list[Future[_Shown | Rejected]]]] = deque()
        with ThreadPoolExecutor(self._settings.decode_threads, "decode") as pool:
            for batch in batches:
                columns = (batch.records.column(name).to_pylist() for name in ("crop", "head_box"))
                cropped = [(data, head) for data, head in zip(*columns, strict=True) if data is not None]
                ahead.append((batch, [pool.submit(_shown, data, head) for data, head in cropped]))
                if len(ahead) > 1:
                    yield self._outcome(*ahead.popleft())
            while ahead:
                yield self._outcome(*ahead.popleft())

    def _outcome(self, batch: Batch, futures: list[Future[_Shown | Rejected]]) -> Outcome:
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

    def _rows(self, kept: list[tuple[str, str, _Shown]]) -> pa.Table:
        if not kept:
            return self.schema.empty_table()
        heads = {k: shown.head for k, (_, _, shown) in enumerate(kept) if shown.head is not None}
        pictures = [*(shown.figure for _, _, shown in kept), *heads.values()]
        both = self._embedder.embed_images(pictures).astype("<f2", copy=False)
        vectors, of_heads = both[: len(kept)], dict(zip(heads, both[len(kept) :], strict=True))
        model = f"{self._embedder.name}@{self._found.sha256[:12]}"
        columns = [
            [record for record, _, _ in kept],
            [crop for _, crop, _ in kept],
            [model] * len(kept),
            pa.array(np.full(len(kept), vectors.shape[1], np.int32)),
            [vector.tobytes() for vector in vectors],
            [of_heads[k].tobytes() if k in of_heads else None for k in range(len(kept))],
        ]
        return pa.table(columns, schema=self.schema)


def _shown(data: bytes, head_box: Sequence[float] | None) -> _Shown | Rejected:
    try:
        pixels = decode(data, _CROP_LIMITS).pixels
    except Rejected as rejected:
        return rejected
    return _Shown(pixels, head_of(pixels, head_box))
