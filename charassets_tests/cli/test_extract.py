"""``charassets extract`` and ``parse-tags``."""

import io
import json

import pytest
from PIL import Image

from charassets.studio.scenes import draw_scene

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def picture(tmp_path):
    scene = next(s for s in (draw_scene(seed, 160) for seed in range(20)) if s.n_characters == 1)
    Image.fromarray(scene.pixels).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def test_a_picture_needs_no_workspace(charassets, picture, tmp_path):
    code, out, err = charassets(
        "extract", picture, "--tags", "1girl, blonde hair", "--json", "--crop", tmp_path / "c.webp"
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["attributes"]["Hair Color"] == "Blonde"
    assert told["size"] == [160, 160]
    assert len(told["embedding"]) > 32
    assert {"label", "score", "x0", "y0", "x1", "y1"} == set(told["boxes"][0])
    assert Image.open(io.BytesIO((tmp_path / "c.webp").read_bytes())).format == "WEBP"
    assert not (tmp_path / "workspace").exists()


def test_people_get_a_table_with_reasons(charassets):
    code, out, _ = charassets("extract", "--tags", "1girl, blonde hair")
    assert code == 0
    assert "Blonde" in out and "blonde_hair" in out


def test_a_damaged_picture_ends_with_three_and_its_code(charassets, tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    code, out, _ = charassets("extract", tmp_path / "torn.png", "--json")
    assert code == 3
    assert json.loads(out)["code"] in ("undecodable", "not_an_image")


@pytest.mark.parametrize("arguments", [[], ["nowhere.png"], ["--tags", " "]])
def test_nothing_to_extract_is_a_usage_error(charassets, arguments):
    code, out, err = charassets("extract", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1


def test_a_tag_line_is_explained(charassets):
    code, out, _ = charassets("parse-tags", "1girl, blonde_hair, red hair", "--json")
    told = json.loads(out)
    assert code == 0
    assert {"attribute": "Hair Color", "values": ["Blonde", "Red"]} in told["conflicts"]
    assert told["figures"] == 1


def test_a_tag_never_reaches_the_terminal_as_a_command(charassets):
    _, out, _ = charassets("parse-tags", "1girl, \x1b[31mred hair\x1b[0m, [red]blue eyes")
    assert "\x1b" not in out
