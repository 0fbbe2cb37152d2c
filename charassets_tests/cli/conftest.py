"""The command in this process."""

import sys

import pytest

from charassets import cli


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
