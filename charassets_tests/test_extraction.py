"""One picture without a workspace, by the shipped mini models."""

import io

import numpy as np
import pytest
from PIL import Image

from charassets.errors import UsageError
from charassets.extraction import extract
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.sources.intake import take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.scenes import draw_scene

TAGS = "1girl, solo, blonde hair, blue eyes, green yukata"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return load_settings({"workspace": str(tmp_path_factory.mktemp("nothing"))})


@pytest.fixture(scope="module")
def picture():
    """A drawing of one character."""
    scene = next(s for s in (draw_scene(seed, 192) for seed in range(20)) if s.n_characters == 1)
    drawn = io.BytesIO()
    Image.fromarray(scene.pixels).save(drawn, "PNG")
    return drawn.getvalue()


def test_a_picture_with_tags_is_told_whole(settings, picture):
    found = extract(picture, TAGS, settings)
    assert found.verdict == "single", found.reason
    assert found.size == (192, 192)
    assert found.boxes
    assert Image.open(io.BytesIO(found.crop)).format == "WEBP"
    assert np.linalg.norm(found.embedding.astype(np.float32)) == pytest.approx(1, abs=1e-2)
    assert {row.source for row in found.evidence} >= {"tag", "head"}
    assert found.record["Hair Color"] == "Blonde"
    assert found.record["Dress"] == "Green Yukata"
    hair = next(answer for answer in found.answers if answer.attribute == "Hair Color")
    assert (hair.value, hair.status) == ("Blonde", "decided")
    assert "tag" in hair.sources


def test_it_says_what_a_run_says(settings, picture, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.png").write_bytes(picture)
    (tmp_path / "in" / "one.txt").write_text(TAGS)
    source = {"name": "s", "path": str(tmp_path / "in")}
    own = load_settings({"workspace": str(tmp_path / "w"), "sources": [source]})
    Workspace.of(own).create()
    lake = Workspace.of(own).open_lake()
    (shard,) = take_in(own, lake).change.shards
    found = extract(picture, TAGS, own)
    for name, stage in shard_stages(own).items():
        run_stage(stage, shard, lake)
        if name == "character_identities":  # asks the gallery of a workspace; one picture alone has none
            continue
        stored = lake.fragment(name, shard).read()
        keep = [c for c in stored.column_names if c not in ("record_id", "source", "item_key", "uri")]
        assert found.tables[name].select(keep).to_pylist() == stored.select(keep).to_pylist(), name


def test_words_alone_need_no_picture(settings):
    found = extract(None, TAGS, settings)
    assert (found.verdict, found.size, found.boxes, found.crop, found.embedding) == ("single", None, (), None, None)
    assert found.record["Eye Color"] == "Blue"
    assert extract(None, "2girls, smile", settings).verdict == "multiple"
    assert extract(None, "no_humans, scenery", settings).verdict == "none"


def test_what_is_no_picture_is_rejected_with_its_code(settings):
    found = extract(b"GIF89a but no more", TAGS, settings)
    assert found.verdict == "rejected"
    assert found.code in ("undecodable", "not_an_image")
    assert found.record == {}
    assert "/" not in found.reason, "no path of ours"


def test_what_policy_stops_tells_nothing_but_the_reason(settings, picture):
    found = extract(picture, "child, 1girl, nude", settings)
    assert found.verdict == "quarantined"
    assert (found.crop, found.record, dict(found.tables)) == (None, {}, {})


def test_nothing_at_all_is_a_usage_error(settings):
    with pytest.raises(UsageError, match="nothing to extract"):
        extract(None, "  ", settings)
