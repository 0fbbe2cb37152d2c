"""Pictures as they are compared, made when they are needed, the latest kept at hand.

What belongs here: what is kept, and how much of it. Not here: what a picture is when it is compared (``judgement``), and which are
needed next (``looking_order``).
"""

from functools import lru_cache

from charassets.images.preview import decoded
from charassets.similarity.judgement import Seen
from charassets.similarity.shown import Held

_SEEN = 300  # ready to be compared: 300 kB each


class Album:
    """Pictures by their place among previews, which need to be there."""

    def __init__(self, previews: Held) -> None:
        self._previews = previews
        self.seen = lru_cache(_SEEN)(self._made)

    def _made(self, place: int) -> Seen:
        return Seen(decoded(self._previews[place]))
