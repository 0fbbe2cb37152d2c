"""A process that looks at pairs of pictures, seen from the one who asks.

What belongs here: starting it, what it is sent and answers, its end. Not here: who is sent what (``look_crew``), and what it does
(``look_worker``). A table of pictures and one of pairs go to its standard input, a table of answers comes from a pipe of its
own, so that nothing a library prints is taken for one.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pyarrow as pa

from charassets.errors import CharassetsError
from charassets.similarity.looked import DETAILS, IS_DIFFERENT, Looked

GLANCE, LOOK = b"glance", b"look"
TASK, ERROR = b"task", b"error"
"""Keys of what is said about a table that is sent, and what is asked for."""

_BEGIN = (
    "import sys; sys.path[:] = sys.argv[2:]; from charassets.similarity.look_worker import main; main(int(sys.argv[1]))"
)
_ENDS_S = 5.0  # that a process is waited for whose answer ended


class Hand:
    """A process that looks.

    Raises:
        OSError: it could not be started.
    """

    def __init__(self) -> None:
        # What this process imports the other imports, from the same places in the same order.
        paths = [str(Path(path).absolute()) for path in sys.path]
        read, write = os.pipe()
        self._answers: IO[bytes] = os.fdopen(read, "rb")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                [sys.executable, "-P", "-c", _BEGIN, str(write), *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[write],
                process_group=0,  # Ctrl-C is this process's: it ends the others
            )
        except OSError:
            self._answers.close()
            raise
        finally:
            os.close(write)

    @property
    def number(self) -> int:
        """The process's."""
        return self._process.pid

    def asked(self, task: bytes, pictures: pa.Table, pairs: pa.Table) -> pa.Table:
        """What the process answers.

        Raises:
            CharassetsError: it could not, or died.
        """
        assert self._process.stdin  # noqa: S101 - a pipe was asked for
        try:
            send(self._process.stdin, pictures.replace_schema_metadata({TASK: task}))
            send(self._process.stdin, pairs)
            self._process.stdin.flush()
            answer = received(self._answers)
        except (
            OSError,
            ValueError,
        ) as error:  # a pipe that is closed, or ends within a table; Arrow's errors are ValueErrors
            raise self._told(error) from error
        said = (answer.schema.metadata or {}).get(ERROR)
        if said is not None:
            raise CharassetsError(f"pictures could not be compared: {said.decode()}", todo="report this as a bug")
        return answer

    def _told(self, error: Exception) -> CharassetsError:
        """What became of a process whose answer cannot be read."""
        try:
            code = self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return CharassetsError(
                f"the answer of a process that compares pictures cannot be read: {error}", todo="run again"
            )
        return CharassetsError(
            f"a process that compared pictures ended with code {code}",
            todo="a negative code is a signal; where 9 is no kill of yours, memory ran out: lower decode_threads, run again",
        )

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._answers):
            assert pipe  # noqa: S101 - pipes were asked for
            with contextlib.suppress(OSError):  # what was not flushed has nobody to read it
                pipe.close()
        self._process.wait()


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
