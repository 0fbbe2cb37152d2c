import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from charassets.cli import app
from charassets.cli.studio import BESIDE, draw_studio
from charassets.errors import UsageError
from charassets.sources.walk import walk


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("studio") / "new"
    draw_studio(out, 12, seed=3, size=96)
    return out


def truth_of(out):
    return [json.loads(line) for line in (out / "truth.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_picture_has_tags_truth_and_as_many_masks_as_characters(drawn):
    rows = truth_of(drawn)
    assert [row["file"] for row in rows] == sorted(path.name for path in drawn.glob("??????.png"))
    for row in rows:
        picture = drawn / row["file"]
        assert picture.with_suffix(".txt").read_text(encoding="utf-8") == row["tags"] + "\n"
        assert Image.open(picture).size == (96, 96)
        mask = drawn / BESIDE / f"{picture.stem}.mask.png"
        assert mask.exists() == (row["n_characters"] > 0)
        if mask.exists():
            assert np.asarray(Image.open(mask)).max() == row["n_characters"]
        assert [box["label"] for box in row["boxes"]].count("person") == row["n_characters"]


def test_there_is_a_sheet_of_all_pictures(drawn):
    assert Image.open(drawn / BESIDE / "sheet.webp").width >= 10 * 96


def test_the_same_seed_writes_the_same_files(drawn, tmp_path):
    draw_studio(tmp_path, 12, seed=3, size=96)
    written = [path.relative_to(drawn) for path in drawn.rglob("*") if path.is_file()]
    assert len(written) > 24
    for path in written:
        assert (tmp_path / path).read_bytes() == (drawn / path).read_bytes()


def test_the_folder_as_a_source_holds_the_pictures_and_nothing_else(drawn):
    assert {found.path for found in walk(str(drawn))} - {"truth.jsonl"} == {
        f"{number:06d}{ending}" for number in range(12) for ending in (".png", ".txt")
    }


def test_a_folder_that_holds_something_is_refused(drawn):
    with pytest.raises(UsageError, match="not empty"):
        draw_studio(drawn, 1)


def test_the_command_draws_and_says_where(tmp_path):
    done = CliRunner().invoke(app, ["studio", "--n", "2", "--size", "64", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0
    assert str(tmp_path / "new" / BESIDE / "sheet.webp") in done.stderr
    assert len(truth_of(tmp_path / "new")) == 2
