"""The stable traits of records as numbers, read from ``character_attributes``: what tells characters apart beside their looks.

What belongs here: which traits, and reading them. Not here: how they join the embedding (``charassets.similarity.joined``).
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.vocabulary import Vocabulary
from charassets.schema import CHARACTER_ATTRIBUTES
from charassets.similarity.joined import Trait
from charassets.similarity.places import Places
from charassets.stages.contract import Collection, Reads
from charassets.stages.decided_answers import decided_answers

TRAITS = ("Gender", "Age", "Hair Color", "Hair Length", "Hair Style", "Eye Color", "Skin Tone", "Facial Hair")
"""What a character keeps from picture to picture. No clothes: one uniform is worn by many."""

_COLUMNS = ("record_id", "attribute", "value", "confidence", "status")

READS = {CHARACTER_ATTRIBUTES.name: Reads(_COLUMNS)}
"""What a step that calls ``traits_of`` reads."""


def traits_of(answers: Collection, records: Sequence[str] | pa.Array, vocabulary: Vocabulary) -> list[Trait]:
    """The decided answers about some records, one ``Trait`` an attribute of ``TRAITS`` that the vocabulary has.

    Args:
        answers: the table ``character_attributes``.
        records: the records asked about, each once.
        vocabulary: numbers the values.
    """
    asked = [name for name in TRAITS if name in vocabulary.attributes]
    values = {name: pa.array([v.name for v in vocabulary.attributes[name].values], pa.string()) for name in asked}
    codes = {name: np.full(len(records), -1, np.int64) for name in asked}
    sure = {name: np.zeros(len(records), np.float32) for name in asked}
    where = Places(records)
    for told in decided_answers(answers, _COLUMNS, asked):
        row = where.of(told["record_id"])
        told = told.drop_columns("record_id").append_column("row", pa.array(row)).filter(pa.array(row >= 0))
        for name in asked:
            mine = told.filter(pc.field("attribute") == name)
            place = mine["row"].to_numpy()
            codes[name][place] = Places(values[name]).of(mine["value"])
            sure[name][place] = mine["confidence"].to_numpy()
    return [Trait(codes[name], sure[name], len(values[name])) for name in asked]
