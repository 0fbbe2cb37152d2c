import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from charassets.cli import app
from charassets.cli.studio import draw_studio
from charassets.errors import UsageError


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
        mask = picture.with_suffix(".mask.png")
        assert mask.exists() == (row["n_characters"] > 0)
        if mask.exists():
            assert np.asarray(Image.open(mask)).max() == row["n_characters"]
        assert [box["label"] for box in row["boxes"]].count("person") == row["n_characters"]


def test_there_is_a_sheet_of_all_pictures(drawn):
    assert Image.open(drawn / "sheet.webp").width >= 10 * 96


def test_the_same_seed_writes_the_same_files(drawn, tmp_path):
    draw_studio(tmp_path, 12, seed=3, size=96)
    for path in drawn.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_folder_that_holds_something_is_refused(drawn):
    with pytest.raises(UsageError, match="not empty"):
        draw_studio(drawn, 1)


def test_the_command_draws_and_says_where(tmp_path):
    done = CliRunner().invoke(app, ["studio", "--n", "2", "--size", "64", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0
    assert str(tmp_path / "new" / "sheet.webp") in done.stderr
    assert len(truth_of(tmp_path / "new")) == 2
