"""Groups with a planted difference, and groups with none."""

import numpy as np
import pytest

from charassets.design.analysis import FEWEST, separating_features

NAMES = [f"f{k}" for k in range(60)]


def groups(shift, n=80, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 60)), rng.normal(size=(n, 60))
    a[:, 7] += shift
    return a, b


def test_the_planted_difference_comes_first_with_its_size():
    found = separating_features(NAMES, *groups(1.0))
    assert found[0].feature == "f7" and found[0].q < 1e-4
    assert found[0].d == pytest.approx(1.0, abs=0.35) and found[0].auc > 0.7
    assert found[0].mean_a - found[0].mean_b == pytest.approx(1.0, abs=0.35)


def test_without_a_difference_the_correction_lets_hardly_anything_through():
    finds = [s for seed in range(20) for s in separating_features(NAMES, *groups(0.0, seed=seed)) if s.q < 0.05]
    uncorrected = [s for seed in range(20) for s in separating_features(NAMES, *groups(0.0, seed=seed)) if s.p < 0.05]
    assert len(finds) <= 4 and len(uncorrected) > 30


def test_turning_the_groups_around_turns_the_sign():
    a, b = groups(1.0)
    one, other = separating_features(NAMES, a, b), {s.feature: s for s in separating_features(NAMES, b, a)}
    assert all(other[s.feature].d == pytest.approx(-s.d) and other[s.feature].p == pytest.approx(s.p) for s in one)


def test_a_feature_that_is_the_same_everywhere_says_nothing():
    found = separating_features(["flat"], np.ones((20, 1)), np.ones((30, 1)))[0]
    assert (found.d, found.auc, found.p, found.q) == (0, 0.5, 1, 1)


def test_too_few_pictures_are_refused_with_the_number_needed():
    with pytest.raises(ValueError, match=f"needs {FEWEST}"):
        separating_features(NAMES, *groups(1.0, n=5))
