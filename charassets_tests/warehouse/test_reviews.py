import pytest

from charassets import warehouse
from charassets.curation import EditLog, take_snapshot
from charassets.warehouse import connect


@pytest.fixture
def place(copied):
    return copied


def say(workspace, attribute, value, *records):
    args = {"record_ids": list(records), "attribute": attribute, "value": value}
    return EditLog(workspace.edit_log).append("attribute.set", args, actor="mia")


def build(place):
    workspace, lake, settings = place
    take_snapshot(EditLog(workspace.edit_log), lake)
    return warehouse.build(workspace, lake, settings)


def ask(place, query):
    with connect(place[0]) as con:
        return con.execute(query).fetchall()


def test_a_persons_word_wins_and_the_machines_is_kept_beside(place):
    say(place[0], "Hair Length", "Short", "ann-1")
    say(place[0], "Hair Color", "Blonde", "ann-1", "words")
    build(place)
    assert ask(
        place, "SELECT hair_length, hair_length_confidence, reviewed FROM records WHERE record_id = 'ann-1'"
    ) == [("Short", 1.0, ["Hair Color", "Hair Length"])]
    assert ask(place, "SELECT hair_color, hair_color_confidence FROM records WHERE record_id = 'words'") == [
        ("Blonde", 1.0)
    ]
    query = "SELECT value, confidence, status, machine_value, machine_status, reviewed_by FROM final_attributes"
    assert ask(place, f"{query} WHERE record_id = 'ann-1' AND attribute = 'Hair Length'") == [
        ("Short", 1.0, "reviewed", "Long", "decided", "mia")
    ]
    assert ask(place, f"{query} WHERE record_id = 'ann-2' AND attribute = 'Hair Length'") == [
        ("Long", pytest.approx(0.8), "decided", "Long", "decided", None)
    ]


def test_unknown_is_an_answer_and_takes_a_guess_back(place):
    say(place[0], "Hair Length", "Unknown", "ann-1")
    build(place)
    assert ask(place, "SELECT hair_length, hair_length_confidence, decided FROM records WHERE record_id = 'ann-1'") == [
        ("Unknown", 0.0, 1)
    ]


def test_a_review_counts_among_the_decided(place):
    build(place)
    before = ask(place, "SELECT decided, reviewed FROM records WHERE record_id = 'ann-2'")
    say(place[0], "Eye Color", "Green", "ann-2")
    assert not build(place).unchanged
    assert before == [(2, None)]
    assert ask(place, "SELECT decided, round(mean_confidence, 2) FROM records WHERE record_id = 'ann-2'") == [
        (3, pytest.approx(0.9))
    ]


def test_an_edit_and_its_undo_rebuild_nothing(place):
    build(place)
    said = say(place[0], "Eye Color", "Green", "ann-2")
    EditLog(place[0].edit_log).undo(said.id)
    assert build(place).unchanged
