"""Close looks at many pairs of pictures.

What belongs here: which pairs are looked at how. Not here: looking (``looker``), in which order (``looking_order``), who looks
(``look_crew``), and which pairs were judged before (``answers``).
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets import progress
from charassets.similarity.candidates import Pairs
from charassets.similarity.corners import LoadCorners
from charassets.similarity.judgement import HINT_BITS
from charassets.similarity.look_crew import Crew, within
from charassets.similarity.looked import DETAILS, IS_DIFFERENT, NOT_SEEN, Look, Looked
from charassets.similarity.looker import Asked
from charassets.similarity.looking_order import order_of
from charassets.similarity.previews import Load
from charassets.similarity.shown import Shown

_HEARD_EVERY = 1_000  # pairs: some seconds
TOLD_EVERY = 20_000
"""Pairs after which answers are told: a few minutes of two cores, a megabyte."""


def _nobody_hears(contents: pa.Array, pairs: Pairs, looked: Looked) -> None:
    """Drop it."""


def close_look(
    load: Load,
    processes: int = 1,
    tell: Callable[[pa.Array, Pairs, Looked], None] = _nobody_hears,
    corners: LoadCorners | None = None,
) -> Look:
    """Compares previews.

    Args:
        load: where they come from; pairs of which one has none are not answered.
        processes: how many compare at a time where there is enough to do; the answers are the same with any number.
        tell: hears of every ``TOLD_EVERY`` pairs or a few more, and of what there is when a look breaks off, with all content ids:
            hours of work are worth keeping.
        corners: where corners come from, which rule pairs out before anybody looks closely; None looks at all.

    The look raises CharassetsError where a process died.
    """

    def look(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
        answers = np.full(len(pairs), NOT_SEEN, np.int8)
        named, ends = within(pairs)
        with Crew(processes) as crew:
            signed = None if corners is None or not len(pairs) else Shown(None, corners(contents.take(pa.array(named))))
            seen = None if signed is None else crew.glances(signed, ends)
            if seen is not None:
                answers[seen.unlike & (np.minimum(bits, mirrored_bits) > HINT_BITS)] = IS_DIFFERENT
            rows = np.flatnonzero(answers == NOT_SEEN)
            wanted, ends = within(pairs[rows])
            previews = load(contents.take(pa.array(wanted)))
            shown = Shown(previews, None if signed is None else signed.of(np.searchsorted(named, wanted)).corners)
            there = previews.there[ends].all(axis=1)
            rows, ends = rows[there], ends[there]
            asked = Asked(ends, bits[rows], mirrored_bits[rows], None if seen is None else seen.of(rows))
            heard = _Heard(len(pairs), answers)

            def told() -> None:
                done = heard.since()
                tell(contents, pairs[done], heard.of(done))

            try:
                at_once = min(_HEARD_EVERY, TOLD_EVERY)
                for some, found in crew.looks(shown, asked, order_of(ends, len(wanted)), at_once):
                    heard.take(rows[some], found)
                    progress.looked(heard.all, len(rows))
                    if heard.untold >= TOLD_EVERY and heard.all < len(rows):
                        told()
            except BaseException:
                if heard.untold:
                    told()
                raise
        return heard.whole()

    return look


class _Heard:
    """Answers about p pairs as they come, block by block in any order; ``answers`` is written to."""

    def __init__(self, pairs: int, answers: NDArray[np.int8]) -> None:
        self._answers = answers
        self._row = np.full(pairs, -1)  # of each pair within the details that came
        self._details: list[pa.Table] = []
        self._new: list[NDArray[np.int64]] = []
        self._lines = self.all = self.untold = 0

    def take(self, rows: NDArray[np.int64], found: Looked) -> None:
        """Those about some pairs."""
        self._answers[rows] = found.answers
        alike = rows[found.answers != IS_DIFFERENT]
        self._row[alike] = np.arange(self._lines, self._lines + len(alike))
        self._details.append(found.details)
        self._new.append(rows)
        self._lines, self.all, self.untold = self._lines + len(alike), self.all + len(rows), self.untold + len(rows)

    def since(self) -> NDArray[np.int64]:
        """Pairs that were answered since this was last asked, rising."""
        done = np.sort(np.concatenate(self._new))
        self._new, self.untold = [], 0
        return done

    def of(self, pairs: NDArray[np.int64]) -> Looked:
        """The answers about some pairs, in their order."""
        lines = self._row[pairs]
        details = pa.concat_tables([DETAILS.empty_table(), *self._details])
        return Looked(self._answers[pairs], details.take(pa.array(lines[lines >= 0])).combine_chunks())

    def whole(self) -> Looked:
        """The answers about all pairs."""
        return self.of(np.arange(len(self._row)))
