import pytest

from app.services.filters import Filter
from charassets import warehouse
from charassets.curation import EditLog, Replay, take_snapshot
from charassets.exports.columns import schema
from charassets.warehouse import connect
from charassets.warehouse.overlay import lay_over
from charassets.warehouse.query import compile_query
from charassets_tests.warehouse.small_lake import commit

WHO = "SELECT record_id, identity, identity_status, identity_review FROM records WHERE starts_with(record_id, 'ann') ORDER BY 1"
MACHINE = [
    ("ann-1", "Ann", "recognised", None),
    ("ann-2", None, "unknown", "nearly known"),
    ("ann-3", "Ben", "recognised", "two characters are about as likely"),
]


@pytest.fixture
def place(copied):
    """A collection in which somebody was recognised, somebody was not, and somebody wrongly."""
    workspace, lake, settings = copied
    for shard in lake.shards("clip_embeddings"):
        rows = [
            {
                "record_id": record,
                "name": name,
                "chance": 0.9 if name else 0.4,
                "similarity": 0.75,
                "traits": 0.0,
                "margin": 1.5,
                "candidates": [{"name": name or "Ann", "similarity": 0.75, "score": 6.0}],
                "review": review,
            }
            for record, name, _, review in MACHINE
            if (record == "ann-3") == (shard == "shard-00001")
        ]
        commit(lake, "character_identities", shard, rows, [row["record_id"] for row in rows])
    warehouse.build(workspace, lake, settings)
    return workspace, lake, settings, EditLog(workspace.edit_log)


def ask(place, query=WHO, params=()):
    with connect(place[0]) as con:
        lay_over(con, Replay(place[3]))
        return con.execute(query, list(params)).fetchall()


def rebuilt(place):
    take_snapshot(place[3], place[1])
    warehouse.build(*place[:3])


def passing(place, query):
    compiled = compile_query(query)
    return [r for (r,) in ask(place, f"SELECT record_id FROM records WHERE {compiled.sql} ORDER BY 1", compiled.params)]  # noqa: S608


def test_records_say_whom_they_show_and_what_is_in_doubt(place):
    assert ask(place) == MACHINE
    (figures,) = ask(place, "SELECT identity_similarity, identity_margin FROM records WHERE record_id = 'ann-1'")
    assert figures == (0.75, 1.5)
    assert ask(place, "SELECT identity, identity_status FROM records WHERE record_id = 'ben-1'") == [(None, None)]


def test_a_persons_word_shows_at_once_stays_after_the_build_and_goes_with_its_undo(place):
    log = place[3]
    log.append("identity.confirm", {"record_ids": ["ann-1"], "name": "Ann"})
    wrong = log.append("identity.correct", {"record_ids": ["ann-3"], "name": "Ann"})
    log.append("identity.correct", {"record_ids": ["ann-2"], "name": "Unknown"})
    told = [("ann-1", "Ann", "reviewed", None), ("ann-2", None, "reviewed", None), ("ann-3", "Ann", "reviewed", None)]
    assert ask(place) == told
    rebuilt(place)
    assert ask(place) == told
    log.undo(wrong.id)
    assert ask(place) == [*told[:2], MACHINE[2]]
    rebuilt(place)
    assert ask(place) == [*told[:2], MACHINE[2]]


def test_queries_facets_and_exports_know_identities(place):
    assert passing(place, "identity:ann") == ["ann-1"]
    assert passing(place, "identity_status:unknown") == ["ann-2"]
    assert passing(place, "has:identity_review identity_margin>1") == ["ann-2", "ann-3"]
    where, params = Filter.of("?in=identity:Ben").where()
    assert ask(place, f"SELECT record_id FROM records WHERE {where}", params) == [("ann-3",)]  # noqa: S608
    assert {"identity", "identity_similarity", "identity_margin"} <= set(schema().names)
