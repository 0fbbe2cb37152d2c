"""How right attributes are, as it was last measured, as a table people and pages can draw: ``evaluation``.

What belongs here: the table, and the artefact it is kept in between runs. Not here: measuring (``charassets.evaluation``).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from charassets.lake import artefacts
from charassets.lake.store import Store
from charassets.schema import Column, Table
from charassets.warehouse.load import create_empty, describe, insert

ARTEFACT = "evaluation"
"""Name of the artefact; no stage reads it."""

_BIN = pa.struct([("confidence", pa.float64()), ("right", pa.float64()), ("n", pa.int64())])
_CONFUSION = pa.struct([("right", pa.string()), ("told", pa.string()), ("n", pa.int64())])

EVALUATION = Table(
    "evaluation",
    1,
    "One row a set of truth, attribute and source, as the asset `evaluation` measured it last.",
    (
        Column("truth", pa.string(), "What was right: labelled, drawn (the studio's pictures) or reviews (people)."),
        Column("attribute", pa.string(), "Attribute of the vocabulary."),
        Column("source", pa.string(), "An evidence source alone, or `fused`."),
        Column("judged", pa.int64(), "Records whose right answer is known."),
        Column("to_tell", pa.int64(), "Answers there were to give."),
        Column("told", pa.int64(), "Answers given."),
        Column("correct", pa.int64(), "Right ones among them."),
        Column("precision", pa.float64(), "correct / told; null where nothing was told."),
        Column("recall", pa.float64(), "correct / to_tell; null where there was nothing to tell."),
        Column("coverage", pa.float64(), "told / to_tell; null where there was nothing to tell."),
        Column("ece", pa.float64(), "Expected calibration error of the answers given; null where nothing was told."),
        Column("bins", pa.list_(_BIN), "Reliability diagram of the answers given."),
        Column("confusions", pa.list_(_CONFUSION), "The commonest wrong answers; Unknown where none was given."),
    ),
)


def keep(store: Store, rows: Sequence[Mapping[str, Any]], notes: Mapping[str, Any]) -> artefacts.Artefact:
    """Keep what was measured, rows of ``EVALUATION``, until it is measured again."""
    return artefacts.promote(store, ARTEFACT, json.dumps(list(rows), sort_keys=True).encode(), notes)


def digest(store: Store) -> str:
    """The digest of what was measured last; empty where nothing was."""
    found = artefacts.current(store, ARTEFACT)
    return found.digest if found else ""


def create_evaluation(con: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Create ``evaluation``; empty where nothing was measured yet."""
    found = artefacts.current(store, ARTEFACT)
    create_empty(con, EVALUATION.name, EVALUATION.arrow)
    if found is not None:
        insert(con, EVALUATION.name, pa.Table.from_pylist(json.loads(found.content), schema=EVALUATION.arrow))
    describe(con, EVALUATION, "TABLE", EVALUATION.arrow.names)
