"""A built warehouse to change: built once, copied for every test."""

import shutil

import pytest

from charassets import warehouse
from charassets.lake.workspace import Workspace
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    settings = settings_for(tmp_path_factory.mktemp("built") / "work")
    workspace, lake = built_lake(settings)
    warehouse.build(workspace, lake, settings)
    return workspace.root


@pytest.fixture
def copied(built_once, tmp_path):
    """Workspace, lake and settings of a copy."""
    shutil.copytree(built_once, tmp_path / "work")
    settings = settings_for(tmp_path / "work")
    workspace = Workspace.of(settings)
    return workspace, workspace.open_lake(), settings
