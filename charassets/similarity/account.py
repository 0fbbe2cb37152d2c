"""The account of a group: rows of ``near_duplicates`` with the keeper's reasons and how each copy relates to it, in words.

What belongs here: the table. Not here: who is whose copy (``stars``) and what a group is called (``naming``).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.schema import NEAR_DUPLICATES
from charassets.similarity.pictures import HASH_BITS, told_sharpness
from charassets.similarity.stars import Asking

_ALONE = "no copy found"
_VARIANT = "no copy, but the drawing of {} with another face, dress, colour or ground"
_CHOSEN = "the one that a person chose"
_SELF, _EXACT, _DUPLICATE = range(3)
_RELATIONS = pa.array(["self", "exact", "duplicate"])
_TOLD = ("width", "height", "frame_box", "alpha_coverage", "sharpness", "tags", "single")


def account(
    pictures: pa.Table,
    asking: Asking,
    keeper: NDArray[np.int64],
    names: pa.Array,
    variants: NDArray[np.int64],
) -> pa.Table:
    """The rows of ``near_duplicates``, in the order of the pictures.

    Args:
        pictures: schema ``PICTURES``, n rows.
        asking: the answers that were given.
        keeper: int64, shape (n,): the keeper of each, by row.
        names: the name of each picture's group.
        variants: int64, shape (n,): for a keeper the keeper of another group whose drawing it shares, else -1.
    """
    n = len(keeper)
    pairs = np.stack([np.arange(n), keeper], axis=1)
    cosine, bits = asking.measured.cosines(pairs), asking.measured.bits(pairs)
    alone = keeper == np.arange(n)
    exact = asking.people.original == asking.people.original[keeper]
    relation = np.where(alone, _SELF, np.where(exact, _EXACT, _DUPLICATE)).astype(np.int8)
    records = pictures["record_id"].combine_chunks()
    looks = _looks(pictures, asking, keeper, np.flatnonzero(relation == _DUPLICATE))
    shared = variants[keeper]
    columns = {
        "record_id": records,
        "group_id": records.take(pa.array(keeper)),
        "group_name": names,
        "keeper": pa.array(alone),
        "single": pictures["single"].combine_chunks(),
        "relation": _RELATIONS.take(pa.array(relation)),
        **{name: looks[name].combine_chunks() for name in ("mirrored", "grey", "crop_of", "place")},
        "cosine": pa.array(cosine, mask=alone | np.isnan(cosine)),
        "phash_distance": pa.array(bits, mask=alone | (bits > HASH_BITS)),
        "variant_of": records.take(pa.array(shared, mask=shared < 0)),
        "reason": _reasons(pictures, asking, keeper, relation, looks, variants),
    }
    schema = NEAR_DUPLICATES.arrow
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _looks(pictures: pa.Table, asking: Asking, keeper: NDArray[np.int64], copies: NDArray[np.int64]) -> pa.Table:
    """What is known of each picture beside its keeper: mirrored, grey, which record shows more, and the place within the keeper.

    Nulls but for copies that were looked at.
    """
    found = asking.details(np.stack([copies, keeper[copies]], axis=1))
    seen = found["box"].is_valid().to_numpy()
    copies, found = copies[seen], found.filter(pa.array(seen))
    left = found["left"].to_numpy()
    boxes = found["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4)
    boxes = np.where(left[:, None], boxes, _inverted(boxes)).astype(np.float32)
    part = found["cropped"].to_numpy() == np.where(left, "left", "right")  # it is the copy that shows less
    whole = pa.array(np.where(part, keeper[copies], copies), mask=~found["cropped"].is_valid().to_numpy())
    place = np.zeros(len(keeper), np.int64)
    place[copies] = np.arange(len(copies))
    unseen = np.ones(len(keeper), bool)
    unseen[copies] = False
    lines = pa.table(
        {
            "mirrored": found["mirrored"],
            "grey": found["grey"],
            "crop_of": pictures["record_id"].take(whole),
            "place": pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel()), 4),
        }
    )
    return lines.take(pa.array(place, mask=unseen))


def _inverted(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """The place of the other within the one, from that of the one within the other; shape (n, 4)."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    width, height = np.maximum(x1 - x0, 1e-6), np.maximum(y1 - y0, 1e-6)
    return np.stack([-x0 / width, -y0 / height, (1 - x0) / width, (1 - y0) / height], axis=1)


