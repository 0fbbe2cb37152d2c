import os
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import pytest

hypothesis.settings.register_profile("no-clock", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("no-clock")


def pytest_collection_modifyitems(items):
    """Leave out on CI what starts several programs; everywhere else it runs."""
    if os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("processes"):
                item.add_marker(pytest.mark.skip(reason="starts several programs: run `make test` without CI set"))


@pytest.fixture(scope="session")
def small_models(tmp_path_factory):
    """Settings of a real detector and a real CLIP, small and untrained: enough to run every stage in seconds."""
    from charassets_tests.models.small_models import save_clip, save_yolo

    folder = tmp_path_factory.mktemp("models")
    return SimpleNamespace(detector=save_yolo(folder / "detector.pt"), embedder=save_clip(folder / "clip"))


@pytest.fixture
def own_environment(monkeypatch, tmp_path):
    """What the command line puts into the environment is gone after the test."""
    for name in ("CHARASSETS_WORKSPACE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tag_data() -> Path:
    folder = Path(__file__).parents[2] / "shared" / "data" / "tags"
    if not folder.is_dir():
        pytest.skip(f"the real tag lists are not here ({folder})")
    return folder
