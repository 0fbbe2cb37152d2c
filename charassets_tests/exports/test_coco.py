"""COCO, read by pycocotools."""

import contextlib
import io

import pytest
from PIL import Image

from charassets.exports.coco import boxes_in
from charassets.exports.export import export
from charassets_tests.exports.conftest import PICTURED, asked


def test_pycocotools_finds_every_picture_with_its_boxes(settings, out):
    from pycocotools.coco import COCO

    export(settings, asked("coco"), out)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(out / "annotations" / "train.json"))
    assert {image["record_id"] for image in coco.imgs.values()} == PICTURED
    for image in coco.imgs.values():
        with Image.open(out / image["file_name"]) as opened:
            assert opened.size == (image["width"], image["height"])
        (found,) = coco.loadAnns(coco.getAnnIds(image["id"]))
        x, y, width, height = found["bbox"]
        # The person spans 10..190 of 200 and 10..290 of 300; the crop shows all of it at a tenth of the size.
        assert (x, y, width, height) == pytest.approx((1, 1, 18, 28))
        assert found["area"] == pytest.approx(width * height, abs=0.01)
        assert coco.cats[found["category_id"]]["name"] == "person"


def test_boxes_are_cut_and_scaled_with_the_crop():
    box = {"label": "head", "score": 0.9, "x0": 0.0, "y0": 20.0, "x1": 60.0, "y1": 80.0}
    assert list(boxes_in([box], (10, 10, 110, 210), (50, 100))) == [("head", 0.9, [0.0, 5.0, 25.0, 30.0])]
    assert list(boxes_in([box], (100, 100, 200, 200), (50, 50))) == []
    assert list(boxes_in([box], None, (300, 300))) == [("head", 0.9, [0.0, 20.0, 60.0, 60.0])]
