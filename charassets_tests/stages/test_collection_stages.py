"""The duplicate and character stages over a small lake, through the real runner."""

from pathlib import Path

import pytest

from charassets.curation import EditLog
from charassets.curation.snapshot import take_snapshot
from charassets.errors import CharassetsError
from charassets.lake.fragments import Lake
from charassets.stages.character_clusters import CharacterClusters
from charassets.stages.cluster_health import CARRIED, UNKEPT
from charassets.stages.collection import ALL, run_collection
from charassets.stages.near_duplicates import NearDuplicates
from charassets.stages.pipeline import collection_stages
from charassets.warehouse import build, connect
from charassets_tests.warehouse.small_lake import RECORDS, Drawn, built_lake, commit, settings_for, write_shards


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return built_lake(settings_for(tmp_path_factory.mktemp("ws")))[1]


def rows(lake: Lake, table: str) -> dict[str, dict]:
    fragment = lake.fragment(table, ALL)
    assert fragment is not None
    return {row["record_id"]: row for row in fragment.read().to_pylist()}


def skipped(lake: Lake, table: str) -> dict[str, str]:
    fragment = lake.fragment(table, ALL)
    assert fragment is not None
    books = fragment.read(role="books").to_pylist()
    return {line["record_id"]: line["code"] for line in books if line["outcome"] == "skipped"}


def test_copies_meet_across_shards_at_the_best_of_them(lake: Lake):
    found = rows(lake, "near_duplicates")
    group = {name: row["relation"] for name, row in found.items() if row["group_id"] == "ann-1"}
    assert group == {"ann-1": "self", "ann-1-copied": "exact", "ann-1-small": "duplicate"}
    assert found["ann-1"]["reason"] == "kept of 3 copies: the one with more tags (3, not 1)"


def test_every_picture_is_compared_and_only_single_characters_are_clustered(lake: Lake):
    assert skipped(lake, "near_duplicates") == {"words": "no_picture"}
    assert not rows(lake, "near_duplicates")["two"]["single"]
    assert "stopped" in rows(lake, "near_duplicates")  # policy is enforced where records are shown


def test_characters_are_found_among_keepers_alone(lake: Lake):
    found = rows(lake, "character_clusters")
    assert {found[n]["character_id"] for n in ("ann-1", "ann-2", "ann-3")} == {"character_000"}
    assert {found[n]["character_id"] for n in ("ben-1", "ben-2", "ben-3")} == {"character_001"}
    assert sum(row["representative"] for row in found.values()) == 2
    codes = {"ann-1-copied": "duplicate", "ann-1-small": "duplicate", "two": "not_single", "nobody": "not_single"}
    assert skipped(lake, "character_clusters") == codes


def test_frames_of_one_moment_are_one_witness_and_stay_members(tmp_path: Path):
    """Three frames of one moment are no character of their own; they are members of the one that their standing frame has."""
    still = [Drawn(f"ep_{k:04d}.png", degrees=90 + k, phash=0x5555 << 16 * k) for k in range(3)]
    later = Drawn("ep_0009.png", degrees=110, phash=0x3333 << 40)
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings, [*still, *RECORDS])
    found = rows(lake, "character_clusters")
    assert [found[d.name]["moment_of"] for d in still] == [None, "ep_0000.png", "ep_0000.png"]
    alone = {found[d.name]["character_id"] for d in still}
    assert len(alone) == 1
    assert alone == {None} or len({name for name, row in found.items() if row["character_id"] in alone}) > 3

    write_shards(lake, [*still, later, *RECORDS])
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    found = rows(lake, "character_clusters")
    home = {found[d.name]["character_id"] for d in (*still, later)}
    assert len(home) == 1 and {n for n, row in found.items() if row["character_id"] in home} == {
        d.name for d in (*still, later)
    }
    assert found["ep_0002.png"]["similarity"] > 0.9 and found["ep_0009.png"]["moment_of"] is None
    assert sum(row["representative"] for row in found.values() if row["character_id"] in home) == 1
    assert {row["sub_cluster"] for row in found.values() if row["character_id"] is None} <= {None}

    log = EditLog(workspace.edit_log)
    log.append("records.same_character", {"record_ids": ["ep_0002.png", "ben-1"]})  # the frame speaks for its moment
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    found = rows(lake, "character_clusters")
    assert {found[n]["character_id"] for n in ("ep_0000.png", "ep_0002.png", "ben-2")} == {
        found["ben-3"]["character_id"]
    }
    build(workspace, lake, settings)
    with connect(workspace) as con:
        told = con.execute(
            "SELECT record_id, sub_cluster, view FROM records WHERE moment_of = 'ep_0000.png'"
        ).fetchall()
    assert sorted(told) == [("ep_0001.png", 0, None), ("ep_0002.png", 0, None)]


