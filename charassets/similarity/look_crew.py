"""Who looks at pairs of pictures: the calling thread at few, processes of their own at many, which threads would wait for.

What belongs here: which pairs go to whom, as one message. Not here: looking (``looker``), and the processes (``look_hand``). Of two
threads each waits for the other whenever OpenCV or numpy gives Python's lock back, some seventy times a pair.
"""

import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError
from charassets.similarity.candidates import Pairs
from charassets.similarity.first_look import Glance
from charassets.similarity.look_hand import GLANCE, LOOK, Hand, read_looked
from charassets.similarity.looked import Looked
from charassets.similarity.looker import Asked, Looker, in_the_calling_thread
from charassets.similarity.shown import Shown

LOOKS_OF_A_PROCESS, GLANCES_OF_A_PROCESS = 1_000, 50_000
"""Pairs from which on a process is worth its start, most of a second: 8 s of looks, 3 s of glances at corners."""

_LOOKS_AT_ONCE, _GLANCES_AT_ONCE = (
    1_000,
    20_000,
)  # pairs a message: some hundred pictures with previews, 5 MB; or thousands
_BLOCKS_OF_A_PROCESS = 4  # or fewer pairs, so that none waits long for the last

Answer = TypeVar("Answer")


class Crew:
    """Looks at pairs; a context, with which its processes end.

    Args:
        most: processes at a time; one is the calling thread.
    """

    def __init__(self, most: int) -> None:
        self._most = most if sys.executable else 1
        self.hands: list[Hand] = []
        """Processes that were started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for hand in self.hands:
            hand.end()

    def glances(self, shown: Shown, pairs: Pairs) -> Glance:
        """What corners say of pairs of pictures."""
        hands = self._needed(len(pairs), GLANCES_OF_A_PROCESS)
        if hands == 1:
            with in_the_calling_thread():
                return Looker(shown).glance(pairs)

        def told(rows: slice, hand: Hand) -> Glance:
            places, ends = within(pairs[rows])
            return Glance.read(hand.asked(GLANCE, shown.table(places), pa.table([*ends.T], ["left", "right"])))

        seen = Glance.empty(len(pairs))
        for rows, glance in self._each(_blocks(len(pairs), hands, _GLANCES_AT_ONCE), told, hands):
            seen.put(rows, glance)
        return seen

    def looks(
        self, shown: Shown, asked: Asked, order: NDArray[np.int64], at_once: int
    ) -> Iterator[tuple[NDArray[np.int64], Looked]]:
        """Judge pairs, block by block as they are done: which, and the answers about them.

        Args:
            shown: pictures.
            asked: pairs of pictures that have previews.
            order: in which they are looked at.
            at_once: pairs after which the calling thread answers.
        """
        hands = self._needed(len(order), LOOKS_OF_A_PROCESS)
        if hands == 1:
            looker = Looker(shown)
            for first in range(0, len(order), at_once):
                some = order[first : first + at_once]
                with in_the_calling_thread():
                    found = looker.look(asked.of(some))
                yield some, found
            return

        def told(rows: slice, hand: Hand) -> Looked:
            some = asked.of(order[rows])
            places, ends = within(some.pairs)
            question = Asked(ends, some.bits, some.mirrored_bits, some.seen)
            return read_looked(hand.asked(LOOK, shown.table(places), question.table()))

        for rows, found in self._each(_blocks(len(order), hands, _LOOKS_AT_ONCE), told, hands):
            yield order[rows], found

    def _needed(self, pairs: int, of_one: int) -> int:
        return max(1, min(self._most, pairs // of_one))

    def _each(
        self, blocks: Sequence[slice], told: Callable[[slice, Hand], Answer], hands: int
    ) -> Iterator[tuple[slice, Answer]]:
        """What processes answer about blocks, as they are done; the first error ends all."""
        self._start(hands)
        idle: queue.SimpleQueue[Hand] = queue.SimpleQueue()
        for hand in self.hands[:hands]:
            idle.put(hand)

        def ask(rows: slice) -> Answer:
            hand = idle.get()
            try:
                return told(rows, hand)
            finally:
                idle.put(hand)

        asked: dict[Future[Answer], slice] = {}
        with ThreadPoolExecutor(len(self.hands[:hands]), "look") as pool:
            done = False
            try:
                asked |= {pool.submit(ask, rows): rows for rows in blocks}
                for answer in as_completed(asked):
                    yield asked[answer], answer.result()
                    del asked[answer]
                done = True
            finally:
                if not done:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for hand in self.hands:
                        hand.end()  # whose thread then hears of it

    def _start(self, hands: int) -> None:
        """Have so many processes, or those that can be had."""
        try:
            while len(self.hands) < hands:
                self.hands.append(Hand())
        except OSError as error:
            if not self.hands:
                raise CharassetsError(
                    f"no process could be started to compare pictures: {error}", todo="set decode_threads to 1"
                ) from error


def within(pairs: Pairs) -> tuple[NDArray[np.int64], Pairs]:
    """The places that pairs name, each once, and the pairs by place among those."""
    asked, ends = np.unique(pairs, return_inverse=True)
    return asked, ends.reshape(pairs.shape)


def _blocks(pairs: int, hands: int, most: int) -> list[slice]:
    size = max(1, min(most, -(-pairs // (hands * _BLOCKS_OF_A_PROCESS))))
    return [slice(first, first + size) for first in range(0, pairs, size)]
