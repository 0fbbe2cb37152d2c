"""Which pairs shared corners propose, against pictures compared word by word; and the places the work is put away in."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.images.local_features import SIGNATURE_BYTES
from charassets.similarity import buckets, shared_words, words
from charassets.similarity.buckets import Buckets
from charassets.similarity.shared_words import VOTES, Shared

_CORNERS = [bytes([number] * SIGNATURE_BYTES) for number in range(12)]
_HALF = [corner[:6] + bytes(6) for corner in _CORNERS]  # share two of their four words
_PICTURES = st.lists(st.lists(st.sampled_from([*_CORNERS, *_HALF]), max_size=4).map(b"".join), max_size=8)


def told(picture: bytes) -> set[tuple[int, bytes]]:
    """The words of a picture, each with its number within the signature."""
    corners = (picture[i : i + SIGNATURE_BYTES] for i in range(0, len(picture), SIGNATURE_BYTES))
    return {(number, corner[3 * number : 3 * number + 3]) for corner in corners for number in range(4)}


def one_by_one(straight: list[bytes], mirrored: list[bytes]) -> list[list[int]]:
    plain, turned = [told(p) for p in straight], [told(p) for p in mirrored]
    wanted = []
    for i in range(len(plain)):
        for j in range(i + 1, len(plain)):
            across = len(plain[i] & turned[j]) + len(plain[j] & turned[i])
            if len(plain[i] & plain[j]) >= VOTES or across >= 2 * VOTES - 1:
                wanted.append([i, j])
    return wanted


def table(straight: list[bytes], mirrored: list[bytes]) -> pa.Table:
    return pa.table(
        {"signatures": pa.array(straight, pa.binary()), "signatures_mirrored": pa.array(mirrored, pa.binary())}
    )


def owned(pieces: list[pa.Table], places: np.ndarray) -> list[tuple[np.ndarray, pa.Table]]:
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    return [(places[start : start + len(piece)], piece) for start, piece in zip(starts, pieces, strict=False)]


def by_words(pieces: list[pa.Table], places: np.ndarray) -> np.ndarray:
    return shared_words.shared_words(owned(pieces, places), int((places >= 0).sum())).pairs


@settings(deadline=None)
@given(_PICTURES, st.randoms(use_true_random=False), st.integers(1, 8))
def test_pairs_are_those_that_share_words_however_the_rows_are_cut(straight: list[bytes], random, cut: int):
    mirrored = random.sample(straight, len(straight))
    rows = table(straight, mirrored)
    pieces = [rows.slice(i, cut) for i in range(0, len(rows), cut)]
    assert by_words(pieces, np.arange(len(rows))).tolist() == one_by_one(straight, mirrored)


@settings(deadline=None)
@given(_PICTURES, st.randoms(use_true_random=False))
def test_pairs_are_named_by_place_and_pictures_without_one_are_left_out(straight: list[bytes], random):
    order = random.sample(range(len(straight)), len(straight))
    places = np.array([place if place % 3 else -1 for place in order], np.int64)
    kept = {place: picture for place, picture in zip(places.tolist(), straight, strict=True) if place >= 0}
    blank = [kept.get(place, b"") for place in range(len(straight))]
    found = by_words([table(straight, straight)], places).tolist()
    assert found == [pair for pair in one_by_one(blank, blank) if set(pair) <= kept.keys()]


def test_many_buckets_on_disk_give_the_pairs_of_one_in_memory(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    corners = [bytes(row) for row in random.integers(0, 256, (300, SIGNATURE_BYTES), np.uint8)]
    pictures = [b"".join(corners[i] for i in random.integers(0, 300, 12)) for _ in range(400)]
    at_once = by_words([table(pictures, pictures[::-1])], np.arange(400))
    monkeypatch.setattr(shared_words, "_WORDS_A_BUCKET", 20_000)
    monkeypatch.setattr(buckets, "_HELD", 10_000)
    by_bucket = by_words([table(pictures, pictures[::-1])], np.arange(400))
    assert len(at_once) > 50
    assert np.array_equal(at_once, by_bucket)


def test_a_word_that_everybody_has_says_nothing():
    everybody = [_CORNERS[0]] * 200
    assert len(by_words([table(everybody, [b""] * 200)], np.arange(200))) == 0


def test_wide_words_find_the_copies_that_narrow_ones_find(monkeypatch: pytest.MonkeyPatch):
    copies = [_CORNERS[i % 6] * 1 + _CORNERS[(i + 1) % 6] for i in range(12)]
    narrow = by_words([table(copies, [b""] * 12)], np.arange(12)).tolist()
    monkeypatch.setattr(words, "WIDE_FROM", 2)
    wide = by_words([table(copies, [b""] * 12)], np.arange(12)).tolist()
    assert [[i, i + 6] for i in range(6)] == [pair for pair in wide if pair[1] - pair[0] == 6]
    assert {tuple(pair) for pair in wide} <= {tuple(pair) for pair in narrow}


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 5))
def test_buckets_give_back_every_number_with_those_it_belongs_to(numbers: list[int], count: int):
    held = Buckets(count)
    values = np.array(numbers, np.uint64)
    held.add(values, values // np.uint64(3))
    found = [held.take(bucket).tolist() for bucket in range(len(held))]
    assert Counter(n for part in found for n in part) == Counter(numbers)
    homes: dict[int, set[int]] = {}
    for bucket, part in enumerate(found):
        for number in part:
            homes.setdefault(number // 3, set()).add(bucket)
    assert all(len(where) == 1 for where in homes.values())
    assert all(len(held.take(bucket)) == 0 for bucket in range(len(held)))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[pa.Table, np.ndarray]:
    """Pictures of which many have the same few corners, straight or in the mirror, and when each came."""
    random = draw(st.randoms(use_true_random=False))
    corners = _CORNERS[: draw(st.integers(2, 6))]
    many = st.integers(0, 90)

    def made(count: int) -> list[bytes]:
        return [b"".join(random.sample(corners, random.randint(0, 2))) for _ in range(count)]

    pictures = [*made(draw(many)), *draw(_PICTURES)]
    turned = [random.choice([b"", random.choice(pictures)]) for _ in pictures]
    came = [random.randint(0, draw(st.integers(0, 3))) for _ in pictures]
    return table(pictures, turned), np.array(came, np.int64)


@settings(deadline=None, max_examples=100)
@given(crowds())
def test_pictures_added_in_any_order_share_what_they_share_at_once(crowd: tuple[pa.Table, np.ndarray]):
    signed, came = crowd
    places, n = np.arange(len(came)), len(came)
    whole = shared_words.shared_words(owned([signed], places), n)
    shared = shared_words.shared_words([], 0)
    for turn in range(4):
        new, old = (np.where(wanted, places, -1) for wanted in (came == turn, came < turn))
        shared = shared_words.with_more(shared, owned([signed], new), owned([signed], old), n)
    assert told_of(shared) == told_of(whole)


def told_of(shared: Shared) -> dict[int, int]:
    return dict(zip(shared.keys.tolist(), shared.votes.tolist(), strict=True))


@pytest.mark.parametrize("quick_bits", [11, 25], ids=["too many for the quick table", "few"])
@pytest.mark.parametrize("wide", [False, True])
def test_marked_words_are_found_and_few_others(wide: bool, quick_bits: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(words, "_QUICK_BITS", quick_bits)
    random = np.random.default_rng(0)
    length = 32 if wide else 24
    held = random.integers(0, 1 << length, (20_000, 3 if wide else 4)).astype(np.uint32)
    places = np.arange(held.shape[1], dtype=np.uint64) << np.uint64(length)
    some = np.sort(random.choice(held.size, 500, replace=False))
    marked = words.Marked((held.astype(np.uint64) | places).ravel()[some], wide=wide)
    found = marked.among(held)
    assert (np.diff(found) > 0).all() and np.isin(some, found).all()
    assert len(found) - len(some) < held.size / 100
    elsewhere = marked.among(np.roll(held, 1, axis=1))  # the same words at other places of their signatures
    assert len(elsewhere) < held.size / 100
    assert not len(marked.among(held[:0]))
