"""The shipped mini models: they load the safe way and know more than chance about characters they never saw."""

import hashlib
import importlib.util
import json
import os

import numpy as np
import pytest

from charassets.attributes import zero_shot
from charassets.attributes.vocabulary import load
from charassets.models.heads import load_heads
from charassets.models.registry import load_detector, load_embedder
from charassets.settings import DetectorSettings, EmbedderSettings, HeadSettings
from charassets.similarity.clusters import ClusterRule
from charassets.studio.scenes import draw_portrait, draw_scene
from charassets.studio.traits import sample_character
from charassets.studio.transforms import NEAR_COPIES
from charassets.training import detector_figures, embedder_figures, head_figures
from charassets.training.figures import Figure, table
from charassets.training.shipping import SHELF


@pytest.fixture(scope="module")
def detector():
    return load_detector(DetectorSettings(path="mini:detector", image_size=320), "cpu")


@pytest.fixture(scope="module")
def embedder():
    return load_embedder(EmbedderSettings(path="mini:embedder"), "cpu")


@pytest.fixture(scope="module")
def heads():
    return load_heads(HeadSettings(path="mini:heads"), "cpu")


def test_every_shipped_file_is_the_one_the_manifest_names():
    listed = json.loads((SHELF / "manifest.json").read_text())["files"]
    there = {p.relative_to(SHELF).as_posix() for p in SHELF.rglob("*") if p.is_file() and p.suffix != ".md"}
    assert there - {"manifest.json"} == listed.keys()
    for name, entry in listed.items():
        content = (SHELF / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
    assert sum(entry["bytes"] for entry in listed.values()) < 40e6


def test_the_detector_loads_while_pickles_are_forbidden_to_run_code():
    assert os.environ["ULTRALYTICS_SAFE_LOAD"] == "1"
    from ultralytics import YOLO

    assert YOLO(SHELF / "detector.pt").names == {0: "person", 1: "head", 2: "face"}


def test_both_forms_of_the_detector_find_the_same_heads(detector):
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    from ultralytics import YOLO

    pixels = draw_scene(4, 320, kind="single").pixels
    slow = YOLO(SHELF / "detector.pt").predict(pixels[:, :, ::-1], imgsz=320, conf=0.3, verbose=False)[0].boxes
    fast = detector.detect([pixels])[0]
    keep = fast.scores >= 0.3
    assert len(slow) == keep.sum() > 0
    order = np.argsort(-slow.conf.numpy(), kind="stable")
    assert np.abs(slow.xyxy.numpy()[order] - fast.boxes[keep]).max() < 6


def test_the_detector_counts_characters_it_never_saw_better_than_a_guess(detector):
    (counted,) = detector_figures.counts(detector, None, scenes=40)
    assert counted.value > counted.baseline + 0.15


def test_the_embedder_knows_hair_colours_of_characters_it_never_saw(embedder):
    figures = {figure.what: figure for figure in embedder_figures.on_drawings(embedder, portraits=60)}
    color = figures["Hair Color, zero-shot"]
    assert color.value > color.baseline + 0.2
    assert all(figures[f"copies found: {name}"].value > 0.85 for name in NEAR_COPIES)
    assert figures["same character nearest, other pose and style"].value > 0.1


def test_embeddings_are_of_unit_length_and_answer_every_question(embedder):
    vectors = embedder.embed_images([draw_portrait(sample_character(1), 1, 96).pixels])
    assert vectors.shape == (1, 256)
    assert np.linalg.norm(vectors.astype(np.float32)) == pytest.approx(1, abs=1e-3)
    answers = zero_shot.prepare(embedder, load()).answers(vectors)[0]
    assert {"Hair Color", "Gender", "Dress"} <= {answer.attribute for answer in answers}


def test_the_heads_know_attributes_of_characters_they_never_saw(heads):
    figures = {figure.what: figure for figure in head_figures.on_drawings(heads, figures=80)}
    for attribute, better in {"Hair Color": 0.3, "Skin Tone": 0.1, "Hair Length": 0.1}.items():
        figure = figures[f"{attribute}, heads"]
        assert figure.value > figure.baseline + better, attribute


def test_the_heads_decide_something_and_not_everything(heads):
    least = {question.name: question.min_confidence for question in heads.questions}
    assert least["Skin Tone"] is not None
    assert None in least.values()
    assert all(value is None or 0.5 <= value < 1 for value in least.values())


def test_figures_become_a_table_people_can_read():
    figures = [Figure("studio", "count", 0.5, None, 10), Figure("wesnoth", "hair", 0.75, 0.25, 4, 0.5, 0.8)]
    lines = table(figures).splitlines()
    assert lines[2] == "| studio | count | 0.50 |  |  |  | 10 |"
    assert lines[3] == "| wesnoth | hair | 0.75 ! | 0.80 | 0.50 | 0.25 | 4 |"


def test_pictures_of_one_character_are_gathered_better_than_if_each_stood_alone(embedder):
    figure = embedder_figures.clustered(embedder, ClusterRule(3, 2), characters=8, pictures=5)
    assert figure.n == 40
    assert figure.baseline is not None
    assert 1 >= figure.value > figure.baseline


def test_a_picture_and_its_mirror_image_have_one_embedding(embedder):
    drawn = [draw_portrait(sample_character(2_200_000 + k), k, 128).pixels for k in range(4)]
    both = embedder.embed_images(drawn + [np.ascontiguousarray(picture[:, ::-1]) for picture in drawn]).astype(
        np.float32
    )
    assert (both[:4] * both[4:]).sum(axis=1).min() > 0.99
