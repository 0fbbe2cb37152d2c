"""Which pairs close hashes propose, against all pairs compared one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charassets.similarity.candidates import by_hash

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
    assert by_hash(near(hashes), near(mirrored), BITS).tolist() == wanted


def test_a_hash_that_everybody_has_is_paired_with_its_first_few_only():
    blank = near([0] * 1_000)
    pairs = by_hash(blank, near([(1 << 63) + 5] * 1_000), BITS)
    assert len(pairs) < 4 * 1_000
    assert set(np.unique(pairs).tolist()) == set(range(1_000))  # everyone still meets the first
    assert (pairs[:, 0] < 4).all()