def _reasons(
    pictures: pa.Table,
    asking: Asking,
    keeper: NDArray[np.int64],
    relation: NDArray[np.int8],
    looks: pa.Table,
    variants: NDArray[np.int64],
) -> pa.Array:
    """A sentence a picture; those without copies and variants share one, the others are written one by one.

    A keeper that is no single character is not kept: the gates drop it, and its copies with it.
    """
    copies = np.flatnonzero(keeper != np.arange(len(keeper)))
    copies = copies[np.lexsort((asking.people.rank[copies], keeper[copies]))]
    best = keeper[copies]
    first = np.flatnonzero(np.r_[True, best[1:] != best[:-1]] if len(best) else np.empty(0, bool))
    number = np.diff(np.append(first, len(best)))
    said = asking.people.same(np.stack([copies, best], axis=1)) == 1
    columns = [pictures.select(_TOLD).take(pa.array(rows)).to_pylist() for rows in (best, copies)]
    seen = looks.select(["mirrored", "grey", "crop_of"]).take(pa.array(copies)).to_pylist()
    kinds = relation[copies].tolist()
    chosen = asking.people.chosen[best].tolist()
    advantages = [
        _CHOSEN if by_hand else _advantage(one, other) for by_hand, one, other in zip(chosen, *columns, strict=True)
    ]
    passes = [one["single"] for one in columns[0]]
    lines = [
        f"{_what(kind, look, said=by_people)}; of the two {advantage} "
        + ("is kept" if passed else "stands for both, and the gates drop it")
        for kind, look, by_people, advantage, passed in zip(kinds, seen, said.tolist(), advantages, passes, strict=True)
    ]  # copies come best first: the first of a group is the runner-up
    kept = [
        f"kept of {many + 1} copies: {advantages[at]}"
        if passes[at]
        else f"stands for {many + 1} copies, {advantages[at]}, and is not kept: the gates drop it"
        for at, many in zip(first.tolist(), number.tolist(), strict=True)
    ]
    place = np.zeros(len(keeper), np.int64)
    place[copies], place[best[first]] = 1 + np.arange(len(copies)), 1 + len(copies) + np.arange(len(first))
    alike = np.flatnonzero((place == 0) & (variants >= 0))
    place[alike] = 1 + len(copies) + len(first) + np.arange(len(alike))
    drawings = pictures["record_id"].take(pa.array(variants[alike])).to_pylist()
    told = [_ALONE, *lines, *kept, *(_VARIANT.format(drawing) for drawing in drawings)]
    return pa.array(told, pa.string()).take(pa.array(place))


def _what(relation: int, look: Mapping[str, Any], *, said: bool) -> str:
    """What a copy is to its keeper, in words."""
    if relation == _EXACT:
        return "same bytes"
    if said:
        return "same picture, a person says"
    words = ["mirrored"] * bool(look["mirrored"]) + ["grey"] * bool(look["grey"])
    words += ["cropped or padded"] * (look["crop_of"] is not None)
    return "same picture" + (f" ({', '.join(words)})" if words else "")


def _advantage(best: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first key of the keeper rule in which two pictures differ, in words."""
    if best["single"] != other["single"]:
        return "the one that is a single character"
    sizes = [_size(picture) for picture in (best, other)]
    if math.prod(sizes[0]) != math.prod(sizes[1]):
        framed = " without its frame" if other["frame_box"] or best["frame_box"] else ""
        return "the larger{} ({}x{}, not {}x{})".format(framed, *sizes[0], *sizes[1])
    if _cut_out(best) != _cut_out(other):
        return "the cut-out"
    sharpness = [float(told_sharpness(picture["sharpness"] or 0.0)) for picture in (best, other)]
    if sharpness[0] != sharpness[1]:
        return "the sharper ({:.3g}, not {:.3g})".format(*sharpness)
    if best["tags"] != other["tags"]:
        return f"the one with more tags ({best['tags']}, not {other['tags']})"
    return "the first by record_id"


def _size(picture: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of what a frame surrounds, or of the whole."""
    x0, y0, x1, y1 = picture["frame_box"] or (0, 0, picture["width"], picture["height"])
    return x1 - x0, y1 - y0


def _cut_out(picture: Mapping[str, Any]) -> bool:
    return (1.0 if picture["alpha_coverage"] is None else picture["alpha_coverage"]) < 1
