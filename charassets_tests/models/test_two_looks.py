"""Two looks agree, or count half."""

import numpy as np

from charassets.models.protocols import Detections
from charassets.models.two_looks import agreed, mirrored


def look(*found):
    labels, scores, boxes = zip(*found, strict=True) if found else ((), (), ())
    return Detections(list(labels), np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4))


def test_a_thing_seen_twice_has_the_mean_of_both_scores_and_places():
    both = agreed(look(("head", 0.8, (10, 10, 30, 30))), look(("head", 0.4, (13, 10, 33, 30))), 0.05, 9)
    assert both.labels == ["head"]
    np.testing.assert_allclose(both.scores, [0.6])
    np.testing.assert_allclose(both.boxes, [[11, 10, 31, 30]], rtol=1e-5)


def test_what_one_look_alone_saw_keeps_half_and_may_fall_below_the_floor():
    found = agreed(look(("person", 0.9, (0, 0, 20, 20)), ("face", 0.08, (50, 50, 60, 60))), look(), 0.05, 9)
    assert found.labels == ["person"]
    np.testing.assert_allclose(found.scores, [0.45])
    assert agreed(look(), look(), 0.05, 9).boxes.shape == (0, 4)


def test_neighbours_and_other_labels_stay_apart_and_the_best_comes_first():
    first = look(("head", 0.5, (0, 0, 10, 10)), ("face", 0.9, (0, 0, 10, 10)), ("head", 0.3, (20, 0, 30, 10)))
    both = agreed(first, first, 0.05, 9)
    assert both.labels == ["face", "head", "head"]
    np.testing.assert_allclose(both.scores, [0.9, 0.5, 0.3])
    assert agreed(first, first, 0.05, 2).labels == ["face", "head"]


def test_a_mirrored_look_lies_where_the_picture_has_it():
    there = mirrored(look(("head", 0.5, (10, 5, 30, 25))), 100)
    np.testing.assert_allclose(there.boxes, [[70, 5, 90, 25]])
    assert agreed(look(("head", 0.5, (70, 5, 90, 25))), there, 0.05, 9).scores.tolist() == [0.5]
