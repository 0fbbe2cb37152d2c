"""Dagster's home follows the address of a database, or says that it does not."""

import pytest

from charassets.defs.home import POSTGRES, SETTINGS, prepare
from charassets.errors import UsageError

ADDRESS = "postgresql+psycopg2://dagster@127.0.0.1/dagster"
pytestmark = pytest.mark.usefixtures("own_environment")


def test_a_home_made_with_an_address_keeps_its_history_there(tmp_path, monkeypatch):
    monkeypatch.setenv(POSTGRES, ADDRESS)
    prepare(tmp_path / "home")
    assert "\nstorage:\n" in (tmp_path / "home" / "dagster.yaml").read_text()
    prepare(tmp_path / "home")


def test_a_home_made_before_says_that_the_address_is_not_used(tmp_path, monkeypatch):
    monkeypatch.delenv(POSTGRES, raising=False)
    prepare(tmp_path / "home")
    assert (tmp_path / "home" / "dagster.yaml").read_text() == SETTINGS.read_text()
    monkeypatch.setenv(POSTGRES, ADDRESS)
    with pytest.raises(UsageError, match="keeps its history in files"):
        prepare(tmp_path / "home")


def test_an_address_without_its_driver_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(POSTGRES, "postgresql://dagster@127.0.0.1/dagster")
    with pytest.raises(UsageError, match="names no driver"):
        prepare(tmp_path / "home")
