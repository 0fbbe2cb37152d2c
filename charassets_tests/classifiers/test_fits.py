import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from charassets.classifiers.division import PARTS, TEST, crossings, divide
from charassets.classifiers.fits import Parts, fit
from charassets.classifiers.importance import importances
from charassets.classifiers.measures import measure
from charassets.classifiers.spec import Spec
from charassets.errors import UsageError, VerificationError
from charassets.models.classifier import METHODS, from_bytes, softmax, to_bytes
from charassets.models.feature_sets import FeaturePlan

VALUES = ("hero", "sidekick", "villain")
COLUMNS = FeaturePlan(("clip",), "drawn@0", 6)


def examples(n=240, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    features = rng.normal(0, 1, (n, 6)).astype(np.float32)
    features[np.arange(n), labels] += 2.5  # the first columns tell; the last three are noise
    return features, labels


def parts_of(n):
    return np.where(np.arange(n) % 5 < 3, 0, np.where(np.arange(n) % 5 == 3, 1, 2))


def trained(method, classes=3, tell=lambda step, losses: None, seed=0):
    features, labels = examples(classes=classes)
    parts = parts_of(len(labels))
    spec = Spec("archetype", "folder", method, seed=seed)
    made, fitted = fit(Parts.of(features, labels, parts, classes, spec), COLUMNS, spec, VALUES[:classes], tell)
    return made, fitted, features[parts == TEST], labels[parts == TEST]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [2, 3])
def test_every_method_learns_what_is_there_to_learn(method, classes):
    made, fitted, unseen, truth = trained(method, classes)
    assert (made.logits(unseen).argmax(axis=1) == truth).mean() > 0.8
    assert fitted.best in fitted.curve
    assert fitted.curve[fitted.best]["validation"] == min(one["validation"] for one in fitted.curve.values())


@pytest.mark.parametrize("method", METHODS)
def test_the_file_answers_as_what_was_trained(method):
    made, _, unseen, _ = trained(method)
    again = from_bytes(to_bytes(made))
    np.testing.assert_array_equal(again.chances(unseen), made.chances(unseen))
    assert (again.values, again.columns.names, again.method) == (made.values, made.columns.names, method)


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_gives_the_same_classifier_twice(method):
    assert to_bytes(trained(method, seed=3)[0]) == to_bytes(trained(method, seed=3)[0])


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_classifier_is_refused_in_one_line(content):
    with pytest.raises(VerificationError, match="no classifier of ours"):
        from_bytes(content)


def test_whoever_is_told_of_a_step_can_stop_the_training():
    def stop(step, losses):
        raise InterruptedError(step)

    for method in METHODS:
        with pytest.raises(InterruptedError):
            trained(method, tell=stop)


@pytest.mark.parametrize("method", METHODS)
def test_importance_finds_the_columns_that_tell(method):
    made, _, unseen, truth = trained(method)
    found = importances(made, unseen, truth, seed=0)
    assert [one.thing for one in found] == ["clip"]  # coordinates have no names: the embedding counts as one thing
    assert found[0].drop > 0.2
    assert (found[0].shapley is None) == (method == "mlp")


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 200)
    chances = softmax(rng.normal(0, 1, (200, 3)) + 1.5 * np.eye(3)[truth])
    found = measure(truth, chances, np.arange(200), VALUES)
    assert found.scores["f1"].value == pytest.approx(f1_score(truth, chances.argmax(axis=1), average="macro"))
    assert found.scores["auc"].value == pytest.approx(roc_auc_score(truth, chances, multi_class="ovr"))
    assert found.confusion.sum() == 200
    assert found.majority == pytest.approx(np.bincount(truth).max() / 200)
    for score in found.scores.values():
        assert score.low <= score.value <= score.high


def test_two_pictures_of_one_character_are_no_two_witnesses():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 60)
    chances = softmax(rng.normal(0, 1, (60, 2)) + np.eye(2)[truth])
    once = measure(truth, chances, np.arange(60), VALUES[:2]).scores["accuracy"]
    copied = [np.repeat(x, 4, axis=0) for x in (truth, chances, np.arange(60))]
    grouped = measure(*copied, VALUES[:2]).scores["accuracy"]
    pretended = measure(copied[0], copied[1], np.arange(240), VALUES[:2]).scores["accuracy"]
    assert grouped.high - grouped.low == pytest.approx(once.high - once.low, abs=0.02)
    assert pretended.high - pretended.low < 0.7 * (grouped.high - grouped.low)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), min_size=60, max_size=200), st.integers(0, 5))
def test_nothing_that_belongs_together_crosses_the_split(rows, seed):
    bonds = pa.table({"group_id": [f"g{group}" for group, _ in rows], "image_id": [None] * len(rows)})
    bonds = bonds.cast(pa.schema([("group_id", pa.string()), ("image_id", pa.string())]))
    labels = np.array([label for _, label in rows])
    labels = np.searchsorted(np.unique(labels), labels)
    try:
        parts, groups = divide(labels, "abc"[: labels.max() + 1], bonds, ("group_id", "image_id"), seed)
    except UsageError as refused:
        assert "too few groups" in refused.what
        return
    assert crossings(bonds, ("group_id", "image_id"), parts) == []
    assert set(parts) == set(range(len(PARTS)))
    for group in np.unique(groups):
        assert len(set(parts[groups == group])) == 1


def test_the_proof_finds_a_duplicate_that_was_planted_on_two_sides():
    bonds = pa.table({"group_id": ["a", "b", "a", None], "image_id": ["1", "2", "3", "4"]})
    assert crossings(bonds, ("group_id", "image_id"), np.array([0, 1, 0, 2])) == []
    (leak,) = crossings(bonds, ("group_id", "image_id"), np.array([0, 1, 2, 2]))
    assert "group_id a is on 2 sides" in leak


def test_every_class_has_its_share_of_every_part():
    labels = np.repeat([0, 1, 2], [300, 60, 30])
    bonds = pa.table({"group_id": [f"g{k // 2}" for k in range(390)]})
    parts, _ = divide(labels, "abc", bonds, ("group_id",), seed=0)
    for label in range(3):
        shares = np.bincount(parts[labels == label], minlength=3) / (labels == label).sum()
        np.testing.assert_allclose(shares, (0.6, 0.2, 0.2), atol=0.08)


def test_a_class_that_is_one_group_is_refused_by_name():
    labels = np.repeat([0, 1], 30)
    bonds = pa.table({"group_id": [f"g{k}" if k < 30 else "all the same" for k in range(60)]})
    with pytest.raises(UsageError, match="label 'villain' has too few groups"):
        divide(labels, ["hero", "villain"], bonds, ("group_id",), seed=0)
