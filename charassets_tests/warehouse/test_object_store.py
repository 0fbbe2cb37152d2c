"""The warehouse of a lake on an object store: DuckDB does not open its files, so everything but the bytes is inside."""

from pathlib import Path

import pytest

from charassets.warehouse import build, connect
from charassets_tests.lake.test_object_store import s3  # noqa: F401 - a fixture
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for


def test_it_holds_every_fate_and_needs_no_connection_to_be_read(tmp_path: Path, request: pytest.FixtureRequest):
    settings = settings_for(tmp_path, lake=f"s3://bucket/warehouse?{request.getfixturevalue('s3')}")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        assert dict(con.execute("SELECT record_id, fate FROM all_records").fetchall()) == FATES
        columns = con.execute("SELECT * FROM single_character_images LIMIT 0").description
    assert "boxes" in {column[0] for column in columns}
    assert "crop" not in {column[0] for column in columns}
    assert build(workspace, lake, settings).unchanged
