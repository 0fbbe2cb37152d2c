"""CSV, Parquet and SQLite, each read back by what people read them with."""

import csv
import sqlite3

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets.exports.delimited import guarded, unguarded
from charassets.exports.export import export
from charassets.lake.workspace import Workspace
from charassets.warehouse import build, connect
from charassets_tests.exports.conftest import KEPT, asked
from charassets_tests.warehouse.small_lake import Drawn, built_lake, settings_for

COLUMNS = ("record_id", "character_id", "gender", "hair_length", "tags", "description", "uri", "width", "rating")


def stored(settings) -> dict:
    """What the warehouse says."""
    with connect(Workspace.of(settings)) as con:
        rows = con.execute(f"SELECT {', '.join(COLUMNS)} FROM records").fetchall()  # noqa: S608
    return {row[0]: row for row in rows}


def test_parquet_read_by_duckdb_is_what_the_warehouse_says(settings, out):
    export(settings, asked("parquet"), out)
    rows = duckdb.sql(f"SELECT {', '.join(COLUMNS)} FROM '{out}/train.parquet'").fetchall()  # noqa: S608
    assert {row[0]: row for row in rows} == stored(settings)


def test_sqlite_read_by_sqlite_is_what_the_warehouse_says(settings, out):
    export(settings, asked("sqlite"), out)
    with sqlite3.connect(out / "records.sqlite") as con:
        rows = con.execute(f"SELECT {', '.join(COLUMNS)} FROM records").fetchall()  # noqa: S608
        assert con.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {row[0]: row for row in rows} == stored(settings)


def test_csv_read_by_csv_is_what_the_warehouse_says(settings, out):
    export(settings, asked("csv"), out)
    with (out / "train.csv").open(newline="", encoding="utf-8") as file:
        found = {row["record_id"]: row for row in csv.DictReader(file)}
    assert set(found) == KEPT
    for name, row in stored(settings).items():
        told = [unguarded(found[name][column]) for column in COLUMNS]
        assert told == ["" if value is None else str(value) for value in row]


@given(st.text())
def test_no_cell_is_a_formula_and_every_text_comes_back(text):
    assert unguarded(guarded(text)) == text
    assert (guarded(text) or " ")[0] not in "=+-@\t\r\n"


def test_a_formula_in_the_tags_is_text_in_a_spreadsheet(tmp_path):
    settings = settings_for(tmp_path / "w")
    tags = '=HYPERLINK("http://x","1girl"), long_hair'
    workspace, lake = built_lake(settings, [Drawn("one", tags=tags)])
    build(workspace, lake, settings)
    export(settings, asked("csv"), tmp_path / "safe")
    export(settings, asked("csv", raw_csv=True), tmp_path / "raw")
    cells = {}
    for name in ("safe", "raw"):
        with (tmp_path / name / "train.csv").open(newline="", encoding="utf-8") as file:
            cells[name] = next(csv.DictReader(file))["tags"]
    assert cells == {"safe": f"'{tags}", "raw": tags}


@pytest.mark.parametrize("format", ["csv", "parquet", "sqlite"])
def test_the_same_records_give_the_same_bytes(settings, tmp_path, format):
    files = [export(settings, asked(format), tmp_path / name).manifest["files"] for name in ("a", "b")]
    assert files[0] == files[1]


def test_a_warehouse_of_an_earlier_release_is_exported_without_the_columns_it_lacks(tmp_path, out):
    settings = settings_for(tmp_path / "w")
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with duckdb.connect(str(workspace.warehouse)) as con:
        con.execute("ALTER TABLE records DROP COLUMN track_id")
    export(settings, asked("parquet"), out)
    rows = duckdb.sql(f"SELECT record_id, track_id FROM '{out}/train.parquet'").fetchall()  # noqa: S608
    assert {record for record, _ in rows} == KEPT and {track for _, track in rows} == {None}
