"""The DuckDB file: complete, documented, derived, movable, and swapped in under its readers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from charassets.errors import UsageError, VerificationError
from charassets.lake.workspace import Workspace
from charassets.schema import TABLES
from charassets.warehouse import build, connect, files_read
from charassets_tests.sources.making import picture, tar_bytes, tree
from charassets_tests.warehouse.small_lake import (
    FATES,
    LEFT,
    RIGHT,
    Drawn,
    built_lake,
    read_sources,
    settings_for,
    write_shards,
)


def ask(workspace: Workspace, query: str) -> list[tuple]:
    with connect(workspace) as con:
        return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    settings = settings_for(tmp_path_factory.mktemp("ws"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return workspace


def test_every_record_has_exactly_one_fate(workspace: Workspace):
    fates = ask(workspace, "SELECT record_id, fate FROM all_records")
    assert len(fates) == len(FATES)
    assert dict(fates) == FATES


def test_a_duplicate_names_the_record_that_was_kept(workspace: Workspace):
    query = "SELECT record_id, copy_of FROM all_records WHERE copy_of IS NOT NULL ORDER BY 1"
    assert ask(workspace, query) == [("ann-1-copied", "ann-1"), ("ann-1-small", "ann-1")]


def test_the_reason_is_that_of_the_fate(workspace: Workspace, tmp_path: Path):
    reasons = dict(ask(workspace, "SELECT record_id, reason FROM all_records"))
    assert reasons["ann-1-copied"].startswith("same bytes")
    settings = settings_for(tmp_path)
    pair = {"size": (200, 300), "boxes": (LEFT, RIGHT), "tags": "2girls", "degrees": 0.0}
    twice, lake = built_lake(settings, [Drawn("two", image="two", **pair), Drawn("two-copied", image="two", **pair)])
    build(twice, lake, settings)
    query = "SELECT record_id, fate, reason LIKE 'same bytes%', copy_of FROM all_records ORDER BY 1"
    assert ask(twice, query) == [("two", "multiple", False, None), ("two-copied", "multiple", False, "two")]


def test_a_rejected_record_keeps_its_source_and_reason(workspace: Workspace):
    query = "SELECT record_id, source, code, reason FROM all_records WHERE fate = 'rejected' ORDER BY 1"
    assert ask(workspace, query) == [
        ("damaged", "web", "undecodable", "for the test"),
        ("empty", "art", "empty", "for the test"),
    ]
    rejections = ask(workspace, "SELECT record_id, stage, shard, code FROM rejections ORDER BY 1")
    assert rejections == [
        ("damaged", "single_character_images", "shard-00001", "undecodable"),
        ("empty", "raw_shards", "shard-00000", "empty"),
    ]


def test_what_is_rejected_while_being_read_is_found_by_its_name(tmp_path: Path):
    tree(tmp_path / "in", {
        "zero.png": b"",
        "sub/notes: 1.png": b"no picture",
        "x.tar": tar_bytes([("k.png", picture()), ("in/empty.png", b"")]),
    })  # fmt: skip
    tree(tmp_path / "words", {"tags.csv": 'tags,caption\n"1girl, solo",\n,\n'})
    workspace = read_sources(tmp_path / "ws", art=tmp_path / "in", words=tmp_path / "words")
    query = "SELECT source, item_key, code FROM all_records WHERE fate = 'rejected' ORDER BY ALL"
    assert ask(workspace, query) == [
        ("art", "sub/notes: 1.png", "not_an_image"),
        ("art", "x.tar#in/empty.png", "empty"),
        ("art", "zero.png", "empty"),
        ("words", "tags.csv#1", "no_image_bytes"),
    ]


def test_kept_records_have_attributes_character_and_source_in_one_row(workspace: Workspace):
    query = """
        SELECT character_id, gender, gender_confidence, eye_color, eye_color_confidence, decided, mean_confidence,
               duplicate_group, copies, uri, crop_label
        FROM records WHERE record_id = 'ann-1'
    """
    [row] = ask(workspace, query)
    assert row[:2] == ("character_000", "Female")
    assert row[2] == pytest.approx(0.9)
    assert row[3:6] == ("Unknown", 0.0, 2)
    assert row[6] == pytest.approx(0.85)
    assert row[7:] == ("ann-1", 3, "/art/ann-1.png", "person")


def test_a_record_of_words_is_kept_on_its_own_terms(tmp_path: Path):
    settings = settings_for(tmp_path)
    words = [
        Drawn("one", text_only=True, degrees=None),
        Drawn("couple", text_only=True, degrees=None, tags="2girls"),
        Drawn("street", text_only=True, degrees=None, tags="no_humans"),
    ]
    workspace, lake = built_lake(settings, words)
    build(workspace, lake, settings)
    fates = dict(ask(workspace, "SELECT record_id, fate FROM all_records"))
    assert fates == {"one": "kept", "couple": "multiple", "street": "none"}
    assert ask(workspace, "SELECT record_id, character_id, copies FROM records") == [("one", None, 1)]


def test_every_table_view_and_column_is_documented(workspace: Workspace):
    bare = """
        SELECT table_name, '' FROM duckdb_tables() WHERE database_name = 'charassets' AND comment IS NULL
        UNION ALL SELECT view_name, '' FROM duckdb_views()
            WHERE database_name = 'charassets' AND NOT internal AND comment IS NULL
        UNION ALL SELECT table_name, column_name FROM duckdb_columns()
            WHERE database_name = 'charassets' AND NOT internal AND comment IS NULL
    """
    assert ask(workspace, bare) == []


def test_all_tables_of_the_lake_are_there_with_their_rows(workspace: Workspace):
    lake = workspace.open_lake()
    for table in TABLES:
        [(rows,)] = ask(workspace, f"SELECT count(*) FROM {table}")  # noqa: S608
        assert rows == sum(fragment.rows for fragment in lake.fragments(table)), table


def test_another_gate_is_a_query_away(workspace: Workspace):
    query = "SELECT count(*) FROM verdicts WHERE verdict = 'low_quality'"
    assert ask(workspace, query) == [(0,)]
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{workspace.warehouse}' AS charassets (READ_ONLY)")
        con.execute(f"SET file_search_path = '{workspace.root}'")
        con.execute("CREATE TABLE gates AS SELECT * REPLACE (1000.0 AS min_sharpness) FROM charassets.gates")
        con.execute("CREATE VIEW single_character_images AS FROM charassets.single_character_images")
        [(view,)] = con.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'verdicts'").fetchall()
        con.execute(view)
        [(low,)] = con.execute(query).fetchall()
    assert low == 11


def test_a_second_build_changes_nothing_and_a_new_gate_rebuilds(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    first = build(workspace, lake, settings)
    before = workspace.warehouse.stat()
    second = build(workspace, lake, settings)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert workspace.warehouse.stat() == before
    assert second.rows == first.rows
    assert second.rows["all_records"] == len(FATES)

    strict = settings_for(tmp_path, gates={"min_sharpness": 1000.0})
    assert not build(workspace, lake, strict).unchanged
    assert ask(workspace, "SELECT count(*) FROM records WHERE NOT text_only") == [(0,)]


def test_one_file_is_left_in_the_format_of_duckdb_1_2(workspace: Workspace):
    assert [path.name for path in workspace.root.glob("charassets.duckdb*")] == ["charassets.duckdb"]
    with duckdb.connect(str(workspace.warehouse), read_only=True) as con:
        [(tags,)] = con.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert tags["storage_version"].startswith("v1.2.0")


def test_a_moved_workspace_answers_from_its_own_folder(workspace: Workspace, tmp_path: Path):
    moved = shutil.copytree(workspace.root, tmp_path / "moved to 'ärt'")
    query = "SELECT count(*), count(crop) FROM single_character_images JOIN records USING (record_id, crop_id)"
    script = f"import duckdb; print(duckdb.connect('charassets.duckdb', read_only=True).execute('{query}').fetchall())"
    answer = subprocess.run([sys.executable, "-c", script], cwd=moved, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[(6, 6)]"


@pytest.mark.parametrize("folder", ["a, b", "it's [1] *"])
def test_awkward_folder_names_work(tmp_path: Path, folder: str):
    settings = settings_for(tmp_path / folder)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    assert ask(workspace, "SELECT count(crop) FROM single_character_images") == [(10,)]


def test_a_lake_elsewhere_is_named_by_its_whole_path(tmp_path: Path):
    settings = settings_for(tmp_path / "ws", lake=str(tmp_path / "far [away]" / "lake"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    assert ask(workspace, "SELECT count(embedding) FROM clip_embeddings") == [(10,)]


_READER = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
print(con.execute("SELECT count(*) FROM all_records").fetchone()[0], flush=True)
sys.stdin.readline()
print(con.execute("SELECT count(*) FROM all_records").fetchone()[0], flush=True)
"""


