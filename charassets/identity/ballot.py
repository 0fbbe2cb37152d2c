"""One name for several pictures of one figure: what the frames of a track say together.

What belongs here: the vote. Not here: whom a single picture shows (``recognition``), and which pictures show one figure.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

BELIEVED = 0.5
"""Mean chance from which a name is believed: a single picture's chance is one half at its gallery's threshold (``Rule.chance``)."""


@dataclass(frozen=True)
class Says:
    """What is known of one picture.

    Attributes:
        name: its nearest character; None where there is none.
        chance: chance, 0-1, that it shows that one and not a stranger.
        similarity: likeness with that character. margin: score difference to the second. None where there is none.
        word: a person's word: a name, or None for nobody of the gallery; only where ``reviewed``.
        reviewed: a person said so.
    """

    name: str | None
    chance: float
    similarity: float | None = None
    margin: float | None = None
    word: str | None = None
    reviewed: bool = False


@dataclass(frozen=True)
class Named:
    """What they say together.

    Attributes:
        name: the character; None: nobody of the gallery.
        status: reviewed, recognised or unknown, as in ``records``.
        share: mean chance over all pictures for the character that has most of it; 1 for a person's word.
        similarity: mean likeness of the pictures whose nearest is that character. margin: mean margin of these.
        votes: how many pictures these are.
    """

    name: str | None
    status: str
    share: float = 0.0
    similarity: float | None = None
    margin: float | None = None
    votes: int = 0


def vote(pictures: Sequence[Says]) -> Named | None:
    """The name that the pictures have together; None where nothing was asked about any.

    Every picture gives its nearest character its chance, and the rest of it nobody; frames that are not recognised so count
    against a name. A person's word about any picture decides; of several the commonest, and the first of equally common ones.
    """
    if not pictures:
        return None
    weight: dict[str, float] = defaultdict(float)
    for one in pictures:
        if one.name is not None:
            weight[one.name] += one.chance
    words = [one.word for one in pictures if one.reviewed]
    if words:
        name, status, share = Counter(words).most_common(1)[0][0], "reviewed", 1.0
    else:
        best = max(weight, key=lambda name: (weight[name], name), default=None)
        share = weight[best] / len(pictures) if best is not None else 0.0
        name, status = (best, "recognised") if share >= BELIEVED else (None, "unknown")
    of_it = [one for one in pictures if one.name is not None and one.name == name]
    return Named(
        name, status, share, _mean([o.similarity for o in of_it]), _mean([o.margin for o in of_it]), len(of_it)
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
