"""Answers about pairs of pictures: given once, kept, and looked up ever after.

What belongs here: the table of answers, and asking for those that are missing. Not here: how an answer is found (``looks``,
``judgement``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.candidates import Pairs, unkeyed
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT
from charassets.similarity.looked import (
    ANSWER_NAMES,
    DETAILS,
    IS_DIFFERENT,
    IS_DUPLICATE,
    IS_VARIANT,
    NOT_SEEN,
    Look,
    Looked,
    nobody_looks,
)
from charassets.similarity.places import Places

_SAID = ("mirrored", "grey")  # that a look always says, if only no

ANSWERS = pa.schema(
    [
        pa.field("left", pa.string(), False),
        pa.field("right", pa.string(), False),
        pa.field("answer", pa.string(), False),
        *(field.with_nullable(field.name not in _SAID) for field in DETAILS),
    ]
)
"""A row a pair of picture contents (``image_id``, the smaller first); ``box`` is the place of left within right."""


GIVEN = pa.schema(
    [
        pa.field("left", pa.int32(), False),
        pa.field("right", pa.int32(), False),
        pa.field("answer", pa.int8(), False),
    ]
)
"""The same with places among contents in place of their ids, and the answer's code (``looked.ANSWER_NAMES``)."""

CONTENTS = pa.schema([pa.field("image_id", pa.string(), False)])


@dataclass(frozen=True)
class Kept:
    """Answers as they are kept: at half a million pictures there are 2.6 million, and an id for each end is most of their bytes.

    Attributes:
        contents: schema ``CONTENTS``, sorted.
        pairs: schema ``GIVEN``, sorted by left and right.
        details: schema ``looked.DETAILS``, a row for each pair that is not different.
    """

    contents: pa.Table
    pairs: pa.Table
    details: pa.Table

    def among(self, contents: pa.Array) -> "Kept":
        """Those about pairs of some contents."""
        known = Places(contents).of(self.contents["image_id"]) >= 0
        mine = known[self.pairs["left"].to_numpy()] & known[self.pairs["right"].to_numpy()]
        alike = self.pairs["answer"].to_numpy() != IS_DIFFERENT
        return Kept(self.contents, self.pairs.filter(pa.array(mine)), self.details.filter(pa.array(mine[alike])))

    def spelled(self) -> pa.Table:
        """As rows of ``ANSWERS``."""
        codes = self.pairs["answer"].to_numpy()
        left, right = (self.contents["image_id"].take(self.pairs[side]) for side in ("left", "right"))
        return _rows(left, right, codes, Looked(codes, self.details).details_of_all())


class Answers:
    """The answers known so far: sorted numbers, one a pair, and beside them what a look measured of the pairs that are alike.

    A pair's number is that of ``candidates.keyed`` over the places of its contents among all contents, which ``among`` names.

    Args:
        look: finds the answers that are missing.
        before: answers, schema ``ANSWERS``: those of a run that was stopped.
        kept: those of the run before.
    """

    def __init__(self, look: Look = nobody_looks, before: pa.Table | None = None, kept: Kept | None = None) -> None:
        self._look, self._before, self._kept = look, before, kept
        self._contents = pa.array([], pa.string())
        self._known = _Known.nothing()
        self._unseen = np.empty(0, np.uint64)
        self.asked = 0
        """Pairs that a close look was taken at in this run."""

    def among(self, contents: pa.Array) -> None:
        """Name the contents of the collection, sorted, each once; kept answers about others are forgotten."""
        self._contents = contents
        if self._kept is not None:
            self._known = _Known.kept(self._kept, Places(contents))
        if self._before is not None:
            self._known = self._known.with_told(self._before, Places(contents))
        self._kept = self._before = None

    def ask(
        self, keys: NDArray[np.uint64], bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]
    ) -> NDArray[np.int8]:
        """The answers about pairs of contents as codes; pairs that nobody looked at before are looked at.

        Args:
            keys: uint64, shape (p,), in any order.
            bits: differing bits of the perceptual hashes.
            mirrored_bits: of one's and the other's mirror image.
        """
        order = np.argsort(keys)
        place, there = _found(self._known.keys, keys, order)
        fresh = np.flatnonzero(~there)
        fresh = fresh[~_contains(self._unseen, keys[fresh])]
        if len(fresh):
            new, first = np.unique(keys[fresh], return_index=True)
            at = fresh[first]
            looked = self._look(self._contents, unkeyed(new), bits[at], mirrored_bits[at])
            seen = looked.answers != NOT_SEEN
            self.asked += int(seen.sum())
            self._unseen = np.union1d(self._unseen, new[~seen])
            self._known = self._known.with_more(new[seen], looked.answers[seen], looked.details)
            place, there = _found(self._known.keys, keys, order)
        return self._known.use(place, there)

    def details(self, keys: NDArray[np.uint64]) -> pa.Table:
        """What was measured of pairs, schema ``DETAILS``; null where they are different or nobody looked."""
        return self._known.details_of(keys)

    def kept(self) -> Kept:
        """The answers that this run had use for, to go on with."""
        known = self._known
        pairs, codes = unkeyed(known.keys[known.used]).astype(np.int32), known.answers[known.used]
        alike = known.used[known.answers != IS_DIFFERENT]
        return Kept(
            pa.table([self._contents], schema=CONTENTS),
            pa.table([pairs[:, 0], pairs[:, 1], codes], schema=GIVEN),
            known.details.filter(pa.array(alike)),
        )


