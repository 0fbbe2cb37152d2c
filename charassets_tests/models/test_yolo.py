"""YOLO through ultralytics: right colours, boxes that depend on the picture alone, nothing executed, nothing reported."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from charassets.errors import ModelMissingError
from charassets.models.registry import load_detector
from charassets.models.weights import SHIPPED
from charassets.settings import DetectorSettings
from charassets_tests.models import small_models

DATA = Path(__file__).parents[2].parent / "shared" / "data"
COCO = DATA / "weights" / "yolov8n_int8_openvino_model"
needs_coco = pytest.mark.skipif(not COCO.is_dir(), reason="../shared/data/weights is not there")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return small_models.save_yolo(tmp_path_factory.mktemp("yolo") / "detector.pt")


@pytest.fixture(scope="module")
def detector(checkpoint):
    # Untrained weights give scores near zero: with a floor of zero they still give boxes to compare.
    return load_detector(DetectorSettings(path=str(checkpoint), image_size=160, floor_score=0.0, batch=3), "cpu")


def pictures():
    """Pictures of several sizes, with more red than blue."""
    made = []
    for i, size in enumerate([(120, 160), (160, 120), (200, 200), (90, 160), (160, 120)]):
        image = Image.new("RGB", size, (200, 120, 40))
        ImageDraw.Draw(image).ellipse((20, 10 + i, 70 + 4 * i, 80), fill=(40, 30 * i, 90))
        made.append(np.asarray(image))
    return made


def test_boxes_lie_in_the_picture_best_score_first(detector):
    for picture, found in zip(pictures(), detector.detect(pictures()), strict=True):
        height, width = picture.shape[:2]
        assert len(found.labels) == len(found.scores) == len(found.boxes) > 0
        assert found.boxes.dtype == found.scores.dtype == np.float32
        assert (np.diff(found.scores) <= 0).all()
        assert (
            found.boxes.min() >= 0
            and (found.boxes[:, [0, 2]] <= width).all()
            and (found.boxes[:, [1, 3]] <= height).all()
        )


def test_a_picture_gets_the_same_boxes_alone_and_in_company(detector):
    together = detector.detect(pictures())
    for picture, found in zip(pictures(), together, strict=True):
        alone = detector.detect([picture])[0]
        assert np.allclose(alone.scores[:5], found.scores[:5], atol=1e-5)
        assert np.allclose(alone.boxes[:5], found.boxes[:5], atol=0.5)


def test_colours_reach_the_model_in_the_order_it_was_trained_on(detector, checkpoint):
    from ultralytics import YOLO

    picture = pictures()[0]
    options = {"imgsz": 160, "conf": 0.0, "iou": 0.7, "max_det": 100, "rect": False, "verbose": False, "device": "cpu"}
    # ultralytics opens a file itself: that is the reference, whatever order arrays have.
    reference = YOLO(str(checkpoint), task="detect").predict(Image.fromarray(picture), **options)[0].boxes
    scores = detector.detect([picture])[0].scores
    assert np.allclose(scores[:5], reference.conf.numpy()[:5], rtol=1e-3)
    swapped = detector.detect([np.ascontiguousarray(picture[:, :, ::-1])])[0].scores
    assert not np.allclose(scores[:5], swapped[:5], rtol=1e-3)


def test_class_names_are_ours_where_the_settings_say_so(checkpoint):
    settings = DetectorSettings(path=str(checkpoint), image_size=64, floor_score=0.0, labels={"person": "somebody"})
    names = {label for found in load_detector(settings, "cpu").detect(pictures()) for label in found.labels}
    assert "person" not in names


class _Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("written_by", ["torch", "pickle"])
def test_code_inside_a_checkpoint_is_never_run(tmp_path, written_by):
    import torch

    evil, marker = tmp_path / "evil.pt", tmp_path / "marker"
    with evil.open("wb") as file:
        (torch.save if written_by == "torch" else pickle.dump)({"model": _Payload(marker)}, file)
    with pytest.raises(ModelMissingError, match="cannot be opened"):
        load_detector(DetectorSettings(path=str(evil)), "cpu")
    assert not marker.exists()


@needs_coco
def test_openvino_neither_writes_to_the_home_folder_nor_prints(tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from charassets.models.registry import load_detector\n"
        "from charassets.settings import DetectorSettings\n"
        "detector = load_detector(DetectorSettings(path=sys.argv[1]), 'cpu')\n"
        "detector.detect([np.zeros((64, 64, 3), np.uint8)])\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "YOLO_CONFIG_DIR": str(tmp_path / "yolo")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(COCO)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "" and not (tmp_path / "intel").exists()


@needs_coco
def test_painted_people_are_found_where_they_stand():
    labels = DATA / "groups_dev" / "labels.jsonl"
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    rows = [row for row in rows if row["file"].startswith("group-")][:8]
    detector = load_detector(DetectorSettings(path=str(COCO)), "cpu")
    images = [np.asarray(Image.open(labels.parent / row["file"]).convert("RGB")) for row in rows]
    hits = 0
    for row, found in zip(rows, detector.detect(images), strict=True):
        people = found.boxes[[label == "person" for label in found.labels]]
        centres = (people[:, :2] + people[:, 2:]) / 2
        for x0, y0, x1, y1 in row["boxes_xyxy"]:
            inside = (centres[:, 0] > x0) & (centres[:, 0] < x1) & (centres[:, 1] > y0) & (centres[:, 1] < y1)
            hits += bool(inside.any())
    assert hits >= 0.85 * sum(row["n_characters"] for row in rows)


def test_the_shipped_detector_sees_the_same_with_and_without_openvino(tmp_path):
    pytest.importorskip("openvino", reason="only one engine is installed")
    shipped = SHIPPED / "mini" / "detector.pt"
    alone = tmp_path / "detector.pt"
    shutil.copy(shipped, alone)
    picture = Image.new("RGB", (320, 320), (200, 220, 235))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((90, 180, 230, 420), fill=(60, 70, 160))
    draw.ellipse((105, 60, 215, 190), fill=(90, 50, 30))
    draw.ellipse((118, 85, 202, 185), fill=(245, 210, 185))
    for x in (143, 177):
        draw.ellipse((x - 7, 125, x + 7, 141), fill=(30, 30, 60))
    image = np.asarray(picture)
    options = {"image_size": 320, "floor_score": 0.1}
    fast = load_detector(DetectorSettings(path="mini:detector", **options), "cpu").detect([image])[0]
    plain = load_detector(DetectorSettings(path=str(alone), **options), "cpu").detect([image])[0]
    assert plain.labels and plain.labels[0] == fast.labels[0]
    assert abs(plain.scores[0] - fast.scores[0]) < 0.05
    assert np.abs(plain.boxes[0] - fast.boxes[0]).max() < 6


def test_with_two_looks_of_one_size_a_mirrored_picture_has_the_mirrored_boxes(checkpoint):
    settings = DetectorSettings(path=str(checkpoint), image_size=160, second_size=160, floor_score=0.0, max_boxes=5)
    detector = load_detector(settings, "cpu")
    there, back = detector.detect([pictures()[0], np.ascontiguousarray(pictures()[0][:, ::-1])])
    assert len(there.labels) > 0
    assert there.labels == back.labels
    np.testing.assert_allclose(there.scores, back.scores, atol=1e-6)
    width = pictures()[0].shape[1]
    np.testing.assert_allclose(there.boxes[:, [0, 2]], width - back.boxes[:, [2, 0]], atol=0.05)
