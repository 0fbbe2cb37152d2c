import numpy as np
import pytest

from charassets.attributes.consensus import chances_among_others, likelihood_of


def test_two_other_pictures_outweigh_one_tag():
    answers = np.array([0, 0, 1])
    told = likelihood_of(answers, np.full(3, 0.93), 4)
    chances = chances_among_others(np.zeros(3, np.int64), told, told)
    assert chances[2, 1] < 0.2 < 0.7 < chances[2, 0]
    assert chances[0, 0] > 0.9, "one against two is no doubt about the two"


def test_a_picture_never_vouches_for_itself():
    alone = likelihood_of(np.array([2]), np.array([0.9]), 4)
    nothing = np.zeros((1, 4))
    assert chances_among_others(np.zeros(1, np.int64), alone, nothing)[0] == pytest.approx([0.25] * 4)


def test_silence_says_nothing_and_characters_are_apart():
    told = likelihood_of(np.array([-1, 3, 0, 0]), np.array([0.0, 0.9, 0.9, 0.9]), 4)
    assert (told[0] == 0).all()
    chances = chances_among_others(np.array([0, 0, 1, 1]), told, told)
    assert chances[0].argmax() == 3, "what the other picture says is all that is known"
    assert chances[2:].argmax(axis=1).tolist() == [0, 0]
