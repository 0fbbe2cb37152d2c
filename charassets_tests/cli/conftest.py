"""The command in this process."""

import sys

import pytest

from charassets import cli
from charassets.lake.workspace import Workspace
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.fixture
def charassets(monkeypatch, capfd):
    """Answers exit code, stdout and stderr of a call."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["charassets", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        told = capfd.readouterr()
        return left.value.code, told.out, told.err

    return call


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A small lake and its warehouse."""
    settings = settings_for(tmp_path / "w")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return workspace
