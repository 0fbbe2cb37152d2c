"""Answers about pairs of pictures: given once, kept, and looked up ever after.

What belongs here: the table of answers, and asking for those that are missing. Not here: how an answer is found (``judgement``).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.images.preview import decoded
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, VARIANT, Judgement, Seen, judge

ANSWERS = pa.schema(
    [
        pa.field("left", pa.string(), False),
        pa.field("right", pa.string(), False),
        pa.field("answer", pa.string(), False),
        pa.field("mirrored", pa.bool_(), False),
        pa.field("grey", pa.bool_(), False),
        pa.field("cropped", pa.string()),
        pa.field("inliers", pa.int32()),
        pa.field("same", pa.float32()),
        pa.field("changed", pa.float32()),
        pa.field("turn", pa.float32()),
        pa.field("box", pa.list_(pa.float32(), 4)),
    ]
)
"""A row a pair of picture contents (``image_id``, the smaller first); ``box`` is the place of left within right."""

Load = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Previews by content id, of those contents that have one."""

_CHUNK = 50_000  # previews held at a time: half a gigabyte
_SEEN = 2_000  # pictures with keypoints held at a time: 350 kB each


@dataclass
class Answers:
    """The answers known so far.

    Attributes:
        load: finds the previews of contents.
        known: pair of contents to its row of ``ANSWERS``, as a tuple.
        asked: pairs that a close look was taken at in this run.
    """

    load: Load
    known: dict[tuple[str, str], tuple] = field(default_factory=dict)
    asked: int = 0
    _used: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def resumed(cls, load: Load, before: pa.Table | None) -> "Answers":
        """Go on with the answers of the run before."""
        answers = cls(load)
        if before is not None:
            rows = zip(*(before[name].to_pylist() for name in ANSWERS.names), strict=True)
            answers.known = {row[:2]: row for row in rows}
        return answers

    def ask(self, pairs: Sequence[tuple[str, str]], bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> None:
        """Make sure that every pair, the smaller content first, that can be looked at is answered."""
        self._used.update(pairs)
        missing = sorted({(pair, i) for i, pair in enumerate(pairs) if pair not in self.known})
        for chunk in _chunks([pair for pair, _ in missing]):
            previews = self.load(sorted({name for pair in chunk for name in pair}))
            album = _Album(previews)
            place = dict(missing)
            for pair in chunk:
                if pair[0] in previews and pair[1] in previews:
                    at = place[pair]
                    found = judge(album.seen(pair[0]), album.seen(pair[1]), int(bits[at]), int(mirrored_bits[at]))
                    self.known[pair] = (*pair, *_row(found))
                    self.asked += 1

    def of(self, pair: tuple[str, str]) -> tuple | None:
        """The row of a pair, the smaller content first; None where nobody could look."""
        return self.known.get(pair)

    def table(self) -> pa.Table:
        """The answers that this run had use for, to go on with."""
        rows = [self.known[pair] for pair in sorted(self._used) if pair in self.known]
        columns = zip(*rows, strict=True) if rows else ([] for _ in ANSWERS.names)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, ANSWERS, strict=True)], schema=ANSWERS)


def by_two_keys(cosine: float, bits: int, least_cosine: float, most_bits: int) -> str:
    """The answer where no preview is left to look at: embedding and hash have to agree."""
    return DUPLICATE if cosine >= least_cosine and bits <= most_bits else DIFFERENT


def _row(found: Judgement) -> tuple:
    if found.answer == DIFFERENT or found.agreement is None or found.alignment is None:
        return (found.answer, False, False, None, None, None, None, None, None)
    seen = found.agreement
    return (
        found.answer,
        found.mirrored,
        found.grey,
        found.cropped,
        found.alignment.inliers,
        seen.same,
        seen.changed,
        seen.turn,
        list(seen.box),
    )


def _chunks(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Consecutive pairs of at most ``_CHUNK`` different contents."""
    chunk: list[tuple[str, str]] = []
    names: set[str] = set()
    for pair in pairs:
        if len(names | set(pair)) > _CHUNK:
            yield chunk
            chunk, names = [], set()
        chunk.append(pair)
        names.update(pair)
    if chunk:
        yield chunk


class _Album:
    """Pictures as they are compared, the latest kept at hand."""

    def __init__(self, previews: Mapping[str, bytes]) -> None:
        self._previews = previews
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def seen(self, name: str) -> Seen:
        if name not in self._seen:
            self._seen[name] = Seen.of(decoded(self._previews[name]))
            if len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
        self._seen.move_to_end(name)
        return self._seen[name]


__all__ = ["ANSWERS", "DIFFERENT", "DUPLICATE", "VARIANT", "Answers", "Load", "by_two_keys"]
