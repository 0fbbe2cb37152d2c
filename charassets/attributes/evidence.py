"""Evidence: one statement of one source about one attribute, as the evidence tables store it.

What belongs here: the row, its making from words, its way into and out of Arrow. Not here: evidence from pictures
(``zero_shot``) and what is believed in the end (``fusion``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from charassets.attributes.tags import ParsedTags, Said
from charassets.attributes.vocabulary import Vocabulary

WORDS = frozenset({"tag", "text", "text_llm"})
"""Sources in which people say what they see."""

HEAD = "head"
"""The source of the attribute heads, whose scores already say what an answer is worth."""

COLOUR = "colour"
"""The source of colours measured in pixels; its scores say how likely the answer is right."""

CLASSIFIED = "classified_"
"""Before the name of a trained classifier: the attribute of its answer, which no vocabulary knows, and a column of records."""

COLUMNS = ("attribute", "value", "score", "source", "detail")
"""The columns of an evidence table beside ``record_id``."""

_QUOTED_AT_MOST = 3  # words that say the same; more explain nothing
_SHADES = frozenset({"light", "dark", "pale", "bright", "deep"})
_QUOTE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of an evidence table.

    Attributes:
        attribute: attribute of the vocabulary.
        value: value of the vocabulary; ``Unknown`` where the source says that it cannot be seen.
        score: strength of 0-1 on the source's own scale; 0 denies the value (``no_glasses``).
        source: tag, text, clip, ...
        detail: the reason, for people; words of the source stand in backticks.
    """

    attribute: str
    value: str
    score: float
    source: str
    detail: str


def from_words(parsed: Iterable[ParsedTags]) -> list[Evidence]:
    """Evidence of everything written about one record: a row a source, attribute and value, the strongest words first."""
    said: dict[tuple[str, str, str, bool], list[Said]] = {}
    for line in parsed:
        for denied, statements in ((False, line.said), (True, line.denied)):
            for one in statements:
                source = "text" if one.prose else "tag"
                said.setdefault((one.claim.attribute, one.claim.value, source, denied), []).append(one)
    rows = [
        Evidence(attribute, value, 0.0 if denied else _strength(group), source, _in_words(group, source, denied))
        for (attribute, value, source, denied), group in said.items()
    ]
    return sorted(rows, key=lambda e: (e.attribute, -e.score, e.value, e.source))


def wording(evidence: Iterable[Evidence], attribute: str, value: str, vocabulary: Vocabulary) -> str | None:
    """The words behind a value where they name a colour too: "Green Yukata" for ``Kimono``; None where none do.

    The longest such words win, and the first in the alphabet of equally long ones, so that the order of tags is no matter.
    """
    found: list[str] = []
    for row in evidence:
        if (row.attribute, row.value) == (attribute, value) and row.source in WORDS and row.score:
            found += [name for quoted in _QUOTE.findall(row.detail) if (name := _coloured(quoted, vocabulary))]
    return min(found, key=lambda name: (-len(name), name), default=None)


def to_table(records: Mapping[str, Sequence[Evidence]], schema: pa.Schema) -> pa.Table:
    """Arrow table of the evidence of several records, in order of the records."""
    flat = [(record, row) for record, rows in records.items() for row in rows]
    columns = {name: [getattr(row, name) for _, row in flat] for name in COLUMNS}
    return pa.table({"record_id": [record for record, _ in flat], **columns}, schema=schema)


def from_table(table: pa.Table) -> dict[str, list[Evidence]]:
    """The evidence of each record of a table that has ``record_id`` and ``COLUMNS``."""
    records: dict[str, list[Evidence]] = {}
    columns = (table.column(name).to_pylist() for name in COLUMNS)
    for record, attribute, value, score, *rest in zip(table.column("record_id").to_pylist(), *columns, strict=True):
        # float32 turns 0.7 into 0.69999999, which is on the other side of a threshold of 0.7
        records.setdefault(record, []).append(Evidence(attribute, value, round(score, 4), *rest))
    return records


def _strength(said: Sequence[Said]) -> float:
    return max(one.claim.strength for one in said)


def _in_words(said: Sequence[Said], source: str, denied: bool) -> str:
    strongest = sorted(said, key=lambda one: (-one.claim.strength, -len(one.words), one.words))
    words = list(dict.fromkeys(one.words for one in strongest))
    quoted = ", ".join(f"`{w}`" for w in words[:_QUOTED_AT_MOST])
    kind = {"tag": "tag", "text": "words"}[source]
    return f"{kind} {quoted} denies it" if denied else f"{kind} {quoted}"


def _coloured(words: str, vocabulary: Vocabulary) -> str | None:
    tokens = words.replace("_", " ").split()
    first = next((i for i, token in enumerate(tokens) if token in vocabulary.colours), None)
    if first is None or first == len(tokens) - 1:
        return None
    while first and tokens[first - 1] in _SHADES:
        first -= 1
    return " ".join(token.capitalize() for token in tokens[first:])
