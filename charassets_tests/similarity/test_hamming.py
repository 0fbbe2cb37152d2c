"""Differing bits of codes, counted one by one."""

import numpy as np
import pytest

from charassets.similarity.hamming import differing_bits


@pytest.mark.parametrize("width", [8, 12, 16, 32])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 130), (128, 5)])
def test_bits_are_those_counted_one_by_one(width, n, m):
    random = np.random.default_rng(width)
    codes, others = (random.integers(0, 256, (rows, width), np.uint8) for rows in (n, m))
    others[0] = codes[0]
    apart = np.unpackbits(np.bitwise_xor(codes[:, None], others[None]), axis=2).sum(axis=2)
    assert differing_bits(codes, others).tolist() == apart.tolist()


def test_of_no_codes_there_are_none():
    some, none = np.zeros((3, 16), np.uint8), np.zeros((0, 16), np.uint8)
    assert differing_bits(some, none).shape == (3, 0) and differing_bits(none, some).shape == (0, 3)


def test_codes_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="of 16 and of 8 bytes"):
        differing_bits(np.zeros((3, 16), np.uint8), np.zeros((3, 8), np.uint8))
