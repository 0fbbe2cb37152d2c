"""The stage over a real fragment: crops are measured, the rest is accounted for, unchanged crops are not measured again."""

import io

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from charassets.design.catalogue import NAMES
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.schema import BOOKS, SINGLE_CHARACTER_IMAGES
from charassets.settings import load_settings
from charassets.stages.design_features import DesignFeatures
from charassets.stages.promises import CONTRACTS
from charassets.stages.runner import run_stage

SHARD = "shard-00000"


def webp(seed):
    pixels = np.full((90, 70, 3), 255, np.uint8)
    cv2.circle(pixels, (35, 40), 25, np.random.default_rng(seed).integers(0, 200, 3).tolist(), -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP")
    return buffer.getvalue()


def put(lake, crops):
    schema = SINGLE_CHARACTER_IMAGES.arrow
    rows = [
        {**dict.fromkeys(schema.names), "record_id": name, "crop": crop, "crop_id": crop and f"id-{crop.hex()[-8:]}"}
        for name, crop in crops.items()
    ]
    books = pa.table(
        [list(crops), [b"\1" * 16] * len(crops), ["row"] * len(crops), [None] * len(crops), [None] * len(crops)],
        schema=BOOKS,
    )
    with lake.writer(SINGLE_CHARACTER_IMAGES.name, SHARD, schema) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=schema), books)
        writer.commit(str(hash(tuple(crops.items()))), "own", {})


@pytest.fixture
def lake(tmp_path):
    return Lake(open_store(str(tmp_path / "lake")))


def test_crops_are_measured_and_records_without_one_or_with_a_broken_one_are_accounted_for(lake):
    put(lake, {"a": webp(1), "b": None, "c": webp(3), "d": b"RIFFbroken"})
    run_stage(DesignFeatures(load_settings()), SHARD, lake)
    fragment = lake.fragment("design_features", SHARD)
    rows = fragment.read()
    assert rows["record_id"].to_pylist() == ["a", "c"] and set(NAMES) < set(rows.schema.names)
    assert fragment.manifest.counts == {"in": 4, "row": 2, "rejected": 1, "skipped": 1}
    assert [c.broken(lake, fragment) for c in CONTRACTS["design_features"]] == [None] * 4


def test_an_unchanged_crop_is_not_measured_again(lake):
    crops = {"a": webp(1), "b": webp(2)}
    put(lake, crops)
    run_stage(DesignFeatures(load_settings()), SHARD, lake)
    put(lake, {**crops, "c": webp(3)})
    result = run_stage(DesignFeatures(load_settings()), SHARD, lake)
    assert (result.computed, result.reused) == (1, 2)
