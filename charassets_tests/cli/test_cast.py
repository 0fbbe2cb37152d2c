"""``charassets train cast`` over small models, where there is nothing to learn; what it learns: ``defs/test_cast.py``."""

import pytest

from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets_tests.defs.small_source import folder_of

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture(autouse=True)
def small(small_models, monkeypatch):
    monkeypatch.setenv("CHARASSETS_DETECTOR__PATH", str(small_models.detector))
    monkeypatch.setenv("CHARASSETS_EMBEDDER__PATH", str(small_models.embedder))


def test_a_path_that_is_not_there_is_a_wrong_usage_and_makes_no_workspace(charassets, tmp_path):
    code, out, err = charassets("train", "cast", tmp_path / "nowhere", "-w", tmp_path / "work")
    assert (code, out) == (2, "") and "the pictures are not there" in err
    assert not (tmp_path / "work").exists()


def test_a_single_picture_is_refused_before_anything_runs(charassets, tmp_path):
    folder = folder_of(tmp_path / "pictures", 1)
    (picture,) = (path for path in folder.rglob("*") if path.suffix == ".png")
    code, out, err = charassets("train", "cast", picture, "-w", tmp_path / "work")
    assert (code, out) == (2, "") and "one file shows no two characters" in err
    assert not (tmp_path / "work").exists()


def test_a_name_that_cannot_be_one_is_told_before_anything_is_read(charassets, tmp_path):
    folder = folder_of(tmp_path / "pictures", 1)
    code, _, err = charassets("train", "cast", folder, "--name", "No Name", "-w", tmp_path / "work")
    assert code == 2 and "is no name for a classifier" in err
    assert not (tmp_path / "work" / "lake" / "raw_shards").exists()


def test_pictures_that_name_nobody_are_taken_in_and_told_in_one_line(charassets, tmp_path):
    folder = folder_of(tmp_path / "pictures", 3)
    code, out, err = charassets("train", "cast", folder, "--source", "mine", "-w", tmp_path / "work")
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if "names a character" in line]
    assert "Traceback" not in err
    settings = load_settings({"workspace": str(tmp_path / "work")}, tmp_path / "work" / "charassets.yaml")
    assert [(source.name, source.path) for source in settings.sources] == [
        ("mine", str(folder))
    ]  # nights go on with it
    assert not Workspace.of(settings).is_held()
