import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.attributes.calibration import (
    NEVER,
    Calibrated,
    Calibration,
    Side,
    expected_error,
    fit,
    levels,
    reliability,
)
from charassets.attributes.evidence import from_words
from charassets.attributes.fusion import FusionModel, fuse
from charassets.attributes.tags import parse
from charassets.settings import AttributeSettings


def boastful(n, seed):
    """Raw confidences of answers that are right less often than they claim."""
    rng = np.random.default_rng(seed)
    raw = rng.random(n)
    return raw, rng.random(n) < raw**2


def test_a_boastful_source_is_calibrated_on_truth_it_has_not_seen():
    curve = fit(*boastful(4000, 0))
    raw, right = boastful(4000, 1)
    assert expected_error(raw, right) > 0.12
    assert expected_error(curve(raw), right) < 0.03
    assert sum(b.n for b in reliability(curve(raw), right)) == 4000


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300))
def test_a_curve_never_falls_and_stays_strictly_between_never_and_always(pairs):
    raw, right = np.array([r for r, _ in pairs], float), np.array([b for _, b in pairs], bool)
    curve = fit(raw, right)
    line = curve(np.linspace(0, 1, 50))
    assert (np.diff(line) >= 0).all()
    if pairs:
        assert 0 <= line.min() <= line.max() <= 1


def test_the_promise_holds_on_unseen_answers_on_average_and_a_stricter_one_covers_less():
    wrong, coverage = [], []
    for seed in range(40):
        curve = fit(*boastful(1500, seed))
        raw, right = boastful(1500, 1000 + seed)
        side = Side(curve, levels(curve(raw), right), 1500)
        kept = side.promised(0.2)
        assert kept is not None
        fresh, truth = boastful(3000, 5000 + seed)
        told = curve(fresh) >= kept.confidence
        wrong.append((~truth[told]).mean())
        coverage.append(told.mean())
        assert side.promised(0.15) is None or side.promised(0.15).told <= kept.told
    assert np.mean(wrong) <= 0.205
    assert np.mean(coverage) > 0.05


def test_a_promise_that_nothing_keeps_tells_nothing():
    side = Side(levels=levels(np.array([0.9, 0.8]), np.array([True, False])), judged=2)
    assert side.promised(0.02) is None
    known = Calibration({"Hair Color": Calibrated(side, side)})
    assert known.thresholds("Hair Color", 0.5, 0.02, np.array([True])).tolist() == [NEVER]
    assert known.thresholds("Hair Color", 0.5, None, np.array([True])).tolist() == [0.5]
    cost = Calibrated(side, Side()).cost(0.5)
    assert (cost.coverage, cost.wrong, cost.silent) == (0.5, 0.0, None)


@pytest.mark.parametrize(("promise", "status"), [(0.1, "decided"), (0.02, "unknown")])
def test_the_setting_raises_the_threshold_of_an_attribute(promise, status):
    confidence, right = np.full(100, 0.9), np.arange(100) >= 5
    side = Side(levels=levels(confidence, right), judged=100)
    model = FusionModel(calibration=Calibration({"Hair Color": Calibrated(side, side)}))
    answers = fuse(from_words([parse("blonde_hair, x")]), AttributeSettings(promise=promise), model=model)
    assert next(a for a in answers if a.attribute == "Hair Color").status == status


def test_equal_confidences_get_one_level_which_is_their_share_right():
    rng = np.random.default_rng(5)
    raw = np.repeat([0.47, 0.85, 0.93], [20, 800, 180])
    right = rng.random(1000) < np.repeat([0.5, 0.8, 0.95], [20, 800, 180])
    found = fit(raw, right)(raw)
    assert len(np.unique(found)) <= 3
    assert found[raw == 0.85].mean() == pytest.approx(right[raw == 0.85].mean(), abs=0.01)
    assert found.mean() == pytest.approx(right.mean(), abs=0.005)


@given(st.integers(0, 1000), st.integers(60, 600))
def test_on_what_it_was_fitted_on_a_curve_is_right_on_average(seed, n):
    rng = np.random.default_rng(seed)
    raw = rng.choice(rng.uniform(0.05, 0.99, rng.integers(1, 40)), n)
    right = rng.random(n) < raw
    assert fit(raw, right)(raw).mean() == pytest.approx(right.mean(), abs=0.04)
