"""Train, validation and test: stratified, seeded, and nothing that belongs together on two sides.

What belongs here: the division and its proof. Not here: which columns bind records (``labels``). It comes before any
augmentation: a picture's augmented copies would be made on its own side.

Unlike an export's division (``charassets.exports.splits``), which hashes names so that tomorrow moves nothing, this one fills
shares class by class: a small labelled set would otherwise leave a rare class out of a part.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError, UsageError
from charassets.exports.splits import components

TRAIN, VALIDATION, TEST = 0, 1, 2
PARTS = ("train", "validation", "test")
SHARES = (0.6, 0.2, 0.2)
"""Of the pictures of every class, as far as whole groups allow."""


def divide(
    labels: NDArray[np.int64], values: Sequence[str], bonds: pa.Table, bound_by: Sequence[str], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The part of every record, and its group.

    Groups go largest first (of equally large ones in a drawn order) to the part that lacks most of their classes.

    Args:
        labels: (n,) class of each record, an index into ``values``.
        values: the classes by name, for the refusal.
        bonds: n rows; equal, non-null values of a column bind.
        bound_by: columns that bind.
        seed: of the order.

    Returns:
        (n,) int64 of ``TRAIN``, ``VALIDATION``, ``TEST``, and (n,) int64 group numbers.

    Raises:
        UsageError: a class does not reach every part, because too few groups hold it.
    """
    columns = [bonds[name].combine_chunks() for name in bound_by]
    groups = components(columns, len(labels)).astype(np.int64)
    counts = np.zeros((groups.max() + 1, len(values)))
    np.add.at(counts, (groups, labels), 1)
    sides = _filled(counts, seed)
    parts = sides[groups]
    for crossing in crossings(bonds, bound_by, parts):
        raise CharassetsError(f"the division leaks: {crossing}", todo="report this as a bug")
    for side, name in enumerate(PARTS):
        missing = np.setdiff1d(np.arange(counts.shape[1]), labels[parts == side])
        if len(missing):
            raise UsageError(
                f"label {values[missing[0]]!r} has too few groups of pictures that belong together to reach {name}",
                where="split",
                todo="add pictures of it; where a label is a character, as in folders of characters: --together duplicates",
            )
    return parts, groups


def crossings(bonds: pa.Table, bound_by: Sequence[str], parts: NDArray[np.int64]) -> list[str]:
    """Every value that stands on two sides, in words; a division without leaks has none."""
    found = []
    for name in bound_by:
        column = bonds[name].combine_chunks()
        codes = column.dictionary_encode()
        there = np.flatnonzero(~np.asarray(column.is_null()))
        at = np.asarray(codes.indices.drop_null()).astype(np.int64)
        seen = np.zeros((len(codes.dictionary), len(PARTS)), np.bool_)
        seen[at, parts[there]] = True
        crossed = np.flatnonzero(seen.sum(axis=1) > 1)
        found += [f"{name} {codes.dictionary[int(k)].as_py()} is on {seen[k].sum()} sides" for k in crossed]
    return found


def _filled(counts: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """(groups,) the side of every group of (groups, classes) pictures."""
    rng = np.random.default_rng([seed, 0x5B1])
    drawn = rng.permutation(len(counts))
    order = drawn[np.argsort(-counts[drawn].sum(axis=1), kind="stable")]
    wanted = np.outer(SHARES, counts.sum(axis=0))
    held = np.zeros_like(wanted)
    sides = np.zeros(len(counts), np.int64)
    for group in order:
        # The share of what is still wanted, so that small parts are not starved by the order.
        lack = ((wanted - held) / np.maximum(wanted, 1e-9)) @ counts[group]
        side = int(lack.argmax())
        held[side] += counts[group]
        sides[group] = side
    return sides
