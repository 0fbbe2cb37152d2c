"""Design features: how each cropped figure is drawn, as named measurements.

What belongs here: decoding crops on threads, and the rows. Not here: the measurements (``charassets.design``).
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.design.catalogue import NAMES
from charassets.design.features import design_features
from charassets.errors import Rejected
from charassets.images.decode import decode
from charassets.schema import DESIGN_FEATURES, SINGLE_CHARACTER_IMAGES, Table
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)  # crops are our own, and narrow ones have been let through


class DesignFeatures(Stage):
    """Measures crops; records without one are skipped as ``no_crop``."""

    table: ClassVar[Table] = DESIGN_FEATURES
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {SINGLE_CHARACTER_IMAGES.name: Reads(("crop_id", "crop"), key=("crop_id",))}

    def __init__(self, settings: Settings) -> None:
        self._threads = settings.decode_threads

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None: the formulas are fixed."""
        return {}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """One outcome a batch; the crops of the next batch are measured while this one's rows are written."""
        ahead: deque[tuple[Batch, list[Future[NDArray[np.float32] | Rejected] | None]]] = deque()
        with ThreadPoolExecutor(self._threads, "design") as pool:
            for batch in batches:
                crops = batch.records.column("crop").to_pylist()
                ahead.append((batch, [None if data is None else pool.submit(_measured, data) for data in crops]))
                if len(ahead) > 1:
                    yield self._outcome(*ahead.popleft())
            while ahead:
                yield self._outcome(*ahead.popleft())

    def _outcome(self, batch: Batch, measured: list[Future[NDArray[np.float32] | Rejected] | None]) -> Outcome:
        kept: list[tuple[str, str]] = []
        rows: list[NDArray[np.float32]] = []
        rejected: list[Rejection] = []
        skipped: dict[str, str] = {}
        crop_ids = batch.records.column("crop_id").to_pylist()
        for record, crop, future in zip(batch.record_ids, crop_ids, measured, strict=True):
            answer = None if future is None else future.result()
            if answer is None:
                skipped[record] = "no_crop"
            elif isinstance(answer, Rejected):
                rejected.append(Rejection(record, answer.code, answer.detail))
            else:
                kept.append((record, crop))
                rows.append(answer)
        values = np.stack(rows) if rows else np.empty((0, len(NAMES)), np.float32)
        columns = [[record for record, _ in kept], [crop for _, crop in kept]]
        table = pa.table([*columns, *(pa.array(values[:, k]) for k in range(len(NAMES)))], schema=self.schema)
        return Outcome(table, rejected, skipped)


def _measured(data: bytes) -> NDArray[np.float32] | Rejected:
    try:
        return design_features(decode(data, _CROP_LIMITS).pixels)
    except Rejected as rejected:
        return rejected
