"""Pictures as they are compared, made when they are needed, the latest kept at hand for all threads.

What belongs here: what is kept, and how much of it. Not here: what a picture is when it is compared (``judgement``), and which are
needed next (``looking_order``).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from charassets.images.local_features import Described, Keypoints, described
from charassets.images.preview import Preview, decoded
from charassets.similarity.judgement import Seen
from charassets.similarity.kept_keypoints import KeptKeypoints
from charassets.similarity.previews import Previews

_SEEN = 300  # ready to be compared: half a megabyte each with their mirror images' keypoints

Made = TypeVar("Made")


class Album:
    """Pictures by their place among previews.

    Finding keypoints takes ten times as long as reading a preview again, so they are kept on disk.
    """

    def __init__(self, previews: Previews) -> None:
        self._previews = previews
        self._described = KeptKeypoints(len(previews.there))
        self._seen: Latest[Seen] = Latest(_SEEN)
        self._found: list[int] = []

    def put(self, place: int, keypoints: bytes) -> None:
        """Put by what was found of a picture in an earlier run (``Described.packed``)."""
        self._described.put(place, Described.unpacked(keypoints))

    def found(self) -> Iterator[tuple[int, bytes]]:
        """The keypoints that were found and not put by before, by place, each once."""
        for place in sorted(set(self._found)):
            kept = self._described.get(place)
            if kept is not None:
                yield place, kept.packed()

    def seen(self, place: int) -> Seen:
        """The picture of a place that has a preview."""
        return self._seen.get(place, lambda: self._look(place))

    def _look(self, place: int) -> Seen:
        preview = decoded(self._previews[place])
        return Seen(preview, lambda: self._keypoints(place, preview))

    def _keypoints(self, place: int, preview: Preview) -> Keypoints:
        found = self._described.get(place)
        if found is None:
            found = described(preview)
            self._described.put(place, found)
            self._found.append(place)
        return found.keypoints()


class Latest(Generic[Made]):
    """What was made for numbers, the latest asked for kept; asked by several threads at once, it is made once.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, Future[Made]] = OrderedDict()
        self._lock = Lock()

    def get(self, number: int, make: Callable[[], Made]) -> Made:
        """What belongs to a number, made where it is not kept; an error is everybody's who waits for it."""
        with self._lock:
            first = number not in self._kept
            found = self._kept.setdefault(number, Future())
            self._kept.move_to_end(number)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        if first:
            try:
                found.set_result(make())
            except BaseException as error:
                found.set_exception(error)
                raise
        return found.result()
