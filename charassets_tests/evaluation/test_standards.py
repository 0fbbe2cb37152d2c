from dataclasses import replace

import numpy as np
import pytest

from charassets.attributes.calibration import error_by_chance, error_of, reliability
from charassets.evaluation.measures import FUSED, Measured
from charassets.evaluation.standards import broken_promises, miscalibrated, promised
from charassets.settings import AttributeSettings

STRICT = AttributeSettings(promise=0.05)


def answers(n, said, right_share, seed=0):
    """``n`` answers that say about ``said`` and are right about ``right_share`` of the time, surer ones more often."""
    rng = np.random.default_rng(seed)
    confidence = np.clip(rng.normal(said, 0.05, n), 0.01, 0.99)
    right = rng.random(n) < confidence + right_share - said
    bins = tuple(reliability(confidence, right))
    return Measured("Hair Color", FUSED, n, n, n, int(right.sum()), error_of(bins), n, 0.0, bins, bins)


def test_a_promise_is_what_may_not_be_wrong():
    assert promised(AttributeSettings(min_confidence=0.6)) == 0.6
    assert promised(STRICT) == pytest.approx(0.95)


def test_an_attribute_that_is_wrong_too_often_breaks_its_promise():
    (breach,) = broken_promises([answers(1000, 0.95, 0.85)], STRICT)
    assert breach.bound == pytest.approx(0.95)
    assert "promised 95.0%" in breach.words


def test_bad_luck_on_few_answers_is_no_breach():
    assert not list(broken_promises([answers(120, 0.95, 0.95, seed) for seed in range(20)], STRICT))
    assert not list(broken_promises([replace(answers(50, 0.9, 0.1))], STRICT)), "too few for a verdict"


def test_confidence_that_is_off_is_told_with_its_direction():
    (sure,) = miscalibrated([answers(2000, 0.9, 0.8)])
    (cautious,) = miscalibrated([answers(2000, 0.7, 0.9)])
    assert "too sure" in sure.words
    assert "too cautious" in cautious.words


def test_true_confidence_passes_at_any_size():
    assert not list(miscalibrated(answers(n, 0.8, 0.8, seed) for n in (120, 500, 5000) for seed in range(5)))


def test_chance_explains_the_error_of_a_calibrated_model_99_times_in_100():
    rng = np.random.default_rng(3)
    above = 0
    for _ in range(400):
        confidence = rng.uniform(0.5, 1.0, 300)
        bins = reliability(confidence, rng.random(300) < confidence)
        above += error_of(bins) > error_by_chance(bins)
    assert above <= 12  # 4 expected
