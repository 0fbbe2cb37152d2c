"""Who looks at pairs of pictures: the calling thread at few, processes of their own at many, which threads would wait for.

What belongs here: starting processes, what they are sent and answer, and their end. Not here: looking (``looker``), and what a
process does (``look_worker``). Of two threads each waits for the other whenever OpenCV or numpy gives Python's lock back, some
seventy times a pair.
"""

import contextlib
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError
from charassets.similarity.candidates import Pairs
from charassets.similarity.first_look import Glance
from charassets.similarity.looked import DETAILS, IS_DIFFERENT, Looked
from charassets.similarity.looker import Asked, Looker, in_the_calling_thread
from charassets.similarity.looking_order import Turns
from charassets.similarity.shown import Shown

LOOKS_OF_A_PROCESS, GLANCES_OF_A_PROCESS = 1_000, 50_000
"""Pairs from which on a process is worth its start, most of a second: 8 s of looks, 3 s of glances at corners."""

_LOOKS_AT_ONCE, _GLANCES_AT_ONCE = (
    1_000,
    20_000,
)  # pairs a message: some hundred pictures with previews, 5 MB; or thousands
_BLOCKS_OF_A_PROCESS = 4  # or fewer pairs, so that none waits long for the last

Answer = TypeVar("Answer")

GLANCE, LOOK = b"glance", b"look"
TASK, ERROR = b"task", b"error"
"""Keys of what is said about a table that is sent, and what is asked for."""


class Crew:
    """Looks at pairs; a context, with which its processes end.

    Args:
        most: processes at a time; one is the calling thread.
    """

    def __init__(self, most: int) -> None:
        self._most = most
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
        size = _size(len(pairs), hands, _GLANCES_AT_ONCE)
        blocks = [np.arange(first, min(first + size, len(pairs))) for first in range(0, len(pairs), size)]

        def told(rows: NDArray[np.int64], hand: Hand) -> Glance:
            places, ends = within(pairs[rows])
            return Glance.read(hand.asked(GLANCE, shown.table(places), pa.table([*ends.T], ["left", "right"])))

        found: list[Glance | None] = [None] * len(blocks)
        for i, glance in self._each(blocks, told, hands):
            found[i] = glance
        return Glance.joined([glance for glance in found if glance is not None])

    def looks(
        self, shown: Shown, asked: Asked, turns: Turns, at_once: int
    ) -> Iterator[tuple[NDArray[np.int64], Looked]]:
        """Judge pairs, block by block as they are done: which, and the answers about them.

        Args:
            shown: pictures.
            asked: pairs of pictures that have previews.
            turns: their order.
            at_once: pairs after which the calling thread answers, or a few more.
        """
        hands = self._needed(len(asked.pairs), LOOKS_OF_A_PROCESS)
        size = at_once if hands == 1 else _size(len(asked.pairs), hands, _LOOKS_AT_ONCE)
        blocks = [turns.order[turns.first[first] : turns.first[end]] for first, end in turns.blocks(size)]
        if hands == 1:
            looker = Looker(shown)
            for rows in blocks:
                with in_the_calling_thread():
                    found = looker.look(asked.of(rows))
                yield rows, found
            return

        def told(rows: NDArray[np.int64], hand: Hand) -> Looked:
            places, ends = within(asked.pairs[rows])
            some = asked.of(rows)
            answer = hand.asked(
                LOOK, shown.table(places), Asked(ends, some.bits, some.mirrored_bits, some.seen).table()
            )
            return read_looked(answer)

        for i, found in self._each(blocks, told, hands):
            yield blocks[i], found

    def _needed(self, pairs: int, of_one: int) -> int:
        return max(1, min(self._most, pairs // of_one))

    def _each(
        self, blocks: Sequence[NDArray[np.int64]], told: "Callable[[NDArray[np.int64], Hand], Answer]", hands: int
    ) -> Iterator[tuple[int, Answer]]:
        """What processes answer about blocks, and which block that is, as they are done; the first error ends all."""
        self.hands += [Hand() for _ in range(hands - len(self.hands))]
        idle: queue.SimpleQueue[Hand] = queue.SimpleQueue()
        for hand in self.hands[:hands]:
            idle.put(hand)

        def ask(rows: NDArray[np.int64]) -> Answer:
            hand = idle.get()
            try:
                return told(rows, hand)
            finally:
                idle.put(hand)

        with ThreadPoolExecutor(hands, "look") as pool:
            asked = {pool.submit(ask, rows): i for i, rows in enumerate(blocks)}
            try:
                for done in as_completed(asked):
                    yield asked.pop(done), done.result()
            finally:
                if asked:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for hand in self.hands:
                        hand.end()  # whose thread then hears of it


class Hand:
    """A process that looks."""

    def __init__(self) -> None:
        import charassets

        # Where this process found the package the other finds it, and nothing of the folder that it happens to be in.
        found = [str(Path(charassets.__file__).parents[1]), os.environ.get("PYTHONPATH")]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-P", "-m", "charassets.similarity.look_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))},
            process_group=0,  # Ctrl-C is this process's: it ends the others
        )

    @property
    def number(self) -> int:
        """The process's."""
        return self._process.pid

    def asked(self, task: bytes, pictures: pa.Table, pairs: pa.Table) -> pa.Table:
        """What the process answers.

        Raises:
            CharassetsError: it could not, or died.
        """
        process = self._process
        assert process.stdin and process.stdout  # noqa: S101 - pipes were asked for
        try:
            send(process.stdin, pictures.replace_schema_metadata({TASK: task}))
            send(process.stdin, pairs)
            process.stdin.flush()
            answer = received(process.stdout)
        except (
            OSError,
            ValueError,
        ) as error:  # a pipe that is closed, or ends within a table; Arrow's errors are ValueErrors
            code = process.wait()
            raise CharassetsError(
                f"a process that compared pictures ended with code {code}",
                todo="a negative code is a signal; where 9 is no kill of yours, memory ran out: lower decode_threads, run again",
            ) from error
        said = (answer.schema.metadata or {}).get(ERROR)
        if said is not None:
            raise CharassetsError(f"pictures could not be compared: {said.decode()}", todo="report this as a bug")
        return answer

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe  # noqa: S101 - pipes were asked for
            with contextlib.suppress(OSError):  # what was not flushed has nobody to read it
                pipe.close()
        self._process.wait()


def within(pairs: Pairs) -> tuple[NDArray[np.int64], Pairs]:
    """The places that pairs name, each once, and the pairs by place among those."""
    asked, ends = np.unique(pairs, return_inverse=True)
    return asked, ends.reshape(pairs.shape)


def send(pipe: IO[bytes], table: pa.Table) -> None:
    """Write a table."""
    with pa.ipc.new_stream(pipe, table.schema) as stream:
        stream.write_table(table)


def received(pipe: IO[bytes]) -> pa.Table:
    """Read a table.

    Raises:
        pa.ArrowInvalid: there is none.
    """
    return pa.ipc.open_stream(pipe).read_all()


def written(found: Looked) -> pa.Table:
    """Answers as a table: a row a pair."""
    return found.details_of_all().append_column("answer", pa.array(found.answers))


def read_looked(table: pa.Table) -> Looked:
    """From such a table."""
    answers = table["answer"].to_numpy()
    details = table.select(DETAILS.names).filter(pa.array(answers != IS_DIFFERENT))
    return Looked(answers, details.replace_schema_metadata(None))


def _size(pairs: int, hands: int, most: int) -> int:
    """Pairs of a block."""
    return max(1, min(most, -(-pairs // (hands * _BLOCKS_OF_A_PROCESS))))
