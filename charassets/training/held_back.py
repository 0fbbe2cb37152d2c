"""Lessons from a collection without labels: its own tags, held back from the evidence and then predicted; people's reviews.

What belongs here: such lessons from a lake, and what reviews reward. Not here: what is learnt from them (``learning``).

A held-back tag is truth with a few errors in it. It teaches what the picture's sources are worth where words are silent; what
words are worth where they speak is known from the shipped defaults and from reviews.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.ballots import Ballot, collect
from charassets.attributes.choice import features
from charassets.attributes.vocabulary import MULTI_SEPARATOR, load
from charassets.attributes.witnesses import ZERO_SHOT, Witnesses, weigh
from charassets.curation import decisions_of
from charassets.lake.fragments import Lake
from charassets.schema import CHARACTER_ATTRIBUTES, EDITS, TAG_EVIDENCE, VISUAL_EVIDENCE
from charassets.training.bandit import ARMS, Bandit
from charassets.training.fusion_lessons import Lesson, lessons
from charassets.training.labelled_folder import Labelled

HELD_BACK = "tag"

RECORDS = 20_000
"""Records a lesson is drawn from: more change no curve, and take memory."""

_COLUMNS = ["record_id", "attribute", "value", "score", "source", "detail"]
_GOLDEN = 0.6180339887498949
_LEAST = 200  # judged records below which an attribute teaches nothing
_GROUPS = 1_000_003  # records stand for themselves: a collection has no identities that are known


@dataclass(frozen=True)
class Reviewed:
    """How often people agreed with the strategies that had decided."""

    reviews: int
    agreed: int


def held_back(lake: Lake, *, clip: bool, most: int = RECORDS) -> dict[str, Lesson]:
    """Lessons in which every attribute's tags are the truth and no part of the evidence.

    Args:
        lake: the lake.
        clip: whether zero-shot answers take part (``attributes.clip_weight`` above 0).
        most: records at most, whole shards spread over the collection.
    """
    shards = [s for s in spread(lake, TAG_EVIDENCE.name, most) if lake.fragment(VISUAL_EVIDENCE.name, s) is not None]
    said, seen = (read_rows(lake, table, shards) for table in (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name))
    if not said.num_rows or not seen.num_rows:
        return {}
    evidence = pa.concat_tables([said.filter(pc.field("source") != HELD_BACK), seen.cast(said.schema)])
    truth = said.filter(pc.field("source") == HELD_BACK)
    records = pc.unique(truth["record_id"]).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]
    spoken = collect(truth, records, load())
    found = {}
    for told, ballot in zip(spoken, collect(evidence, records, load()), strict=True):
        lesson = _lesson(told, ballot)
        if len(lesson.groups) >= _LEAST:
            found[ballot.attribute.name] = lesson if clip else lesson.of_sources(lambda source: source != ZERO_SHOT)
    return found


def reviewed(lake: Lake, bandits: Mapping[str, Bandit], trusted: Witnesses) -> tuple[dict[str, Bandit], Reviewed]:
    """The bandits after people's live reviews: only the strategy that had decided is rewarded, 1 where people agree."""
    said = _reviews(lake)
    if not said:
        return dict(bandits), Reviewed(0, 0)
    records = sorted({record for record, _ in said})
    evidence = _evidence_of(lake, records)
    answers = _rows_of(lake, CHARACTER_ATTRIBUTES.name, records, _ANSWER)
    given = {(r, a): (value, strategy) for r, a, value, strategy in zip(*answers.to_pydict().values(), strict=True)}
    after, agreed, counted = dict(bandits), 0, 0
    for ballot in collect(evidence, records, load()):
        name = ballot.attribute.name
        rows, arms, right = [], [], []
        for row, record in enumerate(records):
            value, strategy = given.get((record, name), ("", None))
            if (record, name) in said and strategy in ARMS:
                rows.append(row)
                arms.append(strategy)
                right.append(float(said[record, name] == value))
        if rows:
            contexts = features(weigh(ballot, trusted))[rows]
            after[name] = after.get(name, Bandit.fresh()).reviewed(contexts, arms, np.array(right))
            agreed, counted = agreed + int(sum(right)), counted + len(rows)
    return after, Reviewed(counted, agreed)


