"""Groups of copies of one picture: stars, in which every member was compared with its keeper.

What belongs here: how answers about pairs become groups, and which copy is kept. Not here: the answers (``answers``,
``judgement``), which pairs are asked about (``candidates``), and which records are looked at at all (the stage).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.curation.decisions import Decisions
from charassets.schema import NEAR_DUPLICATES
from charassets.similarity.answers import DUPLICATE, VARIANT, Answers, by_two_keys
from charassets.similarity.candidates import Pairs, by_hash, by_words, tidy
from charassets.similarity.continuity import carried_over
from charassets.similarity.vectors import Vectors

PICTURES = pa.schema(
    [
        pa.field("record_id", pa.string(), False),
        pa.field("image_id", pa.string()),
        pa.field("single", pa.bool_(), False),
        pa.field("phash", pa.uint64()),
        pa.field("phash_mirrored", pa.uint64()),
        pa.field("signatures", pa.binary()),
        pa.field("signatures_mirrored", pa.binary()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("sharpness", pa.float32()),
        pa.field("tags", pa.int32(), False),
    ]
)
"""What the rule knows of a picture; ``tags`` is their number, ``single`` the gate's verdict."""

_HASH_BITS = 64
_PAIR_BLOCK = 65_536
_ALONE = "no copy found"


@dataclass(frozen=True)
class DuplicateRule:
    """Which pairs are looked at, and when two pictures are the same where nobody can look.

    Attributes:
        cosine: least similarity of the embeddings of two copies without previews.
        phash_bits: most differing bits of the hashes of two copies without previews; hashes this close are looked at. Ten bits
            alone would join 125,000 strangers among five million pictures, a similarity alone every costume of a character.
        neighbours: nearest neighbours of each picture that are looked at, however far they are.
    """

    cosine: float
    phash_bits: int
    neighbours: int


@dataclass(frozen=True)
class Copies:
    """The groups, and what people said that could not be kept.

    Attributes:
        rows: rows of ``near_duplicates``, in the order of the pictures.
        unkept: a sentence for every such word.
    """

    rows: pa.Table
    unkept: tuple[str, ...] = ()


def group_duplicates(
    pictures: pa.Table,
    vectors: Vectors,
    near: Pairs,
    rule: DuplicateRule,
    answers: Answers,
    *,
    decisions: Decisions | None = None,
    before: Mapping[str, str] | None = None,
) -> Copies:
    """The duplicate group of every picture.

    Exact copies (equal ``image_id``) come first: one of them stands for all. Pairs with close hashes, shared corners or near
    embeddings are answered, and those that are copies make connected components; in each the best picture that is left becomes
    a keeper and takes the pictures that are copies *of it*, until none is left. Hence no chain of near misses welds strangers,
    two crops of one original meet at it, and the groups depend on the set of pictures alone: neither on the order of the rows
    nor on the order in which shards came.

    Args:
        pictures: schema ``PICTURES``, one row a record, each record once.
        vectors: their embeddings.
        near: pairs of neighbours by embedding, by row of ``pictures``.
        rule: which pairs are looked at.
        answers: given before, and how to find others; it learns the new ones.
        decisions: what people said of copies; it is believed.
        before: record to the name of its group in the run before.

    Returns:
        The keeper is the one people chose, then a single character, then the largest by area, the sharpest, the one with most
        tags, and the first by ``record_id``.
    """
    measured = Measured.of(pictures, vectors)
    people = _Said.of(decisions or Decisions(), pictures["record_id"].to_pylist(), measured)
    asking = _Asking(measured, people, rule, answers)
    among = np.flatnonzero(people.original == np.arange(len(people.original)))
    pairs = _candidates(pictures, measured, among, people.original, near, rule)
    keeper = _stars(asking, people, np.concatenate([pairs, people.tied_pairs(among)]))[people.original]
    names = _names(pictures["record_id"].to_pylist(), keeper, people.rank, before or {})
    variants = _variants(asking, pairs, keeper, people.rank)
    return Copies(_rows(pictures, asking, keeper, names, variants), people.unkept(keeper))


