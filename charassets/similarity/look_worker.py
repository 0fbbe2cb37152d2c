"""A process that looks at pairs of pictures: a table of pictures and one of pairs come in, a table of answers goes out.

What belongs here: the process, which ends when nobody asks any more. Not here: looking (``looker``), and who starts it
(``look_hand``).
"""

import os
import sys
import threading
import time
from typing import IO

import numpy as np
import pyarrow as pa

from charassets.similarity.look_hand import ERROR, GLANCE, TASK, received, send, written
from charassets.similarity.looker import Asked, Looker, in_the_calling_thread
from charassets.similarity.shown import Shown

_ASKED_EVERY_S = 1.0


def main(answers: int) -> None:
    """Answer what comes on the standard input, one after another, to a file descriptor; then the process ends."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        _work(sys.stdin.buffer, os.fdopen(answers, "wb"))
    except BrokenPipeError:
        os._exit(1)  # who asked has gone
    os._exit(0)


def _work(questions: IO[bytes], answers: IO[bytes]) -> None:
    with in_the_calling_thread():
        while (asked := _next(questions)) is not None:
            try:
                answer = _answer(*asked)
            except Exception as error:  # noqa: BLE001 - whatever it is, the one who asks is told
                answer = pa.table({}).replace_schema_metadata({ERROR: f"{type(error).__name__}: {error}"})
            send(answers, answer)
            answers.flush()


def _next(pipe: IO[bytes]) -> tuple[pa.Table, pa.Table] | None:
    try:
        return received(pipe), received(pipe)
    except pa.ArrowInvalid:
        return None


def _answer(pictures: pa.Table, pairs: pa.Table) -> pa.Table:
    looker = Looker(Shown.read(pictures))
    if pictures.schema.metadata[TASK] == GLANCE:
        ends = np.stack([pairs["left"].to_numpy(), pairs["right"].to_numpy()], axis=1)
        return pa.table(looker.glance(ends).columns())
    return written(looker.look(Asked.read(pairs)))


def _end_with(parent: int) -> None:
    """End when the parent has: nobody would hear the answer."""
    while os.getppid() == parent:
        time.sleep(_ASKED_EVERY_S)
    os._exit(1)
