"""Everything known of one record: where it came from, its attributes with the evidence for each, its copies.

What belongs here: the questions about one record. Not here: how it looks (``app.pages.record_view``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from charassets.attributes.evidence import WORDS, Evidence
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.curation import Decisions
from charassets.warehouse.reviews import REVIEWED

_FACTS = (
    *("source", "item_key", "member", "row", "width", "height", "format", "rating", "artist", "character", "copyright"),
    *("identity", "identity_similarity", "identity_review"),
    *("post_id", "sharpness", "crop_label", "crop_score", "copies"),
)


_SAID = "SELECT attribute, value, score, source, detail FROM {table} WHERE record_id = ?"


@dataclass(frozen=True)
class Answer:
    """What is believed of one attribute, and what was said about it.

    Attributes:
        attribute: attribute of the vocabulary.
        value: the value; ``Unknown`` where nobody can tell.
        confidence: 0-1.
        status: decided, ambiguous, unknown or reviewed.
        runner_up: the other candidate of an ambiguous attribute.
        reason: how the value was reached.
        words: what tags and description said.
        picture: what the models saw, the strongest first.
    """

    attribute: str
    value: str
    confidence: float
    status: str
    runner_up: str | None
    reason: str | None
    words: tuple[Evidence, ...] = ()
    picture: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Detail:
    """A record in full."""

    record_id: str
    fate: str
    reason: str | None
    character_id: str | None
    tags: str | None
    description: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    text_only: bool = False


def detail(con: duckdb.DuckDBPyConnection, record_id: str, decisions: Decisions) -> Detail | None:
    """A record, kept or not; None if there is none of that id."""
    found = con.execute("SELECT fate, reason, text_only FROM all_records WHERE record_id = ?", [record_id]).fetchall()
    if not found:
        return None
    fate, reason, text_only = found[0]
    rows = con.sql("FROM records WHERE record_id = ?", params=[record_id]).to_arrow_table().to_pylist()
    kept: Mapping[str, Any] = rows[0] if rows else {}
    words = con.execute("SELECT tags, description FROM raw_shards WHERE record_id = ?", [record_id]).fetchall()
    tags, description = words[0] if words else (None, None)
    return Detail(
        record_id=record_id,
        fate=fate,
        reason=reason,
        character_id=kept.get("character_id"),
        tags=tags,
        description=description,
        facts={name: kept[name] for name in _FACTS if kept.get(name) is not None},
        answers=answers(con, record_id, decisions),
        text_only=bool(text_only),
    )


def answers(con: duckdb.DuckDBPyConnection, record_id: str, decisions: Decisions) -> tuple[Answer, ...]:
    """Every attribute of a record in the vocabulary's order, a person's word before the machine's."""
    said = [
        Evidence(*row)
        for table in ("tag_evidence", "visual_evidence")
        for row in con.execute(_SAID.format(table=table), [record_id]).fetchall()
    ]
    rows = con.execute(
        "SELECT attribute, value, confidence, status, runner_up, reason FROM fused_attributes WHERE record_id = ?",
        [record_id],
    ).fetchall()
    found = {row[0]: Answer(*row) for row in rows}
    for attribute, answer in found.items():
        review = decisions.attributes.get((record_id, attribute))
        if review is not None:
            sure = 0.0 if review.value == UNKNOWN else 1.0
            found[attribute] = replace(answer, value=review.value, confidence=sure, status=REVIEWED, runner_up=None)
    return with_evidence(found, said)


def with_evidence(found: Mapping[str, Answer], said: Sequence[Evidence]) -> tuple[Answer, ...]:
    """The answers in the vocabulary's order, each with what was said about it."""
    ordered = sorted(said, key=lambda one: -one.score)
    complete = []
    for name in load().attributes:
        if name in found:
            about = [one for one in ordered if one.attribute == name]
            words = tuple(one for one in about if one.source in WORDS)
            picture = tuple(one for one in about if one.source not in WORDS)
            complete.append(replace(found[name], words=words, picture=picture))
    return tuple(complete)
