"""Picture sources are believed as far as sets of other hands prove them."""

import numpy as np
import pytest

from charassets.attributes.ballots import Ballot
from charassets.attributes.vocabulary import load
from charassets.attributes.witnesses import Witness, Witnesses
from charassets.training.fusion_lessons import Lesson, joined
from charassets.training.fusion_proof import PROMISED, UNPROVEN, _told, left_out, strategies, tempered

HAIR = load().attributes["Hair Color"]
OPTIONS = (*(value.name for value in HAIR.values), "Unknown")
CURVES = Witnesses({"Hair Color": {"colour": Witness(1.0, 0.0), "tag": Witness(0.0, 2.5)}})


def lesson(n, right_of, seed, source="colour"):
    """``n`` pictures whose source is right as often as ``right_of(score)`` says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.2, 0.9, n)
    truth = rng.integers(0, len(OPTIONS) - 1, n)
    right = rng.random(n) < right_of(scores)
    said = np.where(right, truth, (truth + 1) % (len(OPTIONS) - 1))
    cast = np.zeros((n, len(OPTIONS), 1), np.float32)
    cast[np.arange(n), said, 0] = scores
    accepted = np.zeros((n, len(OPTIONS)), np.bool_)
    accepted[np.arange(n), truth] = True
    rows = np.where(cast > 0, 0, -1).astype(np.int32)
    ballot = Ballot(HAIR, OPTIONS, (source,), cast, rows, np.zeros(accepted.shape, np.bool_))
    return Lesson(ballot, accepted, np.arange(n))


def sets(*laws, n=400):
    return {f"set {k}": {"Hair Color": lesson(n, law, k)} for k, law in enumerate(laws)}


def good(scores):
    return np.full(len(scores), 0.97)


def good_when_sure(scores):
    return np.where(scores > 0.6, 0.97, 0.5)


STUDIO = {"Hair Color": lesson(400, good_when_sure, 99)}


def test_a_source_is_believed_from_the_score_from_which_every_set_keeps_the_promise():
    real = sets(good, good_when_sure)
    limits = tempered(CURVES, real, STUDIO).fitted["Hair Color"]["colour"]
    assert 0.5 < limits.proven < 0.7, "the worse set decides"
    assert 0.5 < limits.floor <= limits.ceiling < 0.99
    for found in real.values():
        told, right = _told(found["Hair Color"], tempered(CURVES, real, STUDIO), "Ensemble Weighted")
        assert told.mean() > 0.3
        assert right[told].mean() >= PROMISED


def test_what_no_set_proves_decides_nothing_and_words_are_left_alone():
    limited = tempered(CURVES, sets(lambda scores: scores * 0 + 0.4, good), STUDIO).fitted["Hair Color"]
    assert limited["colour"].proven > 1 and limited["colour"].cap == UNPROVEN
    assert limited["tag"] == CURVES.fitted["Hair Color"]["tag"]
    assert tempered(CURVES, {}, STUDIO).fitted["Hair Color"]["colour"].proven > 1


def test_drawings_on_which_it_errs_lower_the_belief():
    real = sets(good, good)
    well = tempered(CURVES, real, {"Hair Color": lesson(400, good, 98)}).fitted["Hair Color"]["colour"]
    badly = tempered(CURVES, real, {"Hair Color": lesson(400, lambda s: s * 0 + 0.6, 98)}).fitted["Hair Color"][
        "colour"
    ]
    assert badly.floor < 0.7 < well.floor


def test_every_set_can_be_judged_by_limits_of_the_others():
    found = dict(
        (name, (right, share)) for name, right, share in left_out(CURVES, sets(good, good, good), STUDIO, "Hair Color")
    )
    assert set(found) == {"set 0", "set 1", "set 2"}
    assert all(right is not None and right > 0.9 and share > 0.5 for right, share in found.values())


def test_only_strategies_that_let_a_proven_picture_speak_are_allowed():
    real = sets(good, good)
    allowed = strategies(tempered(CURVES, real, {"Hair Color": lesson(400, lambda s: s * 0 + 0.6, 98)}), real)
    assert "Ensemble Weighted" in allowed["Hair Color"]
    assert "Conservative CLIP" not in allowed["Hair Color"], "it asks for more than drawings let the source be believed"


def test_joined_lessons_keep_every_source_in_its_column():
    both = joined([lesson(5, good, 1), lesson(3, good, 2, source="head")])
    assert both.ballot.sources == ("colour", "head")
    assert both.ballot.scores[:5, :, 1].max() == 0 and both.ballot.scores[5:, :, 0].max() == 0
    assert both.ballot.scores[:5, :, 0].max(axis=1).min() == pytest.approx(0.2, abs=0.2)
    assert len(both.groups) == 8
