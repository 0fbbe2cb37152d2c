"""Examples: labelled records, their division and what is known of each, read from the lake once a training.

What belongs here: lining up labels with embeddings, measurements and evidence. Not here: learning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.classifiers.division import TRAIN, divide
from charassets.classifiers.labels import BOUND_BY_CHARACTER, BOUND_BY_DUPLICATES, Labelled
from charassets.classifiers.spec import Spec
from charassets.errors import UsageError
from charassets.lake.fragments import Lake
from charassets.models.feature_sets import FeaturePlan, Seen, matrix, plan
from charassets.schema import CLIP_EMBEDDINGS, DESIGN_FEATURES, SINGLE_CHARACTER_IMAGES, VISUAL_EVIDENCE
from charassets.similarity.vectors import gather
from charassets.stages.collection import StoredCollection

_EVIDENCE = ["record_id", "attribute", "value", "score", "source"]


@dataclass(frozen=True, eq=False)
class Examples:
    """n labelled pictures.

    Attributes:
        record_ids: of each.
        labels: (n,) index into ``values``. values: the labels.
        parts: (n,) train, validation or test. groups: (n,) what belongs together.
        left_out: labels with too few pictures.
    """

    record_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    values: tuple[str, ...]
    parts: NDArray[np.int64]
    groups: NDArray[np.int64]
    characters: tuple[str | None, ...]
    left_out: dict[str, int]

    def of(self, part: int) -> NDArray[np.int64]:
        """Places of the pictures of a part."""
        return np.flatnonzero(self.parts == part)


def divided(found: Labelled, spec: Spec) -> Examples:
    """Labelled records with their parts.

    Raises:
        UsageError: a label does not reach every part.
    """
    bound_by = BOUND_BY_DUPLICATES + (BOUND_BY_CHARACTER if "character" in spec.together else ())
    parts, groups = divide(found.labels, found.values, found.bonds, bound_by, spec.seed)
    labels = found.labels
    if spec.shuffle_labels:
        labels = np.random.default_rng([spec.seed, 0x5F]).permutation(labels)
    return Examples(found.record_ids, labels, found.values, parts, groups, found.characters, found.left_out)


def seen(lake: Lake, record_ids: Sequence[str], sets: Sequence[str]) -> Seen:
    """What the lake knows of some records; only the tables that the sets need are read."""
    wanted = pa.array(record_ids, pa.string())
    embeddings, embedder = np.zeros((len(record_ids), 0), np.float32), ""
    if {"clip", "identity"} & set(sets):
        vectors = gather(
            StoredCollection(CLIP_EMBEDDINGS.name, lake.fragments(CLIP_EMBEDDINGS.name)).batches, record_ids
        )
        if (vectors.row < 0).any():
            raise UsageError(
                f"{int((vectors.row < 0).sum())} labelled pictures have no embedding",
                where=CLIP_EMBEDDINGS.name,
                todo="run the pipeline first",
            )
        embeddings, embedder = vectors.values.astype(np.float32), _embedder(lake)
    design = _rows(lake, DESIGN_FEATURES.name, DESIGN_FEATURES.arrow.names, wanted) if "design" in sets else None
    evidence = _rows(lake, VISUAL_EVIDENCE.name, _EVIDENCE, wanted) if "heads" in sets else None
    return Seen(tuple(record_ids), embeddings, embedder, design, evidence)


def features(lake: Lake, examples: Examples, sets: tuple[str, ...]) -> tuple[FeaturePlan, NDArray[np.float32]]:
    """The columns, fixed on the training part, and (n, columns) of all examples."""
    known = seen(lake, examples.record_ids, sets)
    learnt = examples.of(TRAIN)
    training = Seen(
        tuple(examples.record_ids[k] for k in learnt),
        known.embeddings[learnt],
        known.embedder,
        known.design,
        known.evidence,
    )
    columns = plan(sets, training, [examples.characters[k] for k in learnt])
    return columns, matrix(columns, known)


def crops(lake: Lake, record_ids: Sequence[str]) -> dict[str, bytes]:
    """The crops of some records, as WebP."""
    wanted = pa.array(record_ids, pa.string())
    rows = _rows(lake, SINGLE_CHARACTER_IMAGES.name, ["record_id", "crop"], wanted)
    return dict(zip(rows["record_id"].to_pylist(), rows["crop"].to_pylist(), strict=True))


def _rows(lake: Lake, table: str, columns: list[str], wanted: pa.Array) -> pa.Table:
    found = [
        batch.filter(pc.is_in(batch["record_id"], value_set=wanted))  # pyright: ignore[reportAttributeAccessIssue]
        for fragment in lake.fragments(table)
        for batch in fragment.batches(columns, 2048)
    ]
    if not found:
        raise UsageError(f"{table} is empty", where=table, todo="run the pipeline first")
    return pa.concat_tables(found)


def _embedder(lake: Lake) -> str:
    for fragment in lake.fragments(CLIP_EMBEDDINGS.name):
        if fragment.rows:
            return str(fragment.read(["model"])["model"][0].as_py())
    return ""
