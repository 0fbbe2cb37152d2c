"""Stored embeddings as one array beside the records that are asked about.

What belongs here: bytes to numbers, and the guard against mixing models. Not here: what is done with the numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError

COLUMNS = ("record_id", "model", "embedding")
"""Columns of ``clip_embeddings`` that ``gather`` needs."""


@dataclass(frozen=True)
class Vectors:
    """Embeddings of some of n records.

    Attributes:
        values: float16, shape (m, d), unit norm; half precision keeps five million vectors of 512 within 5 GB.
        row: int64, shape (n,): the record's row in ``values``, -1 where it has no embedding.
    """

    values: NDArray[np.float16]
    row: NDArray[np.int64]


def gather(batches: Iterable[pa.Table], record_ids: Sequence[str]) -> Vectors:
    """The embeddings of ``record_ids``; those of other records are passed over.

    Args:
        batches: rows of ``clip_embeddings`` with ``COLUMNS``, in any order.
        record_ids: the n records asked about, each once.

    Raises:
        CharassetsError: two models embedded them: their vectors cannot be compared.
    """
    place = {record: i for i, record in enumerate(record_ids)}
    row = np.full(len(place), -1, np.int64)
    blocks: list[NDArray[np.float16]] = []
    models: set[str] = set()
    found = 0
    for batch in batches:
        places = np.fromiter((place.get(r, -1) for r in batch.column("record_id").to_pylist()), np.int64, len(batch))
        wanted = np.flatnonzero(places >= 0)
        if not len(wanted):
            continue
        batch = batch.take(pa.array(wanted))
        models.update(batch["model"].unique().to_pylist())
        if len(models) > 1:
            raise CharassetsError(
                f"embeddings of different models cannot be compared: {', '.join(sorted(models))}",
                where="clip_embeddings",
                todo="materialize clip_embeddings on every shard",
            )
        blocks.append(np.frombuffer(b"".join(batch["embedding"].to_pylist()), "<f2").reshape(len(wanted), -1))
        row[places[wanted]] = np.arange(found, found + len(wanted))
        found += len(wanted)
    return Vectors(np.concatenate(blocks) if blocks else np.empty((0, 1), np.float16), row)
