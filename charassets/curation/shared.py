"""An edit log that machines share: every edit is one object, named by its place in the log, and taken by a conditional put.

What belongs here: objects. Not here: what an edit is, and the file each machine keeps of them (``log``). Two who append at once
want the same place; the store lets one have it, the other sees that edit, checks for a conflict and takes the next.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from charassets.errors import StorageError
from charassets.lake.s3 import Bucket, ChangedError

_FOLDER = "curation/edits"
_DIGITS = 12  # names sort as places do
_AT_ONCE = 16


class SharedEdits:
    """The objects of one log. Threads may share it."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._looked = -1e9

    def is_due(self, new_enough_s: float) -> bool:
        """Whether the last look is older than that."""
        return time.monotonic() - self._looked >= new_enough_s

    def after(self, head: int) -> Sequence[tuple[int, bytes]]:
        """Places and contents of the edits after a place, in order.

        Raises:
            StorageError: the store cannot be read, or an edit between others is gone.
        """
        looked = time.monotonic()
        names = list(self._bucket.names(f"{_FOLDER}/", after=_name(head)))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(self._bucket.get, names))
        self._looked = looked
        places = [int(name.rpartition("/")[2].removesuffix(".json")) for name in names]
        if places != list(range(head + 1, head + 1 + len(places))) or None in found:
            raise StorageError(
                "an edit is missing between others", where=f"{self._bucket.uri}/{_FOLDER}", todo="restore the objects"
            )
        return [(place, body[0]) for place, body in zip(places, found, strict=True) if body is not None]

    def take(self, place: int, line: bytes) -> bool:
        """Put an edit at a place; False where there is another already.

        Raises:
            StorageError: the store cannot be written.
        """
        try:
            self._bucket.put(line, _name(place), conditional=True)
        except ChangedError:
            there = self._bucket.get(_name(place))
            return there is not None and there[0] == line  # our own put, whose answer was lost on the way
        return True


@lru_cache(maxsize=16)
def shared_edits(bucket: Bucket) -> SharedEdits:
    """The shared log of a workspace, one a process, so that it knows when it looked last."""
    return SharedEdits(bucket)


def _name(place: int) -> str:
    return f"{_FOLDER}/{place:0{_DIGITS}d}.json"
