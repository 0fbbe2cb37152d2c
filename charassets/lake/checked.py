"""Which files of a lake need not be hashed again: those this process hashed, and those nobody touched since one did.

What belongs here: remembering. Not here: hashing (``fragments.verify_file``) and what is done about damage (``verify``, which
remembers nothing).

A lake of five million pictures is 165 GB, which every step of every run would read for its hashes alone. So the file
``.hashed`` beside the tables says what the file system told of a file when it was found to be whole: inode, size, and the times of
its content and of its inode. Whoever writes to a file changes the last. A file that is younger than ``YOUNG_S`` is not written
down: it may be written to once more within one tick of the clock. What changes without anybody writing, a failing disk, is left
to the checksums of Parquet's pages and to ``charassets verify``. The file may be deleted at any time.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from charassets.errors import StorageError
from charassets.lake.store import Store

NAME = ".hashed"
"""Name of the file, in the root of a lake that is a folder. A line a file: sha256, what the file system said, the path without its
digest, so that what replaces a file replaces what is said of it."""

YOUNG_S = 3.0
"""Seconds: more than a tick of any file system's clock."""

_SPARE = 1_000  # lines that were said again, before it is written anew


class Checked:
    """The files that were found to be whole; for several threads, and for several processes beside each other.

    Args:
        store: the lake's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file = None if store.is_far else Path(store.root) / NAME
        self._lock = Lock()
        self._here: set[str] = set()
        self._told: dict[str, tuple[str, str]] | None = None  # by what the file is: its digest follows the last hyphen

    def ensure(self, path: str, sha256: str, verify: Callable[[], None]) -> None:
        """Have a file hashed unless that was done.

        Args:
            path: the file, below the lake's root.
            sha256: of what it should hold.
            verify: hashes it, and raises where it is damaged.
        """
        if sha256 in self._here:
            return
        stamp = self._store.stamp(path)
        if stamp is None or self._known(path) != (sha256, stamp.text):
            verify()
            if stamp is not None and stamp == self._store.stamp(path) and time.time() - stamp.changed_s > YOUNG_S:
                self._tell(path, sha256, stamp.text)
        self._here.add(sha256)

    def _known(self, path: str) -> tuple[str, str] | None:
        with self._lock:
            if self._told is None:
                self._told = self._read()
            return self._told.get(_what(path))

    def _read(self) -> dict[str, tuple[str, str]]:
        """What is written down, the last word on each file."""
        if self._file is None:
            return {}
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        parts = [line.split(" ", 2) for line in lines]
        told = {what: (sha256, stamp) for sha256, stamp, what in (part for part in parts if len(part) == 3)}  # noqa: PLR2004
        if len(lines) > 2 * len(told) + _SPARE:
            self._write_anew(told)
        return told

    def _write_anew(self, told: dict[str, tuple[str, str]]) -> None:
        """Leave out what was said again; a line that somebody adds meanwhile is lost, and its file hashed once more."""
        lines = (f"{sha256} {stamp} {what}\n" for what, (sha256, stamp) in told.items())
        with suppress(StorageError):
            self._store.put_bytes("".join(lines).encode(), NAME)

    def _tell(self, path: str, sha256: str, stamp: str) -> None:
        """Write down one file; where that cannot be done it is hashed again next time."""
        line = f"{sha256} {stamp} {_what(path)}\n".encode()
        with self._lock, suppress(OSError):
            if self._told is not None:
                self._told[_what(path)] = (sha256, stamp)
            if self._file is not None:
                with self._file.open(
                    "ab", buffering=0
                ) as file:  # one write of a short line: nobody's is cut by another's
                    file.write(line)


def _what(path: str) -> str:
    return path.rpartition("-")[0]
