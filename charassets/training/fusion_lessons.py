"""Lessons for fusion: counted evidence beside the right answers, and the reward of every strategy for every record.

What belongs here: ballots with truth, splits by identity, rewards. Not here: fitting anything (``fusion_fits``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.ballots import Ballot, Flags, collect
from charassets.attributes.evidence import WORDS, from_words, to_table
from charassets.attributes.strategies import Chances, answers
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import Vocabulary, load
from charassets.schema import TAG_EVIDENCE
from charassets.studio.mistagging import Mistagged, mistag
from charassets.studio.traits import Attributes, sample_character
from charassets.training.labelled_folder import Gathered, Labelled, Truth

ABSTAINED = 0.5
"""Reward of no answer where there is one: a wrong answer costs as much as two missing ones."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """One attribute of n judged records.

    Attributes:
        ballot: the evidence.
        accepted: (n, options) bool, the right answers.
        groups: (n,) the identity of each record; records of one identity are never split.
    """

    ballot: Ballot
    accepted: Flags
    groups: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> "Lesson":
        """Some records."""
        ballot = Ballot(
            self.ballot.attribute,
            self.ballot.options,
            self.ballot.sources,
            self.ballot.scores[rows],
            self.ballot.rows[rows],
            self.ballot.denied[rows],
        )
        return Lesson(ballot, self.accepted[rows], self.groups[rows])

    def of_sources(self, chosen: Callable[[str], bool]) -> "Lesson":
        """The same with some of the sources."""
        ballot = self.ballot
        kept = [k for k, source in enumerate(ballot.sources) if chosen(source)]
        sources = tuple(ballot.sources[k] for k in kept)
        denied = ballot.denied & any(source in WORDS for source in sources)
        fewer = Ballot(
            ballot.attribute, ballot.options, sources, ballot.scores[:, :, kept], ballot.rows[:, :, kept], denied
        )
        return Lesson(fewer, self.accepted, self.groups)


def joined(parts: Sequence[Lesson]) -> Lesson:
    """Lessons of one attribute one after the other; a source that is missing in one says nothing there."""
    first = parts[0].ballot
    sources = tuple(sorted({source for part in parts for source in part.ballot.sources}))
    n = sum(len(part.groups) for part in parts)
    shape = (n, len(first.options), len(sources))
    scores, rows = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    start = 0
    for part in parts:
        stop = start + len(part.groups)
        columns = [sources.index(source) for source in part.ballot.sources]
        scores[start:stop, :, columns], rows[start:stop, :, columns] = part.ballot.scores, part.ballot.rows
        start = stop
    denied = np.concatenate([part.ballot.denied for part in parts])
    return Lesson(
        Ballot(first.attribute, first.options, sources, scores, rows, denied),
        np.concatenate([part.accepted for part in parts]),
        np.concatenate([part.groups for part in parts]),
    )


def lessons(
    evidence: pa.Table, record_ids: Sequence[str], truths: Mapping[str, Truth], groups: NDArray[np.int64]
) -> dict[str, Lesson]:
    """Ballots beside truth, of the judged records of every attribute that was judged at all."""
    answer = {}
    for ballot in collect(evidence, record_ids, load()):
        truth = truths[ballot.attribute.name]
        rows = np.flatnonzero(truth.judged)
        if len(rows):
            answer[ballot.attribute.name] = Lesson(ballot, truth.accepted, groups).take(rows)
    return answer


def mistagged(labels: Labelled, seed: int) -> list[Mistagged]:
    """The lines that people might have written under the studio's pictures."""
    shown = [_shown(said) for said in labels.attributes]
    return mistag(shown, [sample_character(int(who)).attributes for who in labels.identities], seed)


def tag_evidence(lines: Sequence[str], record_ids: Sequence[str], vocabulary: Vocabulary) -> pa.Table:
    """What the tag parser makes of lines, as the stage would store it."""
    said = {
        record: from_words([parse(line, vocabulary)]) for record, line in zip(record_ids, lines, strict=True) if line
    }
    return to_table(said, TAG_EVIDENCE.arrow)


def drawn_lessons(found: Gathered, seed: int) -> tuple[dict[str, Lesson], list[Mistagged]]:
    """Lessons on studio pictures whose tags were corrupted; ``seed`` fixes the corruption."""
    lines = mistagged(found.labels, seed)
    said = tag_evidence([line.line for line in lines], found.record_ids, load())
    evidence = pa.concat_tables([said, found.seen.cast(said.schema)])
    groups = np.unique(found.labels.identities, return_inverse=True)[1]
    return lessons(evidence, found.record_ids, found.labels.truths(load()), groups), lines


def split(groups: NDArray[np.int64], seed: int, share: float = 0.5) -> Flags:
    """Which records are for fitting: whole identities, about ``share`` of them."""
    chosen = np.random.default_rng([seed, 0x5B1]).random(int(groups.max(initial=0)) + 1) < share
    return chosen[groups]


def rewards(chances: Chances, accepted: Flags, *, multi: bool) -> NDArray[np.float64]:
    """(n,) 1 for a right answer, 0 for a wrong one, ``ABSTAINED`` for none where there was one to give.

    Of a multi-valued attribute: the mean over the values that were said or hold; 1 where nothing holds and nothing is said.
    """
    said = answers(chances, multi=multi)
    if multi:
        said, right = said[:, :-1], accepted[:, :-1]
        hit, missed, false = (said & right).sum(1), (~said & right).sum(1), (said & ~right).sum(1)
        total = hit + missed + false
        return np.where(total > 0, (hit + ABSTAINED * missed) / np.maximum(total, 1), 1.0)
    right = (said & accepted).sum(axis=1) > 0
    abstained = said[:, -1] & ~right
    return np.where(right, 1.0, np.where(abstained, ABSTAINED, 0.0))


def _shown(said: Mapping[str, frozenset[str]]) -> Attributes:
    """Labels as the studio had them: what cannot be seen is left out."""
    answer: Attributes = {}
    for name, values in said.items():
        if name == "Accessories":
            answer[name] = tuple(sorted(values))
        elif values != {"Unknown"}:
            answer[name] = next(iter(values))
    return answer
