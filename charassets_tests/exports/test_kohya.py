"""The kohya layout by the rules of sd-scripts' loaders."""

import json
import math
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from charassets.exports.export import export
from charassets.exports.kohya import bucket, buckets
from charassets_tests.exports.conftest import PICTURED, asked

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}  # what sd-scripts looks for


def test_every_folder_is_n_name_and_every_picture_has_its_caption(settings, out):
    export(settings, asked("kohya", balance=3), out)
    folders = [path for path in (out / "train").iterdir() if path.is_dir()]
    assert folders
    found = set()
    for folder in folders:
        assert re.fullmatch(r"\d+_[A-Za-z0-9_-]+", folder.name)
        for picture in (p for p in folder.iterdir() if p.suffix in PICTURES):
            caption = picture.with_suffix(".txt").read_text(encoding="utf-8")
            assert caption.strip().startswith("1girl")
            assert caption.count("\n") == 1
            assert "_" not in caption
            found.add(picture.stem)
    assert found == PICTURED


def test_the_dataset_config_names_every_folder_with_its_repeats(settings, out):
    export(settings, asked("kohya", balance=3), out)
    config = tomllib.loads((out / "dataset_config.toml").read_text(encoding="utf-8"))
    (dataset,) = config["datasets"]
    assert dataset["resolution"] == 512
    for subset in dataset["subsets"]:
        folder = out / subset["image_dir"]
        assert folder.is_dir()
        assert folder.name == f"{subset['num_repeats']}_{subset['class_tokens']}"
    assert {s["image_dir"] for s in dataset["subsets"]} == {
        f"train/{p.name}" for p in (out / "train").iterdir() if p.is_dir()
    }
    assert config["general"]["caption_extension"] == ".txt"


def test_metadata_finds_its_pictures_and_knows_their_buckets(settings, out):
    export(settings, asked("kohya"), out)
    cap = json.loads((out / "train" / "meta_cap.json").read_bytes())
    lat = json.loads((out / "train" / "meta_lat.json").read_bytes())
    assert set(cap) == set(lat)
    assert {key.split("/")[1] for key in lat} == PICTURED
    for key, entry in lat.items():
        (picture,) = [p for p in (out / "train").glob(f"{key}.*") if p.suffix in PICTURES]
        assert cap[key] == {"caption": picture.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")}
        assert entry["caption"] == cap[key]["caption"]
        with Image.open(picture) as opened:
            assert tuple(entry["train_resolution"]) == bucket(*opened.size, 512)


def test_our_own_reader_takes_the_metadata_as_a_source(settings, out):
    from charassets.settings import SourceSettings
    from charassets.sources import open_source

    export(settings, asked("kohya"), out)
    source = open_source(SourceSettings(name="back", path=str(out / "train")))
    records = [record for item in source.list_items() for record in source.read(item)]
    assert len(records) == len(PICTURED)
    assert all("long hair" in record.words.tags for record in records)


@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([512, 768, 1024]))
def test_a_bucket_is_one_the_trainer_makes_and_none_has_a_nearer_shape(width, height, side):
    size = bucket(width, height, side)
    assert size in buckets(side)
    assert all(v % 64 == 0 and 256 <= v <= 1024 for v in size)
    assert size[0] * size[1] <= side * side
    if (width, height) != size:
        gap = abs(size[0] / size[1] - width / height)
        assert all(abs(w / h - width / height) >= gap - 1e-12 for w, h in buckets(side))


@pytest.mark.parametrize("side", [512, 768, 1024])
def test_buckets_are_those_of_the_trainer(side):
    """The rule of sd-scripts, by its words: widths in steps of 64 with the tallest height that keeps the area, and turned."""
    made = {(math.isqrt(side * side) // 64 * 64,) * 2}
    for width in range(256, 1025, 64):
        height = min(1024, (side * side // width) // 64 * 64)
        if height >= 256:
            made |= {(width, height), (height, width)}
    assert set(buckets(side)) == made