@dataclass(frozen=True)
class Measured:
    """The pictures as arrays of length n; ``rank`` is 0 for the best keeper."""

    content: NDArray[np.int64]
    image_ids: list[str | None]
    phash: NDArray[np.uint64]
    mirrored: NDArray[np.uint64]
    hashed: NDArray[np.bool_]
    rank: NDArray[np.int64]
    vectors: Vectors

    @classmethod
    def of(cls, pictures: pa.Table, vectors: Vectors) -> "Measured":
        """From the rows of ``PICTURES``."""
        area = pictures["width"].to_numpy().astype(np.int64) * pictures["height"].to_numpy()
        others = pictures["single"].to_numpy().astype(np.int8) ^ 1
        keys = pa.table(
            [others, area, *pictures.select(["sharpness", "tags", "record_id"]).columns, np.arange(len(area))],
            list("oastri"),
        )
        falling = [(name, "descending") for name in "ast"]
        order = keys.sort_by([("o", "ascending"), *falling, ("r", "ascending")])["i"].to_numpy()
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        codes = pictures["image_id"].combine_chunks().dictionary_encode().indices
        content = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        hashed = pictures["phash"].is_valid().to_numpy()
        phash, mirrored = (
            pictures[name].fill_null(0).to_numpy().astype(np.uint64) for name in ("phash", "phash_mirrored")
        )
        return cls(content, pictures["image_id"].to_pylist(), phash, mirrored, hashed, rank, vectors)

    def cosines(self, pairs: Pairs) -> NDArray[np.float32]:
        """Similarity of the pairs' embeddings, NaN where one has none."""
        cosine = np.full(len(pairs), np.nan, np.float32)
        rows = self.vectors.row[pairs[:, 0]], self.vectors.row[pairs[:, 1]]
        for part in _parts(np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))):
            a, b = (self.vectors.values[r[part]].astype(np.float32) for r in rows)
            cosine[part] = np.einsum("nd,nd->n", a, b)
        return np.minimum(cosine, 1.0)

    def bits(self, pairs: Pairs, *, mirrored: bool = False) -> NDArray[np.int32]:
        """Differing bits of the pairs' hashes, or of one's and the other's mirror image; 65 without hashes."""
        right = self.mirrored if mirrored else self.phash
        bits = np.bitwise_count(self.phash[pairs[:, 0]] ^ right[pairs[:, 1]]).astype(np.int32)
        bits[~(self.hashed[pairs[:, 0]] & self.hashed[pairs[:, 1]])] = _HASH_BITS + 1
        return bits


