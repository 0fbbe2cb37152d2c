"""Character clusters: which of the kept pictures show the same character, over the whole collection.

What belongs here: which records take part. Not here: the clustering (``charassets.similarity.clusters``).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.schema import CHARACTER_CLUSTERS, CLIP_EMBEDDINGS, NEAR_DUPLICATES, Table
from charassets.settings import Settings
from charassets.similarity.clusters import ClusterRule, Clusters, character_id, cluster_vectors
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import gather
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads


class CharacterClusters(CollectionStage):
    """Clusters one record of each duplicate group; the others are skipped: ``duplicate``, or ``no_embedding``."""

    table: ClassVar[Table] = CHARACTER_CLUSTERS
    code_version: ClassVar[str] = "1"
    reads: ClassVar[Mapping[str, Reads]] = {
        NEAR_DUPLICATES.name: Reads(("record_id", "keeper")),
        CLIP_EMBEDDINGS.name: Reads(VECTOR_COLUMNS),
    }

    def __init__(self, settings: Settings) -> None:
        rule = settings.clusters
        self._rule = ClusterRule(rule.min_cluster_size, rule.min_samples, rule.max_share)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The cluster rule."""
        return {"clusters": asdict(self._rule)}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every keeper that was embedded.

        Raises:
            CharassetsError: the shards were embedded by different models.
        """
        records = inputs[NEAR_DUPLICATES.name].table(["record_id", "keeper"])
        skipped = dict.fromkeys(records.filter(~pc.field("keeper"))["record_id"].to_pylist(), "duplicate")
        keepers = records.filter(pc.field("keeper"))["record_id"].to_pylist()
        vectors = gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), keepers)
        skipped.update((keepers[i], "no_embedding") for i in np.flatnonzero(vectors.row < 0))
        embedded = np.flatnonzero(vectors.row >= 0)
        names = [keepers[i] for i in embedded]
        clusters = cluster_vectors(vectors.values[vectors.row[embedded]], names, self._rule)
        return Outcome(_rows(names, clusters), skipped=skipped)


def _rows(records: list[str], clusters: Clusters) -> pa.Table:
    names = [None if label < 0 else character_id(label) for label in clusters.label.tolist()]
    columns = [records, names, clusters.probability, clusters.representative]
    return pa.table(columns, schema=CHARACTER_CLUSTERS.arrow)