def test_a_second_run_computes_nothing_and_a_new_gate_does(tmp_path: Path):
    settings = settings_for(tmp_path)
    _, lake = built_lake(settings)
    assert all(
        run_collection(stage, lake).unchanged for stage in (NearDuplicates(settings), CharacterClusters(settings))
    )

    strict = settings_for(tmp_path, gates={"min_sharpness": 1000.0})
    again = run_collection(NearDuplicates(strict), lake)
    assert not again.unchanged
    assert not any(row["single"] for row in rows(lake, "near_duplicates").values())


def test_an_empty_lake_gives_empty_tables(tmp_path: Path):
    _, lake = built_lake(settings_for(tmp_path), [])
    assert rows(lake, "near_duplicates") == rows(lake, "character_clusters") == {}


def test_a_picture_without_an_embedding_is_no_character(tmp_path: Path):
    _, lake = built_lake(settings_for(tmp_path), [Drawn("plain", degrees=None), Drawn("other", degrees=10)])
    assert skipped(lake, "character_clusters") == {"plain": "no_embedding"}


def test_shards_embedded_by_different_models_are_refused(tmp_path: Path):
    settings = settings_for(tmp_path)
    _, lake = built_lake(settings, [Drawn("a"), Drawn("b", shard="shard-00001")])
    other = {"record_id": "b", "crop_id": "crop-b", "model": "newer@1", "dim": 2, "embedding": b"\0\x3c\0\0"}
    commit(lake, "clip_embeddings", "shard-00001", [other], ["b"])
    with pytest.raises(CharassetsError, match="different models"):
        run_collection(NearDuplicates(settings), lake)


def test_what_people_said_about_characters_survives_the_next_run(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    log = EditLog(workspace.edit_log)
    merge = log.append("records.same_character", {"record_ids": ["ann-1-small", "ben-1"]})  # the copy of a keeper
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    found = rows(lake, "character_clusters")
    assert {found[n]["character_id"] for n in ("ann-1", "ann-2", "ben-1", "ben-3")} == {"character_000"}

    log.undo(merge.id)
    log.append("records.different_character", {"left": ["ann-1"], "right": ["ann-2", "ann-3"]})
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    found = rows(lake, "character_clusters")
    assert found["ann-1"]["character_id"] is None
    assert found["ann-2"]["character_id"] == found["ann-3"]["character_id"] == "character_000"
    assert len({found[n]["character_id"] for n in ("ben-1", "ben-2", "ben-3")}) == 1
    assert found["ann-1"]["similarity"] is None and found["ann-2"]["similarity"] > 0.9


def test_what_a_later_word_overruled_is_kept_beside_the_rows_and_so_is_the_share_of_ids_carried_over(tmp_path: Path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings)
    first = lake.fragment("character_clusters", ALL)
    assert first is not None
    assert first.read(role=CARRIED).to_pylist() == [{"before": 0, "kept": 0}]
    log = EditLog(workspace.edit_log)
    tie = log.append("records.same_character", {"record_ids": ["ann-1", "ann-2"]})
    log.append("records.different_character", {"left": ["ann-1"], "right": ["ann-2", "ann-3"]})
    take_snapshot(log, lake)
    run_collection(CharacterClusters(settings), lake)
    again = lake.fragment("character_clusters", ALL)
    assert again is not None
    (line,) = again.read(role=UNKEPT).to_pylist()
    assert line["edit_id"] == tie.id and line["what"].startswith("ann-1 not with the others")
    assert again.read(role=CARRIED).to_pylist() == [{"before": 6, "kept": 6}]
    build(workspace, lake, settings)
    with connect(workspace) as con:
        told = con.execute("SELECT table_name, edit_id FROM unkept").fetchall()
    assert told == [("character_clusters", tie.id)]
