"""Extraction for many askers: one picture at a time through the models, a short queue before them, an end to waiting.

What belongs here: who waits and for how long. Not here: extracting (``charassets.extraction``).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.problems import OverloadedError, TooLateError
from charassets.errors import Rejected
from charassets.extraction import Extraction, extract
from charassets.images.crops import webp
from charassets.settings import Settings

T = TypeVar("T")

WAITING = 16
"""Pictures of all askers that may wait; a picture takes about a second on two cores."""

PATIENCE_S = 60.0
"""Longest time from asking to answering, in seconds. The first picture of a process also loads the models."""


class Extractor:
    """The models of one process behind one thread: they gain nothing from two, and memory twice over would be lost."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._thread = ThreadPoolExecutor(1, "extract")
        self._waiting = 0

    def warm(self) -> None:
        """Load the models while nobody waits: a drawing is put through, and what goes wrong is told to who asks first."""
        self._thread.submit(lambda: self.now(_drawing(), "1girl, solo"))

    async def extract(self, data: bytes | None, tags: str | None) -> Extraction:
        """What is known of one picture.

        Raises:
            OverloadedError: too many wait already.
            TooLateError: no answer in time.
        """
        return await self.answer(data, tags, lambda found: found)

    async def answer(self, data: bytes | None, tags: str | None, say: Callable[[Extraction], T]) -> T:
        """What ``say`` makes of one picture, in the thread of the models, which it may use.

        Raises:
            OverloadedError: too many wait already.
            TooLateError: no answer in time.
        """
        if self._waiting >= WAITING:
            raise OverloadedError("too many pictures wait", todo="try again in a few seconds, or use POST /v1/jobs")
        self._waiting += 1
        try:
            work = asyncio.get_running_loop().run_in_executor(self._thread, lambda: say(self.now(data, tags)))
            return await asyncio.wait_for(work, PATIENCE_S)
        except TimeoutError:
            raise TooLateError(
                "the picture took too long", todo="send a smaller picture, or use POST /v1/jobs"
            ) from None
        finally:
            self._waiting -= 1

    def queued(self, data: bytes | None, tags: str | None) -> Extraction:
        """The same from a thread of its own that may wait as long as it takes (the job queue)."""
        return self._thread.submit(self.now, data, tags).result()

    def now(self, data: bytes | None, tags: str | None) -> Extraction:
        """Extract in this thread."""
        limit = self.settings.images.max_bytes
        if data is not None and len(data) > limit:
            raise Rejected("too_many_bytes", f"the picture is larger than {limit >> 20} MB")
        return extract(data, tags, self.settings)

    def close(self) -> None:
        """Let nothing more in."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _drawing() -> bytes:
    from charassets.studio.scenes import draw_scene

    return webp(draw_scene(0, 256, kind="single").pixels, quality=80)
