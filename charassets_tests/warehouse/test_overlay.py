import numpy as np
import pyarrow as pa
import pytest

from charassets import warehouse
from charassets.curation import EditLog, Replay, take_snapshot
from charassets.warehouse import connect
from charassets.warehouse.live import LiveWarehouse
from charassets.warehouse.overlay import lay_over
from charassets.warehouse.query import compile_query


@pytest.fixture
def place(copied):
    return (*copied, EditLog(copied[0].edit_log))


def rebuilt(place):
    workspace, lake, settings, log = place
    take_snapshot(log, lake)
    warehouse.build(workspace, lake, settings)


def ask(place, query):
    with connect(place[0]) as con:
        lay_over(con, Replay(place[3]))
        return con.execute(query).fetchall()


def say(place, attribute, value, *records):
    args = {"record_ids": list(records), "attribute": attribute, "value": value}
    return place[3].append("attribute.set", args)


HAIR = (
    "SELECT hair_length, hair_length_confidence, reviewed, decided, round(mean_confidence, 4) "
    "FROM records WHERE record_id = 'ann-1'"
)
FINAL = (
    "SELECT value, status, machine_value FROM final_attributes WHERE record_id = 'ann-1' AND attribute = 'Hair Length'"
)


def test_without_edits_the_overlay_shows_the_warehouse(place):
    with connect(place[0]) as con:
        bare = con.sql("FROM records ORDER BY record_id").to_arrow_table()
        overlay = lay_over(con, Replay(place[3]))
        over = con.sql("FROM records ORDER BY record_id").to_arrow_table()
    assert (overlay.head, overlay.pending, overlay.revoked) == (0, 0, 0)
    assert over.column_names == bare.column_names
    assert over.to_pylist() == bare.to_pylist()


def test_an_edit_shows_at_once_and_the_same_after_the_next_build(place):
    say(place, "Hair Length", "Short", "ann-1")
    before = ask(place, HAIR), ask(place, FINAL)
    assert before == ([("Short", 1.0, ["Hair Length"], 2, pytest.approx(0.95))], [("Short", "reviewed", "Long")])
    rebuilt(place)
    assert (ask(place, HAIR), ask(place, FINAL)) == before
    with connect(place[0]) as con:
        assert lay_over(con, Replay(place[3])).pending == 0


def test_an_undo_shows_at_once_also_when_the_warehouse_had_taken_the_edit_in(place):
    machine = ask(place, HAIR), ask(place, FINAL)
    said = say(place, "Hair Length", "Short", "ann-1")
    rebuilt(place)
    place[3].undo(said.id)
    assert (ask(place, HAIR), ask(place, FINAL)) == machine
    with connect(place[0]) as con:
        assert lay_over(con, Replay(place[3])).revoked == 1


CHARACTERS = (
    "SELECT record_id, character_id FROM records WHERE record_id LIKE 'ann%' OR record_id LIKE 'ben%' ORDER BY 1"
)


def test_merge_split_and_eject_show_as_they_were_meant(place):
    first = dict(ask(place, CHARACTERS))
    assert first["ann-1"] != first["ben-1"]
    merged = place[3].append("records.same_character", {"record_ids": ["ann-1", "ben-1"]})
    assert len(set(dict(ask(place, CHARACTERS)).values())) == 1
    place[3].append("records.eject", {"record_ids": ["ben-3"], "members": sorted(first)})
    assert dict(ask(place, CHARACTERS))["ben-3"] is None
    place[3].append("records.different_character", {"left": ["ann-1"], "right": ["ann-2", "ann-3"]})
    split = dict(ask(place, CHARACTERS))
    assert split["ann-2"] == split["ann-3"] != split["ann-1"]
    for edit in reversed(place[3].edits()):
        place[3].undo(edit.id)
    assert dict(ask(place, CHARACTERS)) == first
    assert merged.seq == 1


def test_a_character_bears_the_name_most_of_its_members_were_given(place):
    first = dict(ask(place, CHARACTERS))
    ann = [r for r, character in first.items() if character == first["ann-1"]]
    place[3].append("cluster.rename", {"members": ann, "name": "Ann"})
    place[3].append("cluster.rename", {"members": ["ben-1"], "name": "Ben"})
    assert dict(ask(place, "SELECT character_id, name FROM character_names")) == {
        first["ann-1"]: "Ann",
        first["ben-1"]: "Ben",
    }
    with_name = compile_query('cluster:"ANN"')
    sql = f"SELECT record_id FROM records WHERE {with_name.sql} ORDER BY ALL"  # noqa: S608 - a constant
    with LiveWarehouse(place[0]).view() as view:
        assert view.con.execute(sql, list(with_name.params)).fetchall() == [(record,) for record in sorted(ann)]
    rebuilt(place)
    with connect(place[0]) as con:  # the file alone
        assert con.execute(sql, list(with_name.params)).fetchall() == [(record,) for record in sorted(ann)]


def test_every_view_sees_what_was_said_last(place):
    live = LiveWarehouse(place[0])
    for value in ("Short", "Medium"):
        said = say(place, "Hair Length", value, "ann-1")
        with live.view() as view:
            assert view.overlay.head == said.seq
            assert view.con.execute(HAIR).fetchall()[0][0] == value
            assert view.con.execute("SELECT count(*) FROM single_character_images").fetchall()[0][0] > 5


def test_after_a_swap_new_answers_come_from_the_new_file_and_a_begun_one_from_the_old(place):
    live = LiveWarehouse(place[0])
    with live.view() as begun:
        say(place, "Hair Length", "Short", "ann-1")
        rebuilt(place)
        assert begun.con.execute("SELECT count(*) FROM edits").fetchall() == [(0,)]
        with live.view() as later:
            assert later.con.execute("SELECT count(*) FROM edits").fetchall() == [(1,)]
            assert later.overlay.pending == 0
        assert begun.con.execute("SELECT count(*) FROM single_character_images").fetchall()[0][0] > 5


@pytest.mark.parametrize("text", ["'; DROP TABLE records; --", "<script>alert(1)</script>", "名前", "a\u0300", '"%_'])
def test_hostile_names_and_values_are_only_text(place, text):
    say(place, "Hair Length", text, "ann-1")
    place[3].append("cluster.rename", {"members": ["ann-1"], "name": text})
    assert ask(place, HAIR)[0][0] == text
    assert ask(place, "SELECT name FROM character_names") == [(text,)]


def test_an_edit_over_many_records_is_laid_over_in_one_go(place):
    say(place, "Hair Length", "Short", *(f"r{i}" for i in range(50_000)), "ann-1")
    with connect(place[0]) as con:
        lay_over(con, Replay(place[3]))
        assert con.execute("SELECT count(*) FROM reviews").fetchall() == [(50_001,)]
        kept = con.sql("SELECT record_id FROM records").to_arrow_table()["record_id"]
    assert isinstance(kept, pa.ChunkedArray)
    assert not np.char.startswith(np.array(kept.to_pylist(), str), "r").any()
