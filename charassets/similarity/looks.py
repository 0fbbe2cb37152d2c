"""Close looks at many pairs of pictures, in several threads.

What belongs here: looking. Not here: how one pair is judged (``judgement``), in which order (``looking_order``), the pictures that
are kept at hand (``album``), and which pairs were judged before (``answers``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.album import Album
from charassets.similarity.candidates import Pairs
from charassets.similarity.corners import LoadCorners
from charassets.similarity.first_look import AT_ONCE, FirstLook, Glance
from charassets.similarity.judgement import DIFFERENT, DUPLICATE, HINT_BITS, VARIANT, Judgement, judge
from charassets.similarity.looking_order import turns_of
from charassets.similarity.poses import Pose
from charassets.similarity.previews import Load

ANSWER_NAMES = (DIFFERENT, VARIANT, DUPLICATE)
"""Answers by their code."""

IS_DIFFERENT, IS_VARIANT, IS_DUPLICATE = range(3)
NOT_SEEN = -1
"""Codes of answers; ``NOT_SEEN`` where nobody could look."""

DETAILS = pa.schema(
    [
        pa.field("mirrored", pa.bool_()),
        pa.field("grey", pa.bool_()),
        pa.field("cropped", pa.string()),
        pa.field("inliers", pa.int32()),
        pa.field("same", pa.float32()),
        pa.field("changed", pa.float32()),
        pa.field("turn", pa.float32()),
        pa.field("box", pa.list_(pa.float32(), 4)),
    ]
)
"""What a close look measured, where the pictures are not different."""

_PAIRS_OF_A_THREAD = 8_192  # their corners take half a second; two threads wait for each other a third of the time

TOLD_EVERY = 20_000
"""Pairs after which answers are told: ten minutes of two cores, a megabyte."""


@dataclass(frozen=True)
class Looked:
    """Answers about p pairs.

    Attributes:
        answers: int8, shape (p,): codes.
        details: schema ``DETAILS``, a row for each pair that is a copy or a variant, in the order of the pairs.
    """

    answers: NDArray[np.int8]
    details: pa.Table


Look = Callable[[pa.Array, Pairs, NDArray[np.int32], NDArray[np.int32]], Looked]
"""From content ids, pairs of their places, differing bits of the hashes and of one's and the other's mirror image, to answers."""


def nobody_looks(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
    """No answer about any pair: the two keys have to decide."""
    return Looked(np.full(len(pairs), NOT_SEEN, np.int8), DETAILS.empty_table())


def _nobody_hears(contents: pa.Array, pairs: Pairs, looked: Looked) -> None:
    """Drop it."""


def close_look(
    load: Load,
    threads: int = 1,
    tell: Callable[[pa.Array, Pairs, Looked], None] = _nobody_hears,
    corners: LoadCorners | None = None,
) -> Look:
    """Compares previews.

    Args:
        load: where they come from; pairs of which one has none are not answered.
        threads: how many compare at a time; the answers are the same with any number.
        tell: hears of every ``TOLD_EVERY`` pairs or a few more, with all content ids: hours of work are worth keeping.
        corners: where corners come from, which rule pairs out before anybody looks closely; None looks at all.
    """

    def look(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored_bits: NDArray[np.int32]) -> Looked:
        answers = np.full(len(pairs), NOT_SEEN, np.int8)
        poses = _Poses.of(corners, contents, pairs, threads) if corners is not None and len(pairs) else None
        if poses is not None:
            answers[poses.seen.unlike & (np.minimum(bits, mirrored_bits) > HINT_BITS)] = IS_DIFFERENT
        open_ones = np.flatnonzero(answers == NOT_SEEN)
        asked, ends = _within(pairs[open_ones])
        previews = load(contents.take(pa.array(asked)))
        album = Album(previews)
        lines: dict[int, tuple] = {}
        seen = np.logical_and(previews.there[ends[:, 0]], previews.there[ends[:, 1]])
        rows, ends = open_ones[seen], ends[seen]
        turns = turns_of(ends, len(asked))

        def take(turn: int) -> None:
            for at in turns[turn].tolist():
                i, (left, right) = int(rows[at]), ends[at].tolist()
                pose = poses.pose(i) if poses else None
                found = judge(album.seen(left), album.seen(right), int(bits[i]), int(mirrored_bits[i]), pose)
                answers[i] = ANSWER_NAMES.index(found.answer)
                if found.answer != DIFFERENT:
                    lines[i] = _line(found)

        for begin, end in turns.blocks(TOLD_EVERY):
            _each(take, range(begin, end), threads)
            if end < len(turns):
                done = np.sort(rows[turns.order[turns.first[begin] : turns.first[end]]])
                tell(contents, pairs[done], Looked(answers[done], _details(lines, done)))
        return Looked(answers, _details(lines, np.arange(len(pairs))))

    return look


def _details(lines: Mapping[int, tuple], pairs: NDArray[np.int64]) -> pa.Table:
    alike = [lines[i] for i in pairs.tolist() if i in lines]
    columns = zip(*alike, strict=True) if alike else ([] for _ in DETAILS)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, DETAILS, strict=True)], DETAILS)


def _within(pairs: Pairs) -> tuple[NDArray[np.int64], Pairs]:
    """The places that pairs name, each once, and the pairs by place among those."""
    asked, ends = np.unique(pairs, return_inverse=True)
    return asked, ends.reshape(pairs.shape)


@dataclass(frozen=True)
class _Poses:
    """What corners say of pairs; ``ends`` are their places among the contents that are named in any."""

    look: FirstLook
    ends: Pairs
    seen: Glance

    @classmethod
    def of(cls, corners: LoadCorners, contents: pa.Array, pairs: Pairs, threads: int) -> "_Poses":
        asked, ends = _within(pairs)
        look, seen = FirstLook(corners, contents.take(pa.array(asked))), Glance.empty(len(pairs))
        needed = min(threads, 1 + len(pairs) // _PAIRS_OF_A_THREAD)
        _each(lambda at: look.glance(ends[at : at + AT_ONCE], seen, at), range(0, len(pairs), AT_ONCE), needed)
        return cls(look, ends, seen)

    def pose(self, i: int) -> Pose | None:
        return self.look.pose(self.ends[i], self.seen, i)


def _line(found: Judgement) -> tuple:
    if found.alignment is None:
        return (False, False, None, None, None, None, None, None)
    told, seen = (found.mirrored, found.grey, found.cropped, found.alignment.inliers), found.agreement
    return (
        (*told, None, None, None, None) if seen is None else (*told, seen.same, seen.changed, seen.turn, list(seen.box))
    )


def _each(take: Callable[[int], None], turns: Iterable[int], threads: int) -> None:
    """Take every turn, in threads that each take the next one in the order; the first error ends all."""
    coming, one_at_a_time, ended = iter(turns), Lock(), Event()

    def work() -> None:
        try:
            while not ended.is_set():
                with one_at_a_time:
                    turn = next(coming, None)
                if turn is None:
                    return
                take(turn)
        except BaseException:
            ended.set()
            raise

    with in_the_calling_thread(), ThreadPoolExecutor(threads, "look") as pool:
        try:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
        finally:
            ended.set()


@contextmanager
def in_the_calling_thread() -> Iterator[None]:
    """Keep matrix products and OpenCV to the thread that calls them: with small pictures their own threads do little but wait."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