def review_lessons(lake: Lake) -> dict[str, Lesson]:
    """Attribute to the records that people reviewed, their word the truth and all evidence beside it."""
    said = _reviews(lake)
    records = sorted({record for record, _ in said})
    if not records:
        return {}
    given: dict[str, dict[str, frozenset[str]]] = {record: {} for record in records}
    for (record, attribute), value in said.items():
        given[record][attribute] = frozenset(value.split(MULTI_SEPARATOR))
    who = tuple(records)
    truths = Labelled(who, who, tuple(given.values())).truths(load())
    return lessons(_evidence_of(lake, records), records, truths, np.arange(len(records)))


_ANSWER = ["record_id", "attribute", "value", "strategy"]


def _lesson(told: Ballot, ballot: Ballot) -> Lesson:
    """Truth where the tags say one thing plainly, of a multi-valued attribute where they say anything."""
    plain = told.plain & ~told.closed
    sure = plain.sum(axis=1) > 0 if ballot.attribute.multi else plain.sum(axis=1) == 1
    rows = np.flatnonzero(sure & ~told.hidden)
    groups: NDArray[np.int64] = np.arange(len(plain)) % _GROUPS
    return Lesson(ballot, plain, groups).take(rows)


def spread(lake: Lake, table: str, most: int) -> list[str]:
    """Shards evenly over the collection, until they hold ``most`` records of a table with rows."""
    shards = lake.shards(table)
    order = sorted(range(len(shards)), key=lambda k: (k * _GOLDEN) % 1.0)  # any prefix of it is spread
    chosen, records = [], 0
    for k in order:
        fragment = lake.fragment(table, shards[k])
        if fragment is None or records >= most:
            break
        chosen.append(shards[k])
        records += fragment.manifest.counts["row"]
    return sorted(chosen)


def read_rows(lake: Lake, table: str, shards: list[str], columns: list[str] = _COLUMNS) -> pa.Table:
    """Some columns of a table's rows in some shards."""
    fragments = [fragment for shard in shards if (fragment := lake.fragment(table, shard)) is not None]
    schema = pa.schema([f for f in _SCHEMAS[table].arrow if f.name in columns])
    tables = [fragment.read(columns).select(columns) for fragment in fragments if fragment.rows]
    return pa.concat_tables(tables) if tables else schema.empty_table().select(columns)


def _reviews(lake: Lake) -> dict[tuple[str, str], str]:
    """Record and attribute to the value that people gave."""
    edits = lake.fragment(EDITS.name, "all")
    said = decisions_of(edits.read()).attributes if edits is not None else {}
    return {key: review.value for key, review in said.items()}


def _evidence_of(lake: Lake, records: list[str]) -> pa.Table:
    tables = (TAG_EVIDENCE.name, VISUAL_EVIDENCE.name)
    return pa.concat_tables([_rows_of(lake, t, records).cast(TAG_EVIDENCE.arrow) for t in tables])


def _rows_of(lake: Lake, table: str, records: list[str], columns: list[str] = _COLUMNS) -> pa.Table:
    """Some records' rows of a table; one fragment at a time is in memory."""
    wanted = pc.field("record_id").isin(records)
    return pa.concat_tables(
        [
            read_rows(lake, table, [], columns),
            *(read_rows(lake, table, [s], columns).filter(wanted) for s in lake.shards(table)),
        ]
    )


_SCHEMAS = {table.name: table for table in (TAG_EVIDENCE, VISUAL_EVIDENCE, CHARACTER_ATTRIBUTES)}
