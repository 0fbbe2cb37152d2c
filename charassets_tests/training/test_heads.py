"""The heads' trainer runs, resumes and writes what the loader reads; thresholds keep weak answers silent."""

from dataclasses import replace

import numpy as np
import pytest

from charassets.models.heads import HeadQuestion, load_heads
from charassets.settings import HeadSettings
from charassets.training import heads
from charassets.training.drawing import drawn_figure
from charassets.training.figures import Figure, auc, b_cubed, balanced
from charassets.training.head_lessons import cropped, head_labels, head_questions, lesson
from charassets.training.prompts import UNLABELED
from charassets.training.thresholds import Answered, answered, choose, table


def test_the_heads_train_resume_and_load(tmp_path):
    for minutes in (0.02, 0.04):
        folder = heads.train(tmp_path, minutes, figures=6, unseen=4, batch=4)
    loaded = load_heads(HeadSettings(path=str(folder)), "cpu")
    assert [q.name for q in loaded.questions] == [q.name for q in head_questions()]
    assert all(question.min_confidence is None for question in loaded.questions)
    assert all(0.4 <= question.temperature <= 3.0 for question in loaded.questions)
    crop = np.full((50, 40, 3), 200, np.uint8)
    assert loaded.read([crop], [None])["Hair Color"].sum() == pytest.approx(1, abs=1e-5)


def test_labels_say_what_the_drawing_shows():
    asked, known = head_questions(), []
    for seed in range(30):
        figure = drawn_figure(seed, 64)
        truth = head_labels(figure, asked)
        known.append(np.mean(truth != UNLABELED))
        for question, answer in zip(asked, truth, strict=True):
            shown = figure.attributes.get(question.attribute)
            if isinstance(shown, str) and answer != UNLABELED:
                assert question.options[answer] == shown
            if question.name == "Glasses" and "face" not in figure.boxes:
                assert question.options[answer] == "Unknown"
    assert np.mean(known) > 0.9


def test_lessons_are_squares_and_heads_lie_in_their_crops():
    rng = np.random.default_rng(0)
    for seed in range(12):
        figure = drawn_figure(seed, 96)
        crop, head = cropped(figure, rng)
        assert crop.shape[2] == 3
        assert head is None or (0 <= head[0] < head[2] <= 1 and 0 <= head[1] < head[3] <= 1)
        for square in lesson(figure, 48, rng):
            assert square.shape == (48, 48, 3)
            assert square.dtype == np.uint8


def many(set_name, sure, right, value="Blonde", count=40):
    return [(set_name, value, sure, right)] * count


def gathered(*groups):
    rows = [row for group in groups for row in group]
    sets, values, sure, right = zip(*rows, strict=True)
    judged = {name: sets.count(name) for name in set(sets)}
    return Answered(np.array(sets), np.array(values), np.array(sure, np.float32), np.array(right), judged)


def test_a_threshold_lies_above_the_answers_that_are_wrong():
    least = choose(gathered(many("flat", 0.95, True), many("flat", 0.705, False)))
    assert least is not None
    assert 0.7 < least <= 0.95


def test_one_set_where_the_heads_err_is_enough_to_raise_or_deny_a_threshold():
    easy = many("flat", 0.95, True, count=500)
    assert choose(gathered(easy, many("painted", 0.905, False, count=20))) > 0.9
    assert choose(gathered(easy, many("painted", 0.995, False, count=20))) is None


def test_an_easy_value_does_not_carry_a_hard_one():
    assert choose(gathered(many("p", 0.99, True, "Male", 200), many("p", 0.99, False, "Female", 20))) is None


def test_an_attribute_hardly_ever_answered_is_never_decided():
    assert choose(gathered(many("flat", 0.99, True, count=5))) is None


def test_a_colour_under_a_helmet_counts_as_wrong_and_silence_as_nothing():
    question = HeadQuestion("Hair Color", "Hair Color", ("Black", "Blonde", "Unknown"))
    chances = np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]], np.float32)
    hidden, blonde = {"Hair Color": frozenset({"Unknown"})}, {"Hair Color": frozenset({"Blonde"})}
    found = answered(question, chances, ["w", "w", "w"], [hidden, blonde, blonde])
    assert found.right.tolist() == [False, True]
    assert found.judged == {"w": 2}
    assert "w: 0.50 (2 of 2)" in table([replace(question, min_confidence=0.75)], {"Hair Color": found})


def test_small_measures_agree_with_their_definitions():
    positive = np.array([True, True, False, False])
    assert auc(np.array([0.9, 0.4, 0.5, 0.1]), positive) == 0.75
    assert auc(np.ones(4), positive) == 0.5
    assert balanced(np.array([True, False, False, False]), positive) == 0.75
    assert b_cubed([0, 0, 1, 1], [7, 7, 8, 8]) == 1.0
    assert b_cubed([-1, -1, -1, -1], [7, 7, 8, 8]) == pytest.approx(2 / 3)


def test_a_figure_knows_whether_it_fell_short():
    assert Figure("s", "w", 0.7, None, 1, aim=0.8).short
    assert not Figure("s", "w", 0.8, None, 1, aim=0.8).short
    assert Figure("s", "w", 0.1, None, 1, aim=0.0, at_most=True).short
    assert not Figure("s", "w", 0.1, None, 1).short