def test_a_reader_in_another_process_never_meets_a_lock(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    command = [sys.executable, "-c", _READER, str(workspace.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin
        assert reader.stdout
        assert int(reader.stdout.readline()) == len(FATES)
        with connect(workspace) as here:  # a reader in this process holds the old file too
            write_shards(lake, [Drawn("one more", shard="shard-00003")])
            assert not build(workspace, lake, settings).unchanged
            assert here.execute("SELECT count(*) FROM all_records").fetchall() == [(len(FATES),)]
        assert ask(workspace, "SELECT count(*) FROM all_records") == [(len(FATES) + 1,)]
        reader.stdin.write("go on\n")
        reader.stdin.flush()
        assert int(reader.stdout.readline()) == len(FATES)


def test_a_damaged_lake_leaves_the_old_warehouse(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    before = workspace.warehouse.read_bytes()
    write_shards(lake, [Drawn("new", shard="shard-00003")])
    fragment = lake.fragment("raw_shards", "shard-00003")
    assert fragment
    (Path(lake.store.root) / fragment.path()).write_bytes(b"not parquet")
    with pytest.raises(VerificationError):
        build(workspace, workspace.open_lake(), settings)
    assert workspace.warehouse.read_bytes() == before
    assert list(workspace.root.glob("*.tmp*")) == []


def test_a_damaged_warehouse_is_rebuilt(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    workspace.warehouse.write_bytes(b"not a database")
    assert not build(workspace, lake, settings).unchanged
    assert ask(workspace, "SELECT count(*) FROM all_records") == [(len(FATES),)]


def test_what_a_killed_build_left_is_cleared_once_it_is_surely_dead(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    dead, spilled, alive = (tmp_path / f"charassets.duckdb.{n}.tmp" for n in ("1-a", "2-b", "3-c"))
    dead.write_bytes(b"half")
    alive.write_bytes(b"half")
    spilled.mkdir()
    for path in (dead, spilled):
        os.utime(path, (0, 0))
    build(workspace, lake, settings)
    assert {path.name for path in tmp_path.glob("charassets.duckdb*")} == {"charassets.duckdb", alive.name}


def test_an_empty_lake_gives_an_empty_warehouse_with_every_table(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings, [])
    build(workspace, lake, settings)
    assert ask(workspace, "SELECT count(*) FROM records") == [(0,)]
    assert ask(workspace, "SELECT crop, verdict FROM single_character_images JOIN verdicts USING (record_id)") == []


def test_the_files_that_queries_read_are_known_to_the_sweep(workspace: Workspace):
    lake = workspace.open_lake()
    assert files_read(workspace) == {f.path() for table in TABLES for f in lake.fragments(table)}


def test_no_warehouse_is_said_in_one_line(tmp_path: Path):
    with pytest.raises(UsageError, match="no warehouse yet"):
        connect(Workspace.of(settings_for(tmp_path)))
