"""Pictures as they are compared, made when they are needed, the latest kept at hand for all threads.

What belongs here: what is kept, and how much of it. Not here: what a picture is when it is compared (``judgement``), and which are
needed next (``looking_order``).
"""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from charassets.images.preview import decoded
from charassets.similarity.judgement import Seen
from charassets.similarity.previews import Previews

_SEEN = 300  # ready to be compared: 300 kB each

Made = TypeVar("Made")


class Album:
    """Pictures by their place among previews."""

    def __init__(self, previews: Previews) -> None:
        self._previews = previews
        self._seen: Latest[Seen] = Latest(_SEEN)

    def seen(self, place: int) -> Seen:
        """The picture of a place that has a preview."""
        return self._seen.get(place, lambda: Seen(decoded(self._previews[place])))


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
