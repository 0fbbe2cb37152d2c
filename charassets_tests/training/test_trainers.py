"""The trainers run end to end on a handful of drawings; what they learn in seconds is not judged here."""

import json

import numpy as np
import pytest

from charassets.attributes.vocabulary import UNKNOWN
from charassets.studio.scenes import draw_scene
from charassets.training import detector, embedder
from charassets.training.budget import Budget
from charassets.training.drawing import draw_all, drawn_portrait, drawn_scene
from charassets.training.prompts import UNLABELED, labels, questions
from charassets.training.shipping import ship_embedder, write_manifest
from charassets.training.views import copy_of, letterbox, varied, view_of


def test_a_pool_drawn_on_many_cores_is_the_pool_drawn_on_one():
    jobs = [(seed, 64) for seed in range(5)]
    pooled = draw_all(drawn_scene, jobs)
    assert [scene.jpeg for scene in pooled] == [drawn_scene(*job).jpeg for job in jobs]


def test_an_interrupted_budget_goes_on_where_it_stopped():
    fresh, resumed = Budget(100), Budget(100, spent=60)
    fresh.start()
    resumed.start()
    assert fresh.share < 0.1
    assert 0.6 <= resumed.share < 0.7


def test_every_drawing_has_an_answer_to_most_questions():
    asked = questions()
    assert {"Hair Color", "Gender", "Dress", "Glasses", "Facial Hair"} <= {question.attribute for question in asked}
    known = []
    for seed in range(40):
        portrait = drawn_portrait(seed, 0, 48)
        truth = labels(portrait.attributes, portrait.style, asked)
        known.append(np.mean(truth != UNLABELED))
        for question, answer in zip(asked, truth, strict=True):
            shown = portrait.attributes.get(question.attribute)
            if isinstance(shown, str) and answer != UNLABELED and question.options[answer] != UNKNOWN:
                assert question.options[answer] == shown
    assert np.mean(known) > 0.8


def test_framing_keeps_the_whole_picture_on_white():
    tall = np.zeros((90, 30, 3), np.uint8)
    framed = letterbox(tall, 60)
    assert framed.shape == (60, 60, 3)
    assert (framed[:, 20:40] == 0).all()
    assert (framed[:, :19] == 255).all()


def test_augmentation_keeps_size_and_type():
    rng = np.random.default_rng(0)
    view = view_of(drawn_portrait(3, 1, 64), 48, rng)
    for _ in range(20):
        for changed in (varied(view, rng), copy_of(view, rng)):
            assert changed.shape == (48, 48, 3)
            assert changed.dtype == np.uint8


def test_the_detector_trains_resumes_and_loads_as_a_yolo(tmp_path):
    from ultralytics import YOLO

    for minutes in (0.03, 0.06):
        weights = detector.train(tmp_path, minutes, scenes=6, batch=2, size=64)
    model = YOLO(weights)
    assert model.names == {0: "person", 1: "head", 2: "face"}
    assert model.predict(draw_scene(1, 64).pixels, imgsz=64, conf=0.001, verbose=False)[0].boxes is not None


def test_the_embedder_trains_resumes_and_loads_through_the_auto_classes(tmp_path):
    from transformers import AutoModel, AutoTokenizer

    from charassets.models import mini_clip

    for minutes in (0.03, 0.06):
        folder = embedder.train(tmp_path, minutes, identities=4, batch=2)
    assert isinstance(AutoModel.from_pretrained(folder), mini_clip.MiniClipModel)
    ids = AutoTokenizer.from_pretrained(folder)(["Blonde Hair", "an unheard-of word"], padding=True)
    assert sorted(ids) == ["attention_mask", "input_ids"]
    assert ids["attention_mask"][0] == [1, 1, 0, 0, 0][: len(ids["attention_mask"][0])]


def test_a_finished_embedder_goes_on_learning_when_the_vocabulary_has_grown(tmp_path, monkeypatch):
    known = embedder.words()
    monkeypatch.setattr(embedder, "words", lambda: known[:-3])
    start = embedder.train(tmp_path / "old", minutes=0.001, identities=4, batch=2)
    monkeypatch.setattr(embedder, "words", lambda: known)
    finished = embedder.train(tmp_path / "new", minutes=0.001, identities=4, batch=2, start=start)
    names = json.loads((finished / "tokenizer.json").read_text())["model"]["vocab"]
    assert set(known) <= names.keys()


def test_the_manifest_names_every_file_a_loader_reads(tmp_path):
    source = tmp_path / "trained"
    source.mkdir()
    (source / "config.json").write_text("{}")
    shelf = tmp_path / "shelf"
    ship_embedder(source, shelf)
    (shelf / "README.md").write_text("a card is not read by a loader")
    listed = json.loads(write_manifest(shelf).read_text())["files"]
    assert listed.keys() == {"embedder/config.json"}
    assert listed["embedder/config.json"]["bytes"] == 2


@pytest.mark.parametrize("kind", ["single", "group"])
def test_boxes_follow_the_picture_through_augmentation(kind):
    scene = drawn_scene(8, 96, kind)
    rng = np.random.default_rng(1)
    for _ in range(10):
        picture, boxes = detector.example([scene], rng, 96)
        assert picture.shape == (96, 96, 3)
        assert (boxes[:, 1:] >= 0).all()
        assert (boxes[:, 1:] <= 96).all()
        assert (boxes[:, 3:] > boxes[:, 1:3]).all()
