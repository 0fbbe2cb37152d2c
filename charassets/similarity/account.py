"""The account of a group: rows of ``near_duplicates`` with the keeper's reasons and how each copy relates to it, in words.

What belongs here: the table. Not here: who is whose copy (``stars``) and what a group is called (``continuity``).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.schema import NEAR_DUPLICATES
from charassets.similarity.answers import DUPLICATE
from charassets.similarity.pictures import HASH_BITS
from charassets.similarity.stars import Asking

_ALONE = "no copy found"


def account(
    pictures: pa.Table, asking: Asking, keeper: NDArray[np.int64], names: list[str], variants: Mapping[int, int]
) -> pa.Table:
    """The rows of ``near_duplicates``, in the order of the pictures.

    Args:
        pictures: schema ``PICTURES``, n rows.
        asking: the answers that were given.
        keeper: int64, shape (n,): the keeper of each, by row.
        names: the name of each picture's group.
        variants: keeper to the keeper of another group whose drawing it shares, by row.
    """
    n = len(keeper)
    pairs = np.stack([np.arange(n), keeper], axis=1)
    cosine, bits = asking.measured.cosines(pairs), asking.measured.bits(pairs)
    alone = keeper == np.arange(n)
    exact = asking.people.original == asking.people.original[keeper]
    relation = np.where(alone, "self", np.where(exact, "exact", "duplicate"))
    records = pictures["record_id"].to_pylist()
    looks = _looks(asking, records, keeper, relation)
    variant_of = [records[variants[k]] if k in variants else None for k in keeper.tolist()]
    columns = {
        "record_id": pictures["record_id"],
        "group_id": pictures["record_id"].take(pa.array(keeper)),
        "group_name": pa.array(names, pa.string()),
        "keeper": pa.array(alone),
        "single": pictures["single"],
        "relation": pa.array(relation.astype(object), pa.string()),
        **{name: [look[i] for look in looks] for i, name in enumerate(("mirrored", "grey", "crop_of", "place"))},
        "cosine": pa.array(cosine, mask=alone | np.isnan(cosine)),
        "phash_distance": pa.array(bits, mask=alone | (bits > HASH_BITS)),
        "variant_of": pa.array(variant_of, pa.string()),
        "reason": pa.array(_reasons(pictures, asking, keeper, relation, looks), pa.string()),
    }
    schema = NEAR_DUPLICATES.arrow
    return pa.table(
        [
            pa.chunked_array([c]) if isinstance(c, pa.Array) else c
            for c in (
                pa.array(columns[f.name], f.type) if isinstance(columns[f.name], list) else columns[f.name]
                for f in schema
            )
        ],
        names=schema.names,
    ).cast(schema)


Look = tuple[bool | None, bool | None, str | None, list[float] | None]
"""Mirrored, grey, which record shows more, and the place within the keeper."""


def _looks(asking: Asking, records: list[str], keeper: NDArray[np.int64], relation: NDArray[np.str_]) -> list[Look]:
    found: list[Look] = [(None, None, None, None)] * len(records)
    for i in np.flatnonzero(relation == "duplicate").tolist():
        name = asking.name(i, int(keeper[i]))
        row = asking.answers.of(name) if name is not None else None
        if name is None or row is None or row[2] != DUPLICATE or row[10] is None:
            continue
        left = name[0] == asking.measured.image_ids[i]
        box = row[10] if left else _inverted(row[10])
        part = None if row[5] is None else (row[5] == "left") == left
        whole = None if part is None else records[keeper[i]] if part else records[i]
        found[i] = (row[3], row[4], whole, box)
    return found


def _inverted(box: list[float]) -> list[float]:
    """The place of the other within the one, from that of the one within the other."""
    x0, y0, x1, y1 = box
    width, height = max(x1 - x0, 1e-6), max(y1 - y0, 1e-6)
    return [-x0 / width, -y0 / height, (1 - x0) / width, (1 - y0) / height]


def _reasons(
    pictures: pa.Table,
    asking: Asking,
    keeper: NDArray[np.int64],
    relation: NDArray[np.str_],
    looks: list[Look],
) -> list[str]:
    reasons = [_ALONE] * len(keeper)
    copies = np.flatnonzero(keeper != np.arange(len(keeper)))
    if not len(copies):
        return reasons
    copies = copies[np.lexsort((asking.people.rank[copies], keeper[copies]))]
    shown = np.unique(np.concatenate([copies, keeper[copies]]))
    told = pictures.select(["width", "height", "sharpness", "tags", "single"])
    lines = dict(zip(shown.tolist(), told.take(pa.array(shown)).to_pylist(), strict=True))
    number = Counter(keeper[copies].tolist())
    for copy, best in zip(copies.tolist(), keeper[copies].tolist(), strict=True):
        advantage = _advantage(lines[best], lines[copy])
        reasons[copy] = f"{_what(asking, copy, best, str(relation[copy]), looks[copy])}; of the two {advantage} is kept"
        if reasons[best] == _ALONE:  # copies come best first: this one is the runner-up
            reasons[best] = f"kept of {number[best] + 1} copies: {advantage}"
    return reasons


def _what(asking: Asking, copy: int, best: int, relation: str, look: Look) -> str:
    """What a copy is to its keeper, in words."""
    if relation == "exact":
        return "same bytes"
    if asking.people.same(copy, best):
        return "same picture, a person says"
    mirrored, grey, whole, _ = look
    words = ["mirrored"] * bool(mirrored) + ["grey"] * bool(grey) + ["cropped or padded"] * (whole is not None)
    return "same picture" + (f" ({', '.join(words)})" if words else "")


def _advantage(best: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first key of the keeper rule in which two pictures differ, in words."""
    if best["single"] != other["single"]:
        return "the one that is a single character"
    if best["width"] * best["height"] != other["width"] * other["height"]:
        return f"the larger ({best['width']}x{best['height']}, not {other['width']}x{other['height']})"
    if best["sharpness"] != other["sharpness"]:
        return f"the sharper ({best['sharpness']:.1f}, not {other['sharpness']:.1f})"
    if best["tags"] != other["tags"]:
        return f"the one with more tags ({best['tags']}, not {other['tags']})"
    return "the first by record_id"
