"""Ballots: the evidence of many records about one attribute, as arrays that the strategies can count at once.

What belongs here: evidence rows to arrays, and which values are out of the question before anything is weighed. Not here: what a
score is worth (``witnesses``) and who wins (``strategies``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.evidence import WORDS
from charassets.attributes.rules import CUE
from charassets.attributes.vocabulary import UNKNOWN, Attribute, Vocabulary

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ballot:
    """What every source says of one attribute of ``n`` records.

    Attributes:
        attribute: attribute of the vocabulary.
        options: its values in order, and ``Unknown`` last.
        sources: the k sources that say anything of it, in alphabetical order.
        scores: (n, options, k) float32, the strongest statement of each source; 0 where there is none.
        rows: (n, options, k) int32, the evidence row of that statement; -1 where there is none.
        denied: (n, options) bool, values that words deny.
    """

    attribute: Attribute
    options: tuple[str, ...]
    sources: tuple[str, ...]
    scores: NDArray[np.float32]
    rows: NDArray[np.int32]
    denied: Flags

    @cached_property
    def of_words(self) -> Flags:
        """(k,) bool: the sources in which people say what they see."""
        return np.array([source in WORDS for source in self.sources], np.bool_)

    @cached_property
    def word_scores(self) -> NDArray[np.float32]:
        """(n, options) the strongest word for each option."""
        return self.scores[:, :, self.of_words].max(axis=2, initial=0.0)

    @cached_property
    def plain(self) -> Flags:
        """(n, options) bool: values that words claim plainly, not as a mere cue."""
        found = (self.word_scores >= CUE) & ~self.denied
        found[:, -1] = False
        return found

    @cached_property
    def closed(self) -> Flags:
        """(n, options) bool: values out of the question, because words deny them or a plainer word explains them away.

        ``Long`` is closed where the tags say ``Very Long``, every single colour where they say ``Multicolor``.
        """
        return self.denied | (self.plain @ _explains(self.attribute, self.options))

    @cached_property
    def empty(self) -> Flags:
        """(n,) bool: there is no evidence at all, not even a denial."""
        return self.rows.max(axis=(1, 2), initial=-1) < 0

    @cached_property
    def hidden(self) -> Flags:
        """(n,) bool: words say that it cannot be seen, and say it more strongly than they say any value."""
        said = self.word_scores
        told = np.where(self.closed[:, :-1], 0.0, said[:, :-1]).max(axis=1, initial=0.0)
        return (said[:, -1] > 0) & (said[:, -1] > told)


def collect(evidence: pa.Table, record_ids: Sequence[str], vocabulary: Vocabulary) -> list[Ballot]:
    """One ballot an attribute of the vocabulary, in its order; evidence it does not know, or of other records, is passed over.

    Args:
        evidence: rows of ``record_id`` and ``evidence.COLUMNS``. Of two rows of one source, attribute and value the stronger
            counts, and of equally strong ones the later.
        record_ids: the n records, in the order of the answer.
        vocabulary: attributes and values.
    """
    record = _codes(evidence["record_id"], record_ids)
    asked = _codes(evidence["attribute"], list(vocabulary.attributes))
    names = sorted(evidence["source"].unique().to_pylist())
    source = _codes(evidence["source"], names)
    # float32 turns 0.7 into 0.69999999, which is on the other side of a threshold of 0.7
    score = np.round(evidence["score"].to_numpy().astype(np.float64), 4)
    answer: list[Ballot] = []
    for number, attribute in enumerate(vocabulary.attributes.values()):
        of_this = np.flatnonzero((asked == number) & (record >= 0))
        of_this = of_this[np.argsort(score[of_this], kind="stable")]  # the strongest is written last and stays
        options = (*(value.name for value in attribute.values), UNKNOWN)
        said = _codes(evidence["value"].take(pa.array(of_this)), options)
        known = said >= 0
        rows = of_this[known].astype(np.int32)
        answer.append(_ballot(attribute, options, names, len(record_ids), (record, said[known], source, score), rows))
    return answer


def _ballot(
    attribute: Attribute,
    options: tuple[str, ...],
    names: Sequence[str],
    n: int,
    columns: tuple[NDArray[np.int64], ...],
    rows: NDArray[np.int32],
) -> Ballot:
    record, option, source, score = columns
    present = np.unique(source[rows])
    column = np.searchsorted(present, source[rows])
    shape = (n, len(options), len(present))
    scores, where = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    scores[record[rows], option, column] = score[rows]
    where[record[rows], option, column] = rows
    sources = tuple(names[int(k)] for k in present)
    denied = np.zeros(shape[:2], np.bool_)
    worded = np.array([name in WORDS for name in names], np.bool_)
    denial = (score[rows] == 0) & (worded[source[rows]] if len(rows) else False)
    denied[record[rows][denial], option[denial]] = True
    denied[:, -1] = False
    return Ballot(attribute, options, sources, scores, where, denied)


def _explains(attribute: Attribute, options: Sequence[str]) -> Flags:
    """(options, options) bool: the row's value, claimed, explains the column's away."""
    table = np.zeros((len(options), len(options)), np.bool_)
    for column, value in enumerate(attribute.values):
        for row, other in enumerate(options):
            table[row, column] = other in value.yields and other != value.name
    return table


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.int64]:
    """The position of each text in ``names``, -1 where it is not among them."""
    found = pc.index_in(column, value_set=pa.array(names, pa.string()))  # pyright: ignore[reportAttributeAccessIssue]
    return pc.fill_null(found, -1).to_numpy().astype(np.int64)
