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
        # Not a method, which would hold the album: its pictures go with it, and do not wait for a collection of garbage.
        self.seen = lru_cache(_SEEN)(lambda place: Seen(decoded(previews[place])))
