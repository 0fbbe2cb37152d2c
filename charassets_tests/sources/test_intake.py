"""What is taken into the ledger: files that could not be read are read once they can be."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charassets.lake.workspace import Workspace
from charassets.settings import Settings, load_settings
from charassets.sources.intake import take_in
from charassets.stages.raw_shards import RawShards
from charassets.stages.runner import ShardResult, run_stage

NOBODY = 65_534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="charassets-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user to whom permissions apply."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def taken(settings: Settings) -> ShardResult:
    with without_rights():
        lake = Workspace.of(settings).open_lake()
        (shard,) = take_in(settings, lake).change.shards
        return run_stage(RawShards(settings), shard, lake)


def test_a_file_that_could_not_be_read_is_read_once_it_can_be_and_not_before(place: Path):
    art, work = place / "art", place / "work"
    for folder in (art, work):
        folder.mkdir()
        folder.chmod(0o777)
    for name in ("a.png", "locked.png", "torn.png"):
        Image.fromarray(np.full((80, 80, 3), 9, np.uint8)).save(art / name)
    (art / "torn.png").write_bytes(b"no picture")
    (art / "locked.png").chmod(0)
    settings = load_settings({"workspace": str(work), "sources": [{"name": "art", "path": str(art)}]})
    assert taken(settings).manifest.rejections == {"unreadable": 1, "not_an_image": 1}
    assert taken(settings).unchanged
    (art / "locked.png").chmod(0o644)
    found = taken(settings)
    assert not found.unchanged
    assert found.manifest.rejections == {"not_an_image": 1}
    assert found.manifest.counts["row"] == 2
    assert taken(settings).unchanged
    (art / "locked.png").chmod(0)  # what was read once is not asked again, as ever
    assert taken(settings).unchanged
    os.utime(art / "locked.png", (1, 1))
    assert taken(settings).manifest.rejections == {"unreadable": 1, "not_an_image": 1}
    (art / "locked.png").chmod(0o644)
    assert taken(settings).manifest.rejections == {"not_an_image": 1}
    assert taken(settings).unchanged
