"""What clustering asks of its pictures beside their vectors: whose moment each shows, and how much of the figure.

What belongs here: reading it from the per-shard tables in the order of the records. Not here: the rules
(``charassets.similarity.moments``, ``charassets.similarity.sub_clusters``).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.schema import RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.similarity.clusters import Clusters
from charassets.similarity.moments import Frames, moment_of
from charassets.similarity.places import Places
from charassets.similarity.sub_clusters import view_of
from charassets.stages.contract import Collection, Reads

READS = {
    RAW_SHARDS.name: Reads(("record_id", "source", "item_key", "episode", "scene", "time_s")),
    SINGLE_CHARACTER_IMAGES.name: Reads(("record_id", "head_box")),
}
"""What a step that calls ``moments`` and ``views`` reads."""


def moments(raw: Collection, records: pa.Array, figures: NDArray[np.float16]) -> NDArray[np.int64]:
    """The row of the record that stands for each of them: its own, but for frames of an earlier one's moment."""
    return moment_of(figures, Frames.of(_in_order(raw.table(READS[RAW_SHARDS.name].columns), records)))


def views(images: Collection, records: pa.Array) -> pa.Array:
    """The framing of each record's crop; null where no head is seen."""
    boxes = _in_order(images.table(READS[SINGLE_CHARACTER_IMAGES.name].columns), records)["head_box"]
    top, bottom = (pc.list_element(boxes, side) for side in (1, 3))  # pyright: ignore[reportAttributeAccessIssue]
    return view_of(pc.subtract(bottom, top).cast(pa.float64()).fill_null(np.nan).to_numpy())  # pyright: ignore[reportAttributeAccessIssue]


def for_all(clusters: Clusters, standing: NDArray[np.int64], stands: NDArray[np.int64]) -> Clusters:
    """The clusters of the records that stand for themselves, extended to the frames of their moments.

    Args:
        clusters: of ``standing``.
        standing: rows of those records, rising.
        stands: for every row the one that stands for it.
    """
    place = np.searchsorted(standing, stands)
    own = stands == np.arange(len(stands))
    return Clusters(clusters.label[place], clusters.probability[place], clusters.representative[place] & own)


def _in_order(table: pa.Table, records: pa.Array) -> pa.Table:
    """The rows of the records, nulls where there is none."""
    place = Places(table["record_id"]).of(records)
    return table.take(pa.array(place, mask=place < 0))
