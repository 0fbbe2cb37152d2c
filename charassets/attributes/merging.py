"""Words of dropped copies as evidence about the record that was kept of them.

What belongs here: which words a keeper takes. Not here: who is a copy of whom (``charassets.similarity``), and what is believed
in the end (``fusion``).
"""

import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.vocabulary import UNKNOWN, Vocabulary

VERSION = 1
"""Raised by hand when other words would be taken from the same copies."""

_UNTONED = ("Skin Tone",)
"""Attributes that are colours though no pixels are measured for them (``Attribute.measured_in`` names the others)."""

_ONE = ("record_id", "attribute", "value", "source", "denied")


def added_words(stars: pa.Table, words: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """The words that keepers take from their copies.

    A keeper's own words stand: of an attribute with one value they settle it, whatever they say of it; of one with several values
    they settle those they name. A copy that is no single character speaks of others too and gives none; of a copy in grey, or
    of a grey keeper, no colours are taken. Where several copies say the same the strongest word counts, and of equally
    strong ones that of the first copy by ``record_id``: five copies of one tag line are one witness.

    Args:
        stars: ``record_id``, ``group_id``, ``keeper``, ``single`` and ``grey`` of ``near_duplicates``.
        words: rows of ``tag_evidence`` of copies and keepers.
        vocabulary: which attributes hold several values, and which are colours.

    Returns:
        The columns of ``words``, ``record_id`` being the keeper and the detail naming the copy, and ``copy``, its record.
    """
    copies = stars.filter(~pc.field("keeper") & pc.field("single")).select(["record_id", "group_id", "grey"])
    said = words.join(copies, "record_id", join_type="inner", use_threads=False)
    said = said.rename_columns({"record_id": "copy", "group_id": "record_id"})
    colours = [name for name, a in vocabulary.attributes.items() if a.measured_in or name in _UNTONED]
    said = said.filter(~(pc.field("grey").is_valid() & pc.field("grey") & pc.field("attribute").isin(colours)))
    found = _strongest(_unsettled(said, words, vocabulary))
    return found.select([*words.column_names, "copy"]).cast(words.schema.append(pa.field("copy", pa.string(), False)))


def _unsettled(said: pa.Table, words: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """Without what the keepers' own words settle."""
    several = pc.field("attribute").isin([name for name, a in vocabulary.attributes.items() if a.multi])
    whole = said.filter(~several | (pc.field("value") == UNKNOWN))
    single = whole.join(words.select(["record_id", "attribute"]), ["record_id", "attribute"], join_type="left anti")
    named = said.filter(several & (pc.field("value") != UNKNOWN))
    keys = ["record_id", "attribute", "value"]
    return pa.concat_tables([single, named.join(words.select(keys), keys, join_type="left anti")])


def _strongest(said: pa.Table) -> pa.Table:
    """One row for what several copies say alike, in an order that is that of the records alone."""
    said = said.append_column("denied", pc.equal(said["score"], 0))  # pyright: ignore[reportAttributeAccessIssue]
    falling = [("score", "descending"), ("copy", "ascending"), ("detail", "ascending")]
    said = said.sort_by([*((name, "ascending") for name in _ONE), *falling])
    first = said.append_column("row", pa.array(range(said.num_rows), pa.int64()))
    kept = first.group_by(list(_ONE), use_threads=False).aggregate([("row", "min")])["row_min"]
    told = said.take(kept.combine_chunks().sort())
    origin = pc.binary_join_element_wise(told["detail"], pc.cast(told["copy"], pa.string()), " of its copy ")  # pyright: ignore[reportAttributeAccessIssue]
    return told.set_column(told.column_names.index("detail"), "detail", origin)
