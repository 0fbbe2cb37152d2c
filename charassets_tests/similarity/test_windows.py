"""Windows of grey pictures against windows that are measured one by one, and medians against NumPy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from charassets.similarity.overlay import _median
from charassets.similarity.windows import averaged, correlated, correlation, windows_of


@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-300, 300, width=32)))
def test_the_median_is_numpys(values: np.ndarray):
    assert _median(values) == float(np.median(values))


@settings(deadline=None)
@given(st.integers(0, 1 << 30))
def test_windows_are_correlated_as_numpy_does_pixel_by_pixel(seed: int):
    random, side = np.random.default_rng(seed), 5
    left, right = (random.uniform(0, 255, (11, 13)).astype(np.float32) for _ in range(2))
    weight = (random.random((11, 13)) < 0.8).astype(np.float32)
    share = np.maximum(averaged(weight, side), 1e-3)
    own, other = (windows_of(values, weight, share, side) for values in (left, right))
    found = correlation(own, other, weight, share, side)
    assert np.array_equal(found, correlated(own, right, weight, share, side)[1])
    for y, x in ((0, 0), (5, 6), (10, 12), (3, 11)):
        window = slice(max(0, y - 2), y + 3), slice(max(0, x - 2), x + 3)
        counts = weight[window] > 0
        if np.count_nonzero(counts) > 2:  # noqa: PLR2004 - fewer say nothing
            wanted = np.corrcoef(left[window][counts], right[window][counts])[0, 1]
            assert abs(found[y, x] - wanted) < 1e-2
