"""Names that people gave records, from the edit log through the stage: replayed on every run, and gone with their undo."""

import pyarrow as pa
import pytest

from charassets.curation import EditLog, take_snapshot
from charassets.stages.carried_ids import carried
from charassets.stages.character_clusters import CharacterClusters
from charassets.stages.cluster_health import measured
from charassets.stages.collection import ALL, run_collection
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.fixture
def clustered(tmp_path):
    settings = settings_for(tmp_path / "work")
    workspace, lake = built_lake(settings)
    log = EditLog(workspace.edit_log)

    def run():
        take_snapshot(log, lake)
        run_collection(CharacterClusters(settings), lake)
        rows = lake.fragment("character_clusters", ALL).read(["record_id", "character_id"])
        return dict(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))

    return run, log, lambda: measured(lake.fragment("character_clusters", ALL))


def test_ids_that_people_changed_are_no_ids_that_were_lost(clustered):
    run, log, health = clustered
    before = run()
    said = log.append("records.same_character", {"record_ids": ["ann-1-small", "ben-1"]})  # the copy of a keeper
    merged = run()
    assert sum(merged[record] != name for record, name in before.items()) == 3
    assert (health().before, health().kept) == (4, 4)
    parted = log.append("records.different_character", {"left": ["ann-1", "ben-1"], "right": ["ann-2", "ann-3"]})
    after = run()
    assert after["ann-2"] == after["ann-3"] != after["ann-1"]
    assert health().carried == 1
    for edit in (parted, said):
        log.undo(edit.id)
    assert run()["ben-1"] != run()["ann-1"] and health().carried == 1


def test_ids_that_change_without_a_word_of_people_are_counted():
    before = rows(a="one", b="one", c="two", d="two", gone="one", noise=None)
    now = rows(d="three", a="one", b="two", c="two", new="one", noise="one")
    assert carried(now, before, set()).to_pylist() == [{"before": 4, "kept": 2}]
    assert carried(now, before, {"a", "c"}).to_pylist() == [{"before": 3, "kept": 2}], "of `three` nobody spoke"
    assert carried(rows(a=None), before, {"a"}).to_pylist() == [{"before": 0, "kept": 0}]
    assert carried(now, None, {"a"}).to_pylist() == [{"before": 0, "kept": 0}]


def rows(**characters):
    columns = [pa.array(column, pa.string()) for column in (characters, characters.values())]
    return pa.table(columns, ["record_id", "character_id"])


def test_a_wrong_identity_parts_and_a_right_one_joins_until_they_are_undone(clustered):
    run, log, _ = clustered
    before = run()
    assert before["ann-3"] == before["ann-1"] != before["ben-1"]
    log.append("identity.confirm", {"record_ids": ["ann-1", "ann-2"], "name": "Ann"})
    log.append("identity.confirm", {"record_ids": ["ben-1"], "name": "Ben"})
    wrong = log.append("identity.correct", {"record_ids": ["ann-3"], "name": "Ben"})
    said = run()
    assert said["ann-3"] == said["ben-1"] == said["ben-2"]
    assert said["ann-1"] == said["ann-2"] != said["ann-3"]
    assert run() == said
    log.undo(wrong.id)
    assert run() == before


def test_a_word_on_a_dropped_copy_is_about_the_picture_that_was_kept(clustered):
    run, log, _ = clustered
    log.append("identity.confirm", {"record_ids": ["ann-2", "ann-3"], "name": "Ann"})
    log.append("identity.correct", {"record_ids": ["ann-1-small"], "name": "Unknown"})
    found = run()
    assert found["ann-1"] is None and found["ann-2"] == found["ann-3"] is not None