def answered(contents: pa.Array, pairs: Pairs, looked: Looked) -> pa.Table:
    """Looks at pairs of contents as rows of ``ANSWERS``, all of them seen."""
    left, right = (contents.take(pa.array(side)) for side in pairs.T)
    return _rows(left, right, looked.answers, looked.details_of_all())


def _rows(left: pa.Array, right: pa.Array, answers: NDArray[np.int8], details: pa.Table) -> pa.Table:
    names = pa.DictionaryArray.from_arrays(pa.array(answers), pa.array(ANSWER_NAMES))
    columns = {
        "left": left,
        "right": right,
        "answer": names.cast(pa.string()),
        **{name: details[name].fill_null(False) if name in _SAID else details[name] for name in DETAILS.names},
    }
    return pa.table(list(columns.values()), schema=ANSWERS)


@dataclass(frozen=True)
class _Known:
    """Answers by sorted key.

    Attributes:
        keys: uint64, shape (m,), rising.
        answers: int8, shape (m,).
        used: bool, shape (m,): asked about in this run.
        alike: keys of those that are not different, rising.
        details: schema ``DETAILS``, a row for each of those.
    """

    keys: NDArray[np.uint64]
    answers: NDArray[np.int8]
    used: NDArray[np.bool_]
    alike: NDArray[np.uint64]
    details: pa.Table

    @classmethod
    def nothing(cls) -> "_Known":
        none = np.empty(0, np.uint64)
        return cls(none, np.empty(0, np.int8), np.empty(0, bool), none, DETAILS.empty_table())

    @classmethod
    def kept(cls, kept: Kept, contents: Places) -> "_Known":
        place = contents.of(kept.contents["image_id"])
        left, right = (place[kept.pairs[side].to_numpy()] for side in ("left", "right"))
        there = (left >= 0) & (right >= 0)
        codes = kept.pairs["answer"].to_numpy()
        alike, keys = (
            codes != IS_DIFFERENT,
            _keys(left, right),
        )  # rising as the pairs did: contents are sorted, then and now
        details = kept.details.filter(pa.array(there[alike])).cast(DETAILS)
        return cls(keys[there], codes[there], np.zeros(int(there.sum()), bool), keys[there & alike], details)

    def with_told(self, rows: pa.Table, contents: Places) -> "_Known":
        """These and those of some rows of ``ANSWERS`` that are not among them."""
        left, right = contents.of(rows["left"]), contents.of(rows["right"])
        there = np.flatnonzero((left >= 0) & (right >= 0))
        keys, first = np.unique(_keys(left[there], right[there]), return_index=True)
        fresh = ~_contains(self.keys, keys)
        rows = rows.take(pa.array(there[first[fresh]]))
        codes = Places(pa.array(ANSWER_NAMES)).of(rows["answer"]).astype(np.int8)
        alike = pa.array(codes != IS_DIFFERENT)
        return self.with_more(keys[fresh], codes, rows.select(DETAILS.names).filter(alike).cast(DETAILS))

    def with_more(self, keys: NDArray[np.uint64], answers: NDArray[np.int8], details: pa.Table) -> "_Known":
        order = np.argsort(all_keys := np.concatenate([self.keys, keys]), kind="stable")
        alike = np.concatenate([self.alike, keys[answers != IS_DIFFERENT]])
        by_key = np.argsort(alike, kind="stable")
        return _Known(
            all_keys[order],
            np.concatenate([self.answers, answers])[order],
            np.concatenate([self.used, np.zeros(len(keys), bool)])[order],
            alike[by_key],
            pa.concat_tables([self.details, details]).take(pa.array(by_key)),
        )

    def use(self, place: NDArray[np.int64], there: NDArray[np.bool_]) -> NDArray[np.int8]:
        """The answers about some pairs (``_found``), which are remembered as used."""
        self.used[place[there]] = True
        answers = np.full(len(place), NOT_SEEN, np.int8)
        answers[there] = self.answers[place[there]]
        return answers

    def details_of(self, keys: NDArray[np.uint64]) -> pa.Table:
        place, there = _found(self.alike, keys)
        return self.details.take(pa.array(place, mask=~there))


def _keys(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.uint64]:
    return left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)


def _found(
    sorted_keys: NDArray[np.uint64], keys: NDArray[np.uint64], order: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places of keys among sorted ones, and which are there; ``order`` is that which sorts the keys, where it is known."""
    if not len(sorted_keys):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
    order = (
        np.argsort(keys) if order is None else order
    )  # neighbours are sought one after the other, as memory is slow: a fifth of the time
    place = np.empty(len(keys), np.int64)
    place[order] = np.minimum(np.searchsorted(sorted_keys, keys[order]), len(sorted_keys) - 1)
    return place, sorted_keys[place] == keys


def _contains(sorted_keys: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return _found(sorted_keys, keys)[1]


def by_two_keys(
    cosines: NDArray[np.float32], bits: NDArray[np.int32], least_cosine: float, most_bits: int
) -> NDArray[np.int8]:
    """The answers where no preview is left to look at: embedding and hash have to agree."""
    return np.where((cosines >= least_cosine) & (bits <= most_bits), IS_DUPLICATE, IS_DIFFERENT).astype(np.int8)


__all__ = [
    "ANSWERS",
    "DIFFERENT",
    "DUPLICATE",
    "IS_DIFFERENT",
    "IS_DUPLICATE",
    "IS_VARIANT",
    "NOT_SEEN",
    "VARIANT",
    "CONTENTS",
    "GIVEN",
    "Answers",
    "Kept",
    "answered",
    "by_two_keys",
]
