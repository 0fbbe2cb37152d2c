"""The worker of the job queue: a thread of the server that works off one picture after another.

What belongs here: the loop and its end. Not here: the queue (``app.jobs``), extraction, and what a result looks like.
"""

import fcntl
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from app.jobs import Item, Jobs
from charassets.errors import CharassetsError, Rejected

_REST_S = 0.5  # between looks into an empty queue


class Worker:
    """Works off a queue until it is stopped. Of several servers over one workspace only one works; the others watch."""

    def __init__(self, jobs: Jobs, extract: Callable[[bytes, str | None], Mapping[str, Any]]) -> None:
        self._jobs, self._extract = jobs, extract
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the picture in hand; what was not finished is queued again by the next worker."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._jobs.exists:  # nobody queued anything here yet
                    self._stop.wait(_REST_S)
                    continue
                with self._jobs.lock_file.open("w") as lock:
                    if self._is_ours(lock):
                        self._jobs.recover()
                        self._work_off()
            except (CharassetsError, OSError):
                pass  # a full disk: looked at again after a rest
            self._stop.wait(_REST_S)

    @staticmethod
    def _is_ours(lock: IO[str]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _work_off(self) -> None:
        while not self._stop.is_set():
            item = self._jobs.take()
            if item is None:
                self._stop.wait(_REST_S)
            else:
                self._jobs.finish(item, *self._result(item))

    def _result(self, item: Item) -> tuple[str, Mapping[str, Any]]:
        data = self._jobs.data(item)
        if data is None:
            return "cancelled", {}
        try:
            return "done", self._extract(data, item.tags)
        except Rejected as error:
            return "failed", {"error": error.detail or error.code, "code": error.code}
        except CharassetsError as error:
            return "failed", {"error": error.what, "todo": error.todo}
        except Exception as error:  # one picture's bug of ours must not end the queue
            return "failed", {"error": f"unexpected {type(error).__name__}"}
