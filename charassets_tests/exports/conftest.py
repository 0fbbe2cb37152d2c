"""A small workspace to export from."""

from pathlib import Path

import pytest

from charassets.settings import ExportSettings, Settings
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for

KEPT = {name for name, fate in FATES.items() if fate == "kept"}
PICTURED = KEPT - {"words"}


def asked(format: str, **options) -> ExportSettings:  # noqa: A002
    return ExportSettings(name=format, format=format, **options)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    settings = settings_for(tmp_path_factory.mktemp("export") / "w")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return settings


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"
