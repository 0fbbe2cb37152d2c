"""Evidence of several pictures of one figure as if it were of one picture, ready to be fused.

What belongs here: the pooling. Not here: what is believed of it (``fusion``), and which pictures show one figure.
"""

import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.evidence import COLUMNS

_SAID = ("record_id", "attribute", "source")


def pooled(evidence: pa.Table, figure: pa.ChunkedArray | pa.Array) -> pa.Table:
    """A row a figure, attribute, value and source: its mean score over the pictures in which that source speaks of the attribute.

    Frames of a film are no independent witnesses, so that a hundred of them are believed no more than one clear picture, and
    what a source says of half of them only half as much. A picture of which a source is silent counts neither for nor against.

    Args:
        evidence: rows of ``record_id`` and ``evidence.COLUMNS``.
        figure: the figure of each row, in place of its ``record_id``.

    Returns:
        Rows of ``record_id`` (the figure) and ``evidence.COLUMNS``, the detail being that of the strongest statement.
    """
    rows = evidence.append_column("figure", figure)
    pictures = rows.group_by(["figure", *_SAID]).aggregate([]).group_by(["figure", "attribute", "source"])
    spoken = pictures.aggregate([("record_id", "count")])
    strongest = rows.sort_by([("score", "descending"), ("detail", "ascending")])
    told = strongest.group_by(["figure", "attribute", "value", "source"], use_threads=False)
    found = told.aggregate([("score", "sum"), ("detail", "first")])
    keys = ["figure", "attribute", "source"]
    found = found.join(spoken, keys).sort_by(
        [(name, "ascending") for name in ("figure", "attribute", "value", "source")]
    )
    score = pc.divide(found["score_sum"], found["record_id_count"].cast(pa.float64()))  # pyright: ignore[reportAttributeAccessIssue]
    columns = {
        "record_id": found["figure"],
        "attribute": found["attribute"],
        "value": found["value"],
        "score": pc.min_element_wise(score, 1.0).cast(pa.float32()),  # pyright: ignore[reportAttributeAccessIssue]
        "source": found["source"],
        "detail": found["detail_first"],
    }
    return pa.table({name: columns[name] for name in ("record_id", *COLUMNS)})
