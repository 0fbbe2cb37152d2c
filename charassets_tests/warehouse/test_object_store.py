"""The warehouse of a lake on an object store: narrow tables are inside, wide ones are views that read the store by ranges."""

from pathlib import Path

import duckdb
import pytest

from charassets.warehouse import build, connect
from charassets_tests.lake.test_object_store import s3  # noqa: F401 - a fixture
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for


def test_it_holds_every_fate_and_its_views_read_the_bytes_where_they_lie(
    tmp_path: Path, request: pytest.FixtureRequest
):
    settings = settings_for(tmp_path, lake=f"s3://bucket/warehouse?{request.getfixturevalue('s3')}")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        assert dict(con.execute("SELECT record_id, fate FROM all_records").fetchall()) == FATES
        crops = con.execute("SELECT crop FROM single_character_images WHERE crop IS NOT NULL").fetchall()
        assert crops and all(crop[0] for crop in crops)
    assert build(workspace, lake, settings).unchanged
    with duckdb.connect() as alone:  # no key to the store is needed for what is inside
        alone.execute(f"ATTACH '{workspace.warehouse}' AS charassets (READ_ONLY)")
        assert dict(alone.execute("SELECT record_id, fate FROM charassets.all_records").fetchall()) == FATES
