"""Numbers by the hundred million, put into buckets and taken out a bucket at a time: in memory while they are few, else on disk.

What belongs here: the buckets. Not here: what the numbers mean.
"""

import tempfile
from typing import IO

import numpy as np
from numpy.typing import NDArray

_HELD = 256 << 20  # bytes held before they are written
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Buckets:
    """Unsigned 64-bit numbers in ``count`` buckets; files are unnamed, lie in ``TMPDIR`` and go with the object."""

    def __init__(self, count: int) -> None:
        self._count = max(1, count)
        self._held: list[list[NDArray[np.uint64]]] = [[] for _ in range(self._count)]
        self._bytes = 0
        self._files: list[IO[bytes]] = []

    def __len__(self) -> int:
        """How many buckets there are."""
        return self._count

    def add(self, numbers: NDArray[np.uint64], by: NDArray[np.uint64]) -> None:
        """Put numbers away; equal values of ``by`` (shape of ``numbers``) share a bucket."""
        if self._count == 1:
            self._held[0].append(numbers)
        else:
            chosen = ((by * _GOLDEN) >> np.uint64(40)) % np.uint64(self._count)
            order = np.argsort(chosen.astype(np.uint16), kind="stable")  # a radix sort
            ends = np.cumsum(np.bincount(chosen.astype(np.int64), minlength=self._count))
            for bucket, part in enumerate(np.split(numbers[order], ends[:-1])):
                if len(part):
                    self._held[bucket].append(part)
        self._bytes += numbers.nbytes
        if self._bytes > _HELD and self._count > 1:
            self._write()

    def take(self, bucket: int) -> NDArray[np.uint64]:
        """The numbers of a bucket, in no order; it is empty afterwards."""
        held, self._held[bucket] = self._held[bucket], []
        if self._files:
            file = self._files[bucket]
            file.seek(0)
            held.insert(0, np.frombuffer(file.read(), np.uint64))
            file.seek(0)
            file.truncate()
        return np.concatenate([np.empty(0, np.uint64), *held])

    def _write(self) -> None:
        if not self._files:
            self._files = [tempfile.TemporaryFile(prefix="charassets-words-") for _ in range(self._count)]  # noqa: SIM115
        for file, held in zip(self._files, self._held, strict=True):
            for part in held:
                file.write(part.data)
            held.clear()
        self._bytes = 0
