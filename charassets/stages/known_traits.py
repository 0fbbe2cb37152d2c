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
from charassets.stages.contract import Collection, Reads

TRAITS = ("Gender", "Age", "Hair Color", "Hair Length", "Hair Style", "Eye Color", "Skin Tone", "Facial Hair")
"""What a character keeps from picture to picture. No clothes: one uniform is worn by many."""

READS = {CHARACTER_ATTRIBUTES.name: Reads(("record_id", "attribute", "value", "confidence", "status"))}
"""What a step that calls ``traits_of`` reads."""


def traits_of(answers: Collection, records: Sequence[str], vocabulary: Vocabulary) -> list[Trait]:
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
    place = {record: k for k, record in enumerate(records)}
    for batch in answers.batches(list(READS[CHARACTER_ATTRIBUTES.name].columns), 65_536):
        told = batch.filter(
            (pc.field("status") == "decided") & pc.field("attribute").isin(pa.array(asked, pa.string()))
        )
        for name in asked:
            mine = told.filter(pc.field("attribute") == name)
            row = np.array([place.get(record, -1) for record in mine["record_id"].to_pylist()], np.int64)
            code = pc.index_in(mine["value"], value_set=values[name]).fill_null(-1).to_numpy().astype(np.int64)  # pyright: ignore[reportAttributeAccessIssue]
            there = row >= 0
            codes[name][row[there]] = code[there]
            sure[name][row[there]] = mine["confidence"].to_numpy()[there]
    return [Trait(codes[name], sure[name], len(values[name])) for name in asked]
