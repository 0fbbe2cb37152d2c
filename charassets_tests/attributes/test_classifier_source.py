import numpy as np
import pytest

from charassets.attributes.chosen_sources import picture_sources
from charassets.attributes.classifier_source import CLASSIFIER
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import load
from charassets.design.catalogue import NAMES
from charassets.errors import ModelMissingError, UsageError
from charassets.images.decode import decode
from charassets.lake.workspace import Workspace
from charassets.models.classifier import Classifier, to_bytes
from charassets.models.feature_sets import FeaturePlan
from charassets.models.trained import put_in_force
from charassets.models.weights import find_embedder
from charassets.settings import load_settings
from charassets.studio.scenes import draw_scene

DIM = 4


def source_of(folder, *classifiers):
    settings = load_settings({"workspace": str(folder), "classifiers": list(classifiers)})
    found = [one for one in picture_sources(settings, load()) if one.source == CLASSIFIER]
    return found[0] if found else None


def linear(sets=("clip",), embedder=None, columns=DIM, values=("female", "male"), **more):
    embedder = embedder or f"mini@{find_embedder(load_settings().embedder).sha256[:12]}"
    plan = FeaturePlan(sets, embedder if "clip" in sets else "", DIM if "clip" in sets else 0)
    weights = np.zeros((2, columns), np.float32)
    weights[0, 0], weights[1, 0] = 4.0, -4.0
    tensors = {"mean": np.zeros(columns, np.float32), "scale": np.ones(columns, np.float32)}
    tensors |= {"weights": weights, "offsets": np.zeros(2, np.float32)}
    return Classifier("sex", "folder", values, "logistic", plan, tensors, notes={"run": "r1"}, **more)


def promote(folder, classifier):
    lake = Workspace.of(load_settings({"workspace": str(folder)})).open_lake()
    return put_in_force(lake.store, classifier.name, to_bytes(classifier), {})


def subject(first, pixels=None):
    return Subject(embedding=np.array([first, 0, 0, 0], np.float16), pixels=pixels)


def test_one_line_of_settings_makes_a_column_and_evidence_of_an_attribute(tmp_path):
    promote(tmp_path, linear(attribute="Gender"))
    (female, male) = source_of(tmp_path, {"name": "sex"}).answers([subject(1.0), subject(-1.0)])
    assert [(e.attribute, e.value, e.source) for e in female] == [
        ("classified_sex", "female", "classifier"),
        ("Gender", "Female", "classifier"),
    ]
    assert [e.value for e in male] == ["male", "Male"]
    assert female[0].score == pytest.approx(1 / (1 + np.exp(-8)), abs=1e-3)


def test_without_an_attribute_or_with_labels_of_its_own_it_is_a_column_alone(tmp_path):
    promote(tmp_path, linear(values=("hero", "villain"), attribute="Gender"))
    ((only,),) = source_of(tmp_path, {"name": "sex"}).answers([subject(1.0)])
    assert (only.attribute, only.value) == ("classified_sex", "hero")


def test_an_unsure_answer_and_a_picture_without_embedding_give_nothing(tmp_path):
    promote(tmp_path, linear())
    source = source_of(tmp_path, {"name": "sex", "floor": 0.9})
    assert source.answers([subject(0.01), Subject(pixels=np.zeros((8, 8, 3), np.uint8))]) == [[], []]


def test_design_features_are_measured_as_their_stage_measures_them(tmp_path):
    from charassets.design.features import design_features
    from charassets.images.crops import webp

    pixels = decode(webp(draw_scene(3, 128, kind="single").pixels, 88), load_settings().images).pixels
    brightest = linear(("design",), columns=len(NAMES))
    expected = brightest.chances(design_features(pixels)[None, :])[0].max()
    promote(tmp_path, brightest)
    source = source_of(tmp_path, {"name": "sex", "floor": 0.0})
    assert source.needs_pixels
    ((answer,),) = source.answers([subject(1.0, pixels)])
    assert answer.score == pytest.approx(expected, abs=1e-3)


def test_only_a_promotion_changes_the_fingerprint(tmp_path):
    assert source_of(tmp_path) is None  # nobody is asked where none is named
    first = promote(tmp_path, linear())
    assert source_of(tmp_path, {"name": "sex"}).weights() == {"classifier_sex": first.digest}
    second = promote(tmp_path, linear(temperature=2.0))
    assert source_of(tmp_path, {"name": "sex"}).weights() == {"classifier_sex": second.digest} != first.digest


def test_a_name_that_was_never_trained_and_a_foreign_embedder_are_refused_in_one_line(tmp_path):
    with pytest.raises(ModelMissingError, match="no classifier 'sex' was trained"):
        source_of(tmp_path, {"name": "sex"}).weights()
    promote(tmp_path, linear(embedder="other@123456789abc"))
    with pytest.raises(UsageError, match="which the settings do not choose"):
        source_of(tmp_path, {"name": "sex"}).answers([subject(1.0)])
