"""The JSON of one record: ``{"Age": "Young Adult", ..., "Dress": "Green Yukata"}``, and its JSON Schema.

What belongs here: the shape people's training scripts read. Not here: how values are decided (``fusion``) and where files
are written (``charassets.exports``).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from charassets.attributes.evidence import Evidence, wording
from charassets.attributes.fusion import DECIDED
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Attribute, Vocabulary, load

WORDED = frozenset({"Dress"})
"""Attributes shown in the source's own words where these name a colour: "Green Yukata" says more than Kimono."""

SCHEMA_FILE = Path(__file__).with_name("record.schema.json")
"""The published JSON Schema of the shipped vocabulary."""

_ABSENT = "None"  # Headwear, Facial Hair: a fact in the tables, nothing to say in the JSON
_WORDS_PATTERN = r"^[A-Z0-9][^\s_]*( [A-Z0-9][^\s_]*)+$"


def record_json(
    rows: Iterable[Mapping[str, Any]], evidence: Iterable[Evidence] = (), vocabulary: Vocabulary | None = None
) -> dict[str, str | list[str]]:
    """The JSON object of one record.

    The core attributes are always there, ``Unknown`` unless decided: of two candidates neither is a label to train on. The
    others appear only where they are decided and there is something to see. Multi-valued attributes are lists.

    Args:
        rows: the record's rows of ``character_attributes``; ``attribute``, ``value`` and ``status`` are read.
        evidence: the record's tag evidence; gives Dress its own words.
        vocabulary: another vocabulary than the shipped one.
    """
    vocabulary = vocabulary or load()
    decided = {row["attribute"]: row["value"] for row in rows if row["status"] == DECIDED}
    words = list(evidence)
    answer: dict[str, str | list[str]] = {}
    for name, attribute in vocabulary.attributes.items():
        value = decided.get(name, UNKNOWN)
        if attribute.core or value not in (UNKNOWN, _ABSENT):
            shown = wording(words, name, value, vocabulary) if name in WORDED else None
            answer[name] = value.split(MULTI_SEPARATOR) if attribute.multi else shown or value
    return answer


def schema_text() -> str:
    """The text of ``SCHEMA_FILE``. After a change of the vocabulary: ``SCHEMA_FILE.write_text(schema_text())``."""
    return json.dumps(json_schema(), indent=2) + "\n"


def json_schema(vocabulary: Vocabulary | None = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of ``record_json``'s answer."""
    vocabulary = vocabulary or load()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Attributes of a drawn character",
        "type": "object",
        "properties": {name: _property(attribute) for name, attribute in vocabulary.attributes.items()},
        "required": list(vocabulary.core),
        "additionalProperties": False,
    }


def _property(attribute: Attribute) -> dict[str, Any]:
    values = [v.name for v in attribute.values if attribute.core or v.name != _ABSENT]
    one: dict[str, Any] = {"enum": [*values, UNKNOWN] if attribute.core else values}
    if attribute.multi:
        return {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
    if attribute.name in WORDED:
        return {"anyOf": [one, {"type": "string", "pattern": _WORDS_PATTERN}]}
    return one
