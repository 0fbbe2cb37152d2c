"""Which pairs close hashes propose, against all pairs compared one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity import close_hashes
from charassets.similarity.by_hash import by_hash
from charassets.similarity.candidates import tidy

BITS = 3
_HASHES = st.lists(st.integers(0, 63), max_size=15)  # six bits: most are close to some other


def near(hashes: list[int]) -> np.ndarray:
    return np.array(hashes, np.uint64)


@given(_HASHES, st.randoms(use_true_random=False))
def test_pairs_are_those_whose_hashes_are_close_straight_or_in_the_mirror(hashes: list[int], random):
    mirrored = [random.randrange(1 << 40, 1 << 63) if random.random() < 0.7 else h for h in hashes]
    wanted = [
        [i, j]
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if min(
            (hashes[i] ^ hashes[j]).bit_count(),
            (hashes[i] ^ mirrored[j]).bit_count(),
            (hashes[j] ^ mirrored[i]).bit_count(),
        )
        <= BITS
    ]
    assert by_hash(near(hashes), near(mirrored), BITS).pairs.tolist() == wanted


def test_a_hash_that_everybody_has_is_paired_with_its_first_few_only():
    blank = near([0] * 1_000)
    pairs = by_hash(blank, near([(1 << 63) + 5] * 1_000), BITS).pairs
    assert len(pairs) < 4 * 1_000
    assert set(np.unique(pairs).tolist()) == set(range(1_000))  # everyone still meets the first
    assert (pairs[:, 0] < 4).all()


@pytest.mark.parametrize("most_bits", [3, 7, 10])
def test_among_many_hashes_those_that_share_a_band_but_for_one_bit_are_paired(
    most_bits: int, monkeypatch: pytest.MonkeyPatch
):
    random = np.random.default_rng(4)
    hashes = random.integers(0, 1 << 63, 400, np.uint64)
    hashes = np.concatenate([hashes, hashes[:200]])
    for _ in range(9):  # copies differ in up to nine bits
        flips = np.uint64(1) << random.integers(0, 64, 200).astype(np.uint64)
        hashes[400:] ^= np.where(random.random(200) < 0.7, flips, np.uint64(0))
    mirrored = random.permutation(hashes) ^ np.uint64(1 << 17)

    def close(a: np.uint64, b: np.uint64) -> bool:
        apart = int(a ^ b)
        banded = any(((apart >> shift) & 0xFFFF).bit_count() <= 1 for shift in (0, 16, 32, 48))
        return apart.bit_count() <= most_bits and banded

    wanted = [
        [i, j]
        for i in range(600)
        for j in range(i + 1, 600)
        if close(hashes[i], hashes[j]) or close(hashes[i], mirrored[j]) or close(hashes[j], mirrored[i])
    ]
    monkeypatch.setattr(close_hashes, "FOUND_UP_TO", 0)
    monkeypatch.setattr(close_hashes, "_AT_ONCE", 1_000)
    assert len(wanted) > 200
    assert by_hash(hashes, mirrored, most_bits).pairs.tolist() == wanted


@pytest.mark.parametrize("most_bits", [10, 11, 12])
def test_of_a_few_thousand_hashes_every_close_pair_is_found(most_bits: int):
    random = np.random.default_rng(5)
    hashes = random.integers(0, 1 << 63, 900, np.uint64)
    for flips in range(13):  # the other half: copies that differ in up to thirteen bits, wherever they are
        some = slice(450 + flips * 34, 450 + (flips + 1) * 34)
        for row in range(*some.indices(900)):
            hashes[row] = hashes[row - 450] ^ np.bitwise_or.reduce(
                np.uint64(1) << random.choice(64, flips + 1, replace=False).astype(np.uint64)
            )
    mirrored = random.permutation(hashes)
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])
    across = np.bitwise_count(hashes[:, None] ^ mirrored[None])
    near = np.minimum(np.minimum(across, across.T), apart) <= most_bits
    wanted = np.argwhere(np.triu(near, 1))
    assert len(wanted) > 500
    assert by_hash(hashes, mirrored, most_bits).pairs.tolist() == wanted.tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 31), st.integers(0, 1 << 31)), max_size=12))
def test_tidy_pairs_are_sorted_and_each_is_there_once(pairs: list[tuple[int, int]]):
    wanted = sorted({tuple(sorted(pair)) for pair in pairs if pair[0] != pair[1]})
    assert tidy(np.array(pairs, np.int64).reshape(-1, 2)).tolist() == [list(pair) for pair in wanted]


_POOL = np.unique(np.random.default_rng(6).integers(0, 1 << 63, 40, np.uint64))
_POOL = np.concatenate([_POOL, _POOL[:20] ^ np.uint64(0b101 << 30), _POOL[:20] ^ np.uint64(1 << 63)])


@given(st.lists(st.sets(st.integers(0, len(_POOL) - 1), min_size=1), min_size=1, max_size=4), st.sampled_from([1, 10]))
@settings(max_examples=100, deadline=None)
def test_pictures_come_and_go_and_pairs_are_those_of_a_search_from_nothing(states: list[set[int]], most_bits: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(close_hashes, "FOUND_UP_TO", 0)
        patched.setattr(close_hashes, "_ADDED", 0)  # however many are new
        before = None
        for state in states:
            some = np.array(sorted(state))
            hashes, mirrored = _POOL[some], _POOL[::-1][some]
            anew = by_hash(hashes, mirrored, most_bits)
            found = by_hash(hashes, mirrored, most_bits, before)
            assert np.array_equal(found.pairs, anew.pairs)
            assert found.kept and anew.kept and found.kept.values.equals(anew.kept.values)
            assert found.kept.close.equals(anew.kept.close)
            before = found.kept


def test_an_addition_compares_its_own_hashes_alone_and_others_when_asked_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(close_hashes, "FOUND_UP_TO", 0)
    searched: list[int] = []
    banded = close_hashes._banded

    def watched(left, right, *args, **more):
        searched.append(len(left))
        return banded(left, right, *args, **more)

    monkeypatch.setattr(close_hashes, "_banded", watched)
    before = by_hash(_POOL[:60], _POOL[:60], BITS).kept
    assert searched == [60, 60]
    by_hash(_POOL[:62], _POOL[:62], BITS, before)
    assert searched[2:] == [2, 2, 2]
    by_hash(_POOL[:62], _POOL[:62], BITS + 1, before)
    assert searched[5:] == [62, 62]
    monkeypatch.setattr(close_hashes, "FOUND_UP_TO", 100)
    assert by_hash(_POOL[:62], _POOL[:62], BITS, before).kept is None
