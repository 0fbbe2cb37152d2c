"""The order of close looks: every pair once, and pictures that are compared with each other close together."""

from collections import OrderedDict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.candidates import tidy
from charassets.similarity.looking_order import order_of


def looked_at(pairs: np.ndarray, at_hand: int) -> int:
    """How often a picture has to be looked at when so many stay at hand."""
    seen: OrderedDict[int, None] = OrderedDict()
    count = 0
    for picture in pairs.ravel().tolist():
        count += picture not in seen
        seen[picture] = None
        seen.move_to_end(picture)
        if len(seen) > at_hand:
            seen.popitem(last=False)
    return count


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40))
def test_every_pair_comes_once(drawn: list[tuple[int, int]]):
    pairs = tidy(np.array(drawn, np.int64).reshape(-1, 2))
    assert sorted(order_of(pairs, 21).tolist()) == list(range(len(pairs)))


def test_crowds_of_pictures_with_strangers_between_them_are_looked_at_one_after_the_other():
    random = np.random.default_rng(0)
    crowd = random.permutation(np.arange(1_200) // 20)  # sixty crowds of twenty, rows mixed
    members = [np.flatnonzero(crowd == c) for c in range(60)]
    inside = np.concatenate([random.choice(rows, (150, 2)) for rows in members])
    across = random.integers(0, 1_200, (300, 2))
    pairs = tidy(np.concatenate([inside, across]))
    ordered = pairs[order_of(pairs, 1_200)]
    assert looked_at(ordered, 100) <= 1_200 + 450  # each once, and once more for a stranger
    assert looked_at(pairs, 100) > 4 * looked_at(ordered, 100)
