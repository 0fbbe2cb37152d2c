"""What is known of confidence, as a table people and pages can draw: ``calibration``.

What belongs here: from the artefact in force to rows. Not here: fitting it (``charassets.training``).
"""

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from charassets.attributes.fusion_files import Learnt
from charassets.schema import Column, Table
from charassets.warehouse.load import create_empty, describe, insert

CALIBRATION = Table(
    "calibration",
    1,
    "One row an attribute, kind of answer and confidence: what was seen of held-back answers at least this sure. The lowest "
    "confidence with (wrong + 1) / (told + 1) at most 0.02 keeps the promise of at most 2 % wrong; told / judged is its coverage.",
    (
        Column("attribute", pa.string(), "Attribute of the vocabulary."),
        Column("words", pa.bool_(), "Words speak of the attribute; false where only the picture does."),
        Column("confidence", pa.float64(), "Calibrated confidence from which answers are counted."),
        Column("told", pa.int64(), "Held-back answers at least this sure."),
        Column("wrong", pa.int64(), "Wrong ones among them."),
        Column("judged", pa.int64(), "Held-back records of this kind that had an answer to give."),
    ),
)


def create_calibration(con: duckdb.DuckDBPyConnection, learnt: Learnt) -> None:
    """Create ``calibration`` from the artefact in force."""
    create_empty(con, CALIBRATION.name, CALIBRATION.arrow)
    insert(con, CALIBRATION.name, pa.Table.from_pylist(list(_rows(learnt)), schema=CALIBRATION.arrow))
    describe(con, CALIBRATION, "TABLE", CALIBRATION.arrow.names)


def _rows(learnt: Learnt) -> Iterator[dict[str, Any]]:
    for attribute, known in learnt.model.calibration.attributes.items():
        for words, side in ((True, known.worded), (False, known.silent)):
            for level in side.levels:
                found = {"confidence": level.confidence, "told": level.told, "wrong": level.wrong}
                yield {"attribute": attribute, "words": words, **found, "judged": side.judged}
