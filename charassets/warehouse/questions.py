"""The review queue: which doubts are worth a person's minute, the most useful first, and what may be answered.

What belongs here: choosing and wording questions. Not here: the answers' fate and who holds which question
(``charassets.curation``), the page and the command that ask.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from charassets.attributes.fusion import AMBIGUOUS, DECIDED, NOT_KNOWN
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, load
from charassets.curation import Decisions
from charassets.errors import UsageError

MOST_CHOICES = 9
"""Answers with a number key."""

_SURE = 0.9  # a decided attribute of this confidence is not worth a question
_UNCERTAIN_UNKNOWN = 0.5  # what an Unknown with some evidence counts against an ambiguous attribute's 1

_QUEUE = f"""
    WITH sizes AS (SELECT character_id, count(*) AS size FROM records WHERE character_id IS NOT NULL GROUP BY ALL)
    SELECT a.record_id, a.attribute, a.value, a.confidence, a.status, a.runner_up, a.reason, records.character_id
    FROM fused_attributes AS a
    JOIN records ON a.record_id = records.record_id AND NOT records.text_only
    LEFT JOIN sizes ON records.character_id = sizes.character_id
    WHERE list_contains($1, a.attribute)
      AND (a.status = '{AMBIGUOUS}' OR (a.status = '{DECIDED}' AND a.confidence < {_SURE})
           OR (a.status = '{NOT_KNOWN}' AND starts_with(a.reason, 'too ')))
      AND NOT list_contains($2, a.record_id || '|' || a.attribute)
      AND NOT list_contains($3, a.record_id)
    ORDER BY CASE a.status WHEN '{AMBIGUOUS}' THEN 1.0 WHEN '{NOT_KNOWN}' THEN {_UNCERTAIN_UNKNOWN} ELSE 1.0 - a.confidence END
             * (1 + ln(coalesce(sizes.size, 1))) DESC, a.record_id, a.attribute
    LIMIT $4
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class Question:
    """One doubt.

    Attributes:
        record_id: whose.
        attribute: which.
        proposed: what the machine believes most; ``Unknown`` where it does not.
        confidence: 0-1.
        status: decided, ambiguous or unknown.
        choices: answers with a number key: the candidates first, then the vocabulary's order.
        reason: the account of the fusion.
        character_id: the character it was found to show.
    """

    record_id: str
    attribute: str
    proposed: str
    confidence: float
    status: str
    choices: tuple[str, ...]
    reason: str | None
    character_id: str | None

    @property
    def key(self) -> str:
        """Identity within the queue."""
        return f"{self.record_id}|{self.attribute}"


def questions(con: duckdb.DuckDBPyConnection, decisions: Decisions, but: Collection[str], count: int) -> list[Question]:
    """The next questions by expected gain: doubt, times how many pictures of the character would learn from it."""
    answered = {
        f"{record}|{attribute}" for record, attribute in (*decisions.attributes, *decisions.skipped) if attribute
    }
    left_alone = sorted(record for record, attribute in decisions.skipped if not attribute)
    parameters = [list(load().core), sorted({*answered, *but}), left_alone, count]
    rows = con.execute(_QUEUE, parameters).fetchall()
    evidence = _candidates(con, {row[0] for row in rows})
    return [_question(row, evidence) for row in rows]


def checked(attribute: str, value: str) -> str:
    """An answer as the vocabulary spells it; several values are joined by ``; `` where an attribute takes several.

    Raises:
        UsageError: there is no such attribute, or no such value of it.
    """
    known = load().attributes.get(attribute)
    if known is None:
        raise UsageError(
            f"there is no attribute {attribute[:60]!r}",
            where="attribute",
            todo=f"one of {', '.join(load().attributes)}",
        )
    names = {name.casefold(): name for name in (*(one.name for one in known.values), UNKNOWN)}
    said = [one.strip().casefold() for one in value.split(MULTI_SEPARATOR)] if known.multi else [value.casefold()]
    if not set(said) <= names.keys() or (len(said) > 1 and UNKNOWN.casefold() in said):
        raise UsageError(
            f"{attribute} has no value {value[:60]!r}", where="value", todo=f"one of {', '.join(names.values())}"
        )
    return MULTI_SEPARATOR.join(names[one] for one in said)


class UnknownRecordsError(UsageError):
    """Somebody speaks of records that do not exist."""


def check_records(con: duckdb.DuckDBPyConnection, records: Collection[str]) -> None:
    """Refuse a word about records that do not exist.

    Raises:
        UnknownRecordsError: naming the first of them.
    """
    sql = "SELECT r FROM (SELECT unnest($1) AS r) ANTI JOIN raw_shards ON r = record_id ORDER BY r"
    strange = con.execute(sql, [sorted(records)]).fetchall()
    if strange:
        raise UnknownRecordsError(
            f"{len(strange)} of {len(records)} records do not exist" if len(records) > 1 else "there is no such record",
            where=str(strange[0][0])[:64],
            todo="`charassets search` and GET /v1/records list them",
        )


def _candidates(con: duckdb.DuckDBPyConnection, records: Collection[str]) -> Mapping[tuple[str, str], list[str]]:
    """Values something spoke for, by record and attribute, the strongest first."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in ("tag_evidence", "visual_evidence"):
        said = f"SELECT record_id, attribute, value FROM {table} WHERE record_id IN (SELECT unnest($1))"  # noqa: S608
        sql = f"{said} AND score > 0 ORDER BY score DESC"
        for record, attribute, value in con.execute(sql, [sorted(records)]).fetchall():
            found.setdefault((record, attribute), []).append(value)
    return found


def _question(row: tuple, evidence: Mapping[tuple[str, str], list[str]]) -> Question:
    record, attribute, value, confidence, status, runner_up, reason, character = row
    known = [v.name for v in load().attributes[attribute].values]
    first = [one for one in (value, runner_up, *evidence.get((record, attribute), [])) if one in known]
    choices = tuple(dict.fromkeys([*first, *known]))[:MOST_CHOICES]
    proposed = value if value != UNKNOWN or not first else first[0]
    return Question(record, attribute, proposed, float(confidence), status, choices, reason, character)
