"""Feature sets: what a trained classifier may look at, as one matrix made of the lake's tables.

What belongs here: choosing and lining up columns. Not here: learning from them (``charassets.classifiers``).

``design``: the named measurements of ``design_features``. ``clip``: the embedding. ``heads``: what the attribute heads said, a
column a value. ``identity``: cosine to the mean embedding of every character of the training part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.design.catalogue import NAMES as DESIGN_NAMES
from charassets.errors import CharassetsError, UsageError

SETS = ("design", "clip", "heads", "identity")
"""Names of the sets, in the order in which their columns stand."""

HEAD = "head"
"""The source of the heads' rows in ``visual_evidence``."""


@dataclass(frozen=True, eq=False)
class FeaturePlan:
    """The columns of a matrix, fixed when a classifier is trained.

    Attributes:
        sets: chosen sets, in the order of ``SETS``.
        embedder: model of the embeddings (``clip_embeddings.model``); empty where none is looked at.
        dim: length of an embedding; 0 where none is looked at.
        said: attribute and value of every column of ``heads``.
        prototypes: (characters, dim) float32 unit-norm means of ``identity``.
    """

    sets: tuple[str, ...]
    embedder: str = ""
    dim: int = 0
    said: tuple[tuple[str, str], ...] = ()
    prototypes: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for every column."""
        columns = {
            "design": [f"design {name}" for name in DESIGN_NAMES],
            "clip": [f"clip {k}" for k in range(self.dim)],
            "heads": [f"heads {attribute}: {value}" for attribute, value in self.said],
            "identity": [f"identity {k}" for k in range(len(self.prototypes))],
        }
        return tuple(name for chosen in self.sets for name in columns[chosen])

    @property
    def blocks(self) -> tuple[str, ...]:
        """The thing a person can name behind every column: a measurement, an attribute, or a whole set of coordinates."""
        whole = {"clip", "identity"}
        return tuple(kind if (kind := name.split(" ", 1)[0]) in whole else name.split(":")[0] for name in self.names)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of n pictures, in one order.

    Attributes:
        record_ids: the n records.
        embeddings: (n, dim) float32 unit norm; (n, 0) where there are none.
        embedder: the model of the embeddings.
        design: rows of ``design_features`` (any order, others are passed over); None where nobody needs them.
        evidence: rows of ``visual_evidence``; None where nobody needs them.
    """

    record_ids: Sequence[str]
    embeddings: NDArray[np.float32]
    embedder: str
    design: pa.Table | None = None
    evidence: pa.Table | None = None


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Names of sets as given by a person, in order and each once.

    Raises:
        UsageError: an unknown name, or none.
    """
    unknown = sorted(set(names) - set(SETS))
    if unknown or not names:
        raise UsageError(
            f"there is no feature set {unknown[0]!r}" if unknown else "no feature set is named",
            where="features",
            todo=f"choose of {', '.join(SETS)}",
        )
    return tuple(name for name in SETS if name in names)


def plan(sets: tuple[str, ...], training: Seen, characters: Sequence[str | None]) -> FeaturePlan:
    """Fix the columns from the training part alone.

    Args:
        sets: as ``chosen`` answers.
        training: the pictures learnt from.
        characters: the character of each of them, None where it is not known; of interest to ``identity``.

    Raises:
        UsageError: ``identity`` without a character of two pictures.
    """
    looks = bool({"clip", "identity"} & set(sets))
    prototypes = _prototypes(training, characters) if "identity" in sets else np.empty((0, 0), np.float32)
    return FeaturePlan(
        sets=sets,
        embedder=training.embedder if looks else "",
        dim=training.embeddings.shape[1] if looks else 0,
        said=_said(training) if "heads" in sets else (),
        prototypes=prototypes,
    )


def matrix(columns: FeaturePlan, seen: Seen) -> NDArray[np.float32]:
    """(n, columns) float32, finite; what is not known is 0 of evidence and the mean of a measurement.

    Raises:
        CharassetsError: the embeddings are those of another model than the classifier was trained on.
    """
    if columns.embedder and len(seen.record_ids) and seen.embedder != columns.embedder:
        raise CharassetsError(
            f"the classifier reads embeddings of {columns.embedder}, here are those of {seen.embedder}",
            where="clip_embeddings",
            todo="train it again on the present embeddings",
        )
    made = {
        "design": lambda: _design(seen),
        "clip": lambda: seen.embeddings,
        "heads": lambda: _heads(columns.said, seen),
        "identity": lambda: seen.embeddings @ columns.prototypes.T,
    }
    return np.hstack([np.asarray(made[name](), np.float32) for name in columns.sets])


def _design(seen: Seen) -> NDArray[np.float32]:
    values = np.full((len(seen.record_ids), len(DESIGN_NAMES)), np.nan, np.float32)
    rows = seen.design
    if rows is not None and rows.num_rows:
        place = {record: k for k, record in enumerate(seen.record_ids)}
        at = np.array([place.get(record, -1) for record in rows["record_id"].to_pylist()], np.int64)
        known = at >= 0
        block = np.column_stack([rows[name].to_numpy() for name in DESIGN_NAMES])
        values[at[known]] = block[known]
    there = np.isfinite(values).all(axis=1)
    means = values[there].mean(axis=0) if there.any() else np.zeros(values.shape[1], np.float32)
    return np.where(np.isfinite(values), values, means).astype(np.float32)


def _heads(said: Sequence[tuple[str, str]], seen: Seen) -> NDArray[np.float32]:
    values = np.zeros((len(seen.record_ids), len(said)), np.float32)
    if seen.evidence is None:
        return values
    place = {record: k for k, record in enumerate(seen.record_ids)}
    column = {pair: k for k, pair in enumerate(said)}
    for record, attribute, value, score in _head_rows(seen.evidence):
        row, at = place.get(record, -1), column.get((attribute, value), -1)
        if row >= 0 and at >= 0:
            values[row, at] = max(values[row, at], score)
    return values


def _said(training: Seen) -> tuple[tuple[str, str], ...]:
    rows = [] if training.evidence is None else _head_rows(training.evidence)
    known = set(training.record_ids)
    return tuple(sorted({(attribute, value) for record, attribute, value, _ in rows if record in known}))


def _head_rows(evidence: pa.Table) -> list[tuple[str, str, str, float]]:
    import pyarrow.compute as pc

    of_heads = evidence.filter(pc.field("source") == HEAD)
    names = ("record_id", "attribute", "value", "score")
    return list(zip(*(of_heads[name].to_pylist() for name in names), strict=True))


def _prototypes(training: Seen, characters: Sequence[str | None]) -> NDArray[np.float32]:
    rows: dict[str, list[int]] = {}
    for row, character in enumerate(characters):
        if character is not None:
            rows.setdefault(character, []).append(row)
    means = [training.embeddings[of].mean(axis=0) for _, of in sorted(rows.items()) if len(of) > 1]
    if not means:
        raise UsageError(
            "no character of the training part has two pictures",
            where="features identity",
            todo="leave `identity` out, or add pictures",
        )
    found = np.stack(means)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
