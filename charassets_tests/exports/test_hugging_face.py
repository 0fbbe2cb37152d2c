"""Both Hugging Face layouts, loaded by ``datasets``."""

import io

import pytest
from PIL import Image

from charassets.exports.export import export
from charassets_tests.exports.conftest import PICTURED, asked
from charassets_tests.warehouse.small_lake import picture_of


@pytest.fixture
def load(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    def loaded(folder):
        return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))

    return loaded


@pytest.mark.parametrize("format", ["imagefolder", "hf"])
def test_datasets_loads_every_picture_with_its_attributes(settings, out, load, format):
    export(settings, asked(format), out)
    loaded = load(out)
    assert list(loaded) == ["train"]
    found = {row["record_id"]: row for row in loaded["train"]}
    assert set(found) == PICTURED
    for name, row in found.items():
        drawn = Image.open(io.BytesIO(picture_of(name))).convert("RGB")
        assert row["image"].convert("RGB").tobytes() == drawn.tobytes()
        assert (row["gender"], row["hair_length"], row["hair_color"]) == ("Female", "Long", "Unknown")
        assert row["caption"].startswith("1girl")


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_datasets_loads_the_tables_too(settings, out, load, format):
    export(settings, asked(format), out)
    assert len(load(out)["train"]) == len(PICTURED) + 1


@pytest.mark.parametrize("format", ["imagefolder", "hf"])
def test_splits_are_splits(settings, out, load, format):
    manifest = export(settings, asked(format, split={"validation": 0.3, "test": 0.3, "seed": 5}), out).manifest
    loaded = load(out)
    assert {name: len(rows) for name, rows in loaded.items()} == manifest["by_split"]
    assert len(loaded) > 1
