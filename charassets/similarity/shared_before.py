"""What pictures share, kept from run to run: votes of the old pairs, so that an addition asks only what the new ones share.

What belongs here: the two tables, and whether they can be gone on from. Not here: the search (``shared_words``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.places import Places
from charassets.similarity.shared_words import VOTES, Shared, shared_words, with_more
from charassets.similarity.words import Owned, is_wide

PAIRS = pa.schema(
    [
        pa.field("left", pa.string(), False),
        pa.field("right", pa.string(), False),
        pa.field("mirrored", pa.bool_(), False),
        pa.field("votes", pa.int32(), False),
    ]
)
"""A row a pair of picture contents (``image_id``, the smaller first): the words they share, and whether one is in the mirror."""

AMONG = pa.schema([pa.field("image_id", pa.string(), False), pa.field("made_by", pa.string(), False)])
"""The contents that were compared, and which stage made their signatures."""

_ONE, _LOW = np.uint64(1), np.uint64(0xFFFF_FFFF)
_ADDED = 4  # an addition that makes up more than one in so many is not worth two passes


@dataclass(frozen=True)
class SharedBefore:
    """What a run found: ``pairs`` of schema ``PAIRS``, ``among`` of schema ``AMONG``."""

    pairs: pa.Table
    among: pa.Table


Read = Callable[[NDArray[np.bool_] | None], Iterator[tuple[NDArray[np.int64], pa.Table]]]
"""Signatures, columns ``words.SIGNED``, of all pictures or of those that are wanted, with the rows of each table's pictures."""


def _nothing(wanted: NDArray[np.bool_] | None) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
    return iter(())


@dataclass(frozen=True)
class Signed:
    """The signatures of a collection.

    Attributes:
        read: reads them, as often as is asked: they are the most of what is known of a picture.
        made_by: names what made them; the same content has the same signatures while it stands.
        before: what was found in the run before.
    """

    read: Read = _nothing
    made_by: str = ""
    before: SharedBefore | None = None


def brought_up_to_date(signed: Signed, contents: pa.Array, place: NDArray[np.int64]) -> tuple[Shared, SharedBefore]:
    """What pictures share, by place among ``contents``, and the tables to go on from.

    It depends on the pictures alone: what was found before shortens the search and changes no answer. After pictures went, were
    made anew, or became so many that words are longer, all is searched again.

    Args:
        signed: the signatures.
        contents: content ids, sorted, each once.
        place: int64, shape (rows,): the content of each picture, each content once, -1 for a picture that is left out.
    """
    compared = np.zeros(len(contents), bool)
    compared[place[place >= 0]] = True
    n = int(compared.sum())
    old = _going_on(signed, contents, compared)
    if old is None or signed.before is None:
        shared = shared_words(_owned(signed.read(None), place), n)
    else:
        of_new = np.where((place >= 0) & ~old[place], place, -1)
        of_old = np.where((place >= 0) & old[place], place, -1)
        before = _stored(signed.before.pairs, contents)
        shared = with_more(
            before, _owned(signed.read(of_new >= 0), of_new), _owned(signed.read(None), of_old), n, VOTES
        )
    among = contents.filter(pa.array(compared))
    return shared, SharedBefore(
        _table(shared, contents), pa.table([among, pa.repeat(signed.made_by, len(among))], schema=AMONG)
    )


def _going_on(signed: Signed, contents: pa.Array, compared: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which contents were compared before, shape (contents,); None where that is nothing to go on from."""
    if signed.before is None:
        return None
    among = signed.before.among
    found = Places(contents).of(among["image_id"])
    if (found < 0).any() or not compared[found].all() or among["made_by"].unique().to_pylist() != [signed.made_by]:
        return None
    n, added = int(compared.sum()), int(compared.sum()) - len(found)
    if is_wide(len(found)) != is_wide(n) or added * _ADDED > n:
        return None
    old = np.zeros(len(contents), bool)
    old[found] = True
    return old


def _owned(read: Iterator[tuple[NDArray[np.int64], pa.Table]], place: NDArray[np.int64]) -> Owned:
    return ((place[rows], batch) for rows, batch in read)


def _stored(pairs: pa.Table, contents: pa.Array) -> Shared:
    where = Places(contents)
    left, right = (where.of(pairs[side]).astype(np.uint64) for side in ("left", "right"))
    keys = left << np.uint64(32) | right << _ONE | pairs["mirrored"].to_numpy().astype(np.uint64)
    order = np.argsort(keys)
    return Shared(keys[order], pairs["votes"].to_numpy()[order])


def _table(shared: Shared, contents: pa.Array) -> pa.Table:
    left, right = shared.keys >> np.uint64(32), (shared.keys & _LOW) >> _ONE
    columns = [contents.take(pa.array(side.astype(np.int64))) for side in (left, right)]
    return pa.table([*columns, pa.array((shared.keys & _ONE).astype(bool)), pa.array(shared.votes)], schema=PAIRS)