def _parts(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (indices[i : i + _PAIR_BLOCK] for i in range(0, len(indices), _PAIR_BLOCK))


@dataclass(frozen=True)
class _Said:
    """What people said, by row: ``tied`` is the number of the group of copies they made (-1: none), ``cut`` the pairs apart."""

    original: NDArray[np.int64]
    rank: NDArray[np.int64]
    tied: NDArray[np.int64]
    cut: frozenset[tuple[int, int]]
    records: list[str]

    @classmethod
    def of(cls, decisions: Decisions, records: list[str], measured: Measured) -> "_Said":
        place = {record: i for i, record in enumerate(records)}
        original = _exact_originals(measured.content, measured.rank)
        tied = np.full(len(records), -1)
        for number, group in enumerate(decisions.copies.same):
            tied[[original[place[r]] for r in group if r in place]] = number
        sides = [
            *decisions.copies.different,
            *((frozenset([k]), keep.kept - {k}) for keep in decisions.keeps for k in keep.kept),
        ]
        ends = (
            (original[place[a]], original[place[b]])
            for one, two in sides
            for a in one
            for b in two
            if {a, b} <= place.keys()
        )
        cut = frozenset((min(a, b), max(a, b)) for a, b in ends)
        chosen = np.zeros(len(records), bool)
        chosen[[original[place[k]] for keep in decisions.keeps for k in keep.kept if k in place]] = True
        rank = np.empty(len(records), np.int64)
        rank[np.lexsort((measured.rank, ~chosen))] = np.arange(len(records))
        return cls(original, rank, tied, cut, records)

    def same(self, a: int, b: int) -> bool | None:
        """Whether people called two pictures copies, or no copies; None where they said nothing."""
        if (min(a, b), max(a, b)) in self.cut:
            return False
        return True if self.tied[a] >= 0 and self.tied[a] == self.tied[b] else None

    def tied_pairs(self, among: NDArray[np.int64]) -> Pairs:
        """One pair for every picture but the first of each group that people made."""
        found = among[self.tied[among] >= 0]
        order = found[np.argsort(self.tied[found], kind="stable")]
        chained = np.stack([order[:-1], order[1:]], axis=1) if len(order) > 1 else np.empty((0, 2), np.int64)
        return tidy(chained[self.tied[chained[:, 0]] == self.tied[chained[:, 1]]])

    def unkept(self, keeper: NDArray[np.int64]) -> tuple[str, ...]:
        """Pictures that people kept apart and that have the same bytes or one keeper all the same."""
        return tuple(
            f"{self.records[a]} and {self.records[b]} have the same bytes and stay together"
            for a, b in sorted(self.cut)
            if keeper[a] == keeper[b]
        )


def _exact_originals(content: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every picture the best-ranked one with the same bytes (itself, where there is no other)."""
    original = np.arange(len(rank))
    order = np.lexsort((rank, content))
    sorted_content = content[order]
    first = np.r_[True, sorted_content[1:] != sorted_content[:-1]] if len(order) else np.empty(0, bool)
    leader = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    known = sorted_content >= 0
    original[order[known]] = leader[known]
    return original


@dataclass(frozen=True)
class _Asking:
    """Answers about pairs of rows."""

    measured: Measured
    people: _Said
    rule: DuplicateRule
    answers: Answers

    def name(self, a: int, b: int) -> tuple[str, str] | None:
        """The pair's contents, the smaller first; None where one has no content id."""
        left, right = self.measured.image_ids[a], self.measured.image_ids[b]
        return None if left is None or right is None else (left, right) if left < right else (right, left)

    def answer(self, pairs: Pairs) -> list[str]:
        """The answers; pairs that nobody looked at before are looked at."""
        names = [self.name(a, b) for a, b in pairs.tolist()]
        bits, mirrored = self.measured.bits(pairs), self.measured.bits(pairs, mirrored=True)
        there = [i for i, name in enumerate(names) if name is not None]
        self.answers.ask([names[i] for i in there if names[i] is not None], bits[there], mirrored[there])  # type: ignore[misc]
        cosines = self.measured.cosines(pairs)
        found = []
        for i, (a, b) in enumerate(pairs.tolist()):
            said = self.people.same(a, b)
            name = names[i]
            row = None if name is None else self.answers.of(name)
            if said is not None:
                found.append(DUPLICATE if said else VARIANT)
            elif row is not None:
                found.append(row[2])
            else:
                found.append(by_two_keys(float(cosines[i]), int(bits[i]), self.rule.cosine, self.rule.phash_bits))
        return found


def _candidates(
    pictures: pa.Table,
    measured: Measured,
    among: NDArray[np.int64],
    original: NDArray[np.int64],
    near: Pairs,
    rule: DuplicateRule,
) -> Pairs:
    """Pairs of different contents worth asking about, from all three keys."""
    hashed = among[measured.hashed[among]]
    hashed = hashed[np.argsort(measured.rank[hashed])]  # an order that belongs to the pictures
    found = [original[near], hashed[by_hash(measured.phash[hashed], measured.mirrored[hashed], rule.phash_bits)]]
    signed = pictures.take(pa.array(hashed))
    sides = [[s or b"" for s in signed[name].to_pylist()] for name in ("signatures", "signatures_mirrored")]
    found.append(hashed[by_words(*sides)])
    pairs = tidy(np.concatenate(found))
    return pairs[measured.hashed[pairs].all(axis=1)]


def _stars(asking: _Asking, people: _Said, pairs: Pairs) -> NDArray[np.int64]:
    """For every picture its keeper; those without a confirmed pair keep themselves."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(people.rank)
    keeper = np.arange(n)
    pairs = tidy(pairs)
    pairs = pairs[[answer == DUPLICATE for answer in asking.answer(pairs)]]
    if not len(pairs):
        return keeper
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(edges, directed=False)
    touched = np.unique(pairs)
    order = touched[np.lexsort((people.rank[touched], component[touched]))]
    left = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    while left:  # one keeper of each component a round, so that their pairs are asked together
        asked = [np.stack([np.full(len(rest) - 1, rest[0]), rest[1:]], axis=1) for rest in left]
        copies = np.array([a == DUPLICATE for a in asking.answer(np.concatenate(asked))], bool)
        split = np.split(copies, np.cumsum([len(part) for part in asked])[:-1])
        following = []
        for rest, joined in zip(left, split, strict=True):
            keeper[rest[1:][joined]] = rest[0]
            if not joined.all():
                following.append(rest[1:][~joined])
        left = following
    return keeper


def _names(
    records: list[str], keeper: NDArray[np.int64], rank: NDArray[np.int64], before: Mapping[str, str]
) -> list[str]:
    """The name of every picture's group: what most of its members were called before, else its keeper's record_id."""
    order = np.lexsort((rank, keeper))
    groups = np.split(order, np.flatnonzero(np.diff(keeper[order])) + 1) if len(order) else []
    groups = sorted(groups, key=lambda members: records[keeper[members[0]]])
    inherited = carried_over(before, [[records[m] for m in members] for members in groups])
    taken = {name for name in inherited if name is not None}
    names = [""] * len(records)
    for members, name in zip(groups, inherited, strict=True):
        if name is None:  # a keeper's name may live on in a group that it left
            own = (records[m] for m in members if records[m] not in taken)
            name = next(own, f"{records[members[0]]}+")
            taken.add(name)
        for member in members:
            names[member] = name
    return names


def _variants(asking: _Asking, pairs: Pairs, keeper: NDArray[np.int64], rank: NDArray[np.int64]) -> dict[int, int]:
    """Keeper to the best-ranked keeper of another group whose drawing it shares."""
    best: dict[int, int] = {}
    for (a, b), answer in zip(pairs.tolist(), asking.answer(pairs), strict=True):
        if answer == VARIANT and asking.people.same(a, b) is None and keeper[a] != keeper[b]:
            low, high = sorted((int(keeper[a]), int(keeper[b])), key=lambda i: rank[i])
            if high not in best or rank[low] < rank[best[high]]:
                best[high] = low
    return best


def _rows(
    pictures: pa.Table, asking: _Asking, keeper: NDArray[np.int64], names: list[str], variants: Mapping[int, int]
) -> pa.Table:
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
        "phash_distance": pa.array(bits, mask=alone | (bits > _HASH_BITS)),
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


def _looks(asking: _Asking, records: list[str], keeper: NDArray[np.int64], relation: NDArray[np.str_]) -> list[Look]:
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
    asking: _Asking,
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


def _what(asking: _Asking, copy: int, best: int, relation: str, look: Look) -> str:
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
