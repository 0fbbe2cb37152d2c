"""Reference pictures: what a gallery keeps of each, as rows.

What belongs here: the schema, and making rows from what the stages say of a picture. Not here: where pictures come from
(``charassets.enrolment``, ``growth``), what is made of the rows (``gallery``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import UsageError
from charassets.identity.traits import Answers, from_mapping

REFERENCES = pa.schema(
    [
        pa.field(
            "name", pa.string(), False, {"doc": "The character; empty for a picture that shows nobody of the gallery."}
        ),
        pa.field("origin", pa.string(), False, {"doc": "What the picture is called where it came from."}),
        pa.field("how", pa.string(), False, {"doc": "folder, table, cluster, tags, confirmed or corrected."}),
        pa.field("record_id", pa.string(), True, {"doc": "Its record, where it is one of the workspace."}),
        pa.field("image_id", pa.string(), True, {"doc": "Content id of the picture."}),
        pa.field("figure", pa.binary(), False, {"doc": "Embedding of the figure, little-endian float16, unit norm."}),
        pa.field("head", pa.binary(), True, {"doc": "Embedding of the head; null where none was seen."}),
        pa.field("traits", pa.binary(), False, {"doc": "Decided attributes with their confidence, as JSON."}),
        pa.field("phash", pa.uint64(), True, {"doc": "Perceptual hash of the picture."}),
        pa.field("signatures", pa.binary(), True, {"doc": "Corners of the drawing."}),
        pa.field("preview", pa.binary(), True, {"doc": "The picture as WebP of at most 224 px."}),
    ]
)
"""A row a reference picture, in the order in which they were taken in."""

_NAME_MOST = 200


def rows(found: Sequence[Mapping[str, Any]]) -> pa.Table:
    """References from one mapping each, missing cells null.

    Raises:
        UsageError: a name that cannot be one.
    """
    for row in found:
        checked_name(row["name"]) if row["name"] else None
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in REFERENCES.names} for row in found], schema=REFERENCES
    )


def checked_name(name: str) -> str:
    """A character's name as it is kept: one printable line.

    Raises:
        UsageError: it is empty, too long, or holds line breaks or control characters.
    """
    kept = " ".join(name.split())
    if not kept or not kept.isprintable() or len(kept) > _NAME_MOST:
        raise UsageError(
            f"{name[:40]!r} is no name for a character",
            where="gallery",
            todo=f"give one line of at most {_NAME_MOST} characters",
        )
    return kept


def vectors(table: pa.Table, column: str, dim: int) -> NDArray[np.float32]:
    """The vectors of a column, (n, dim); zero where there is none."""
    nothing = bytes(2 * dim)
    cells = [cell if cell is not None else nothing for cell in table[column].to_pylist()]
    return np.frombuffer(b"".join(cells), "<f2").astype(np.float32).reshape(-1, dim)


def answers(table: pa.Table) -> Answers:
    """The traits of every row."""
    return from_mapping([orjson.loads(cell) for cell in table["traits"].to_pylist()])
