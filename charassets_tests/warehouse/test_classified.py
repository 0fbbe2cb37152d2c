from charassets import warehouse
from charassets.warehouse.reading import connect
from charassets_tests.warehouse.small_lake import RECORDS, commit


def test_answers_of_a_trained_classifier_are_two_columns_of_records(copied):
    workspace, lake, settings = copied
    shard = "shard-00000"
    said = {"value": "hero", "score": 0.8, "source": "classifier", "detail": "r1"}
    names = [r.name for r in RECORDS if r.shard == shard and r.name.startswith("ann")]
    rows = [{"record_id": name, "attribute": "classified_archetype", **said} for name in names]
    commit(lake, "visual_evidence", shard, rows, names)
    warehouse.build(workspace, lake, settings)
    with connect(workspace) as con:
        found = con.execute(
            "SELECT record_id, classified_archetype, printf('%.1f', classified_archetype_confidence::DOUBLE) FROM records "
            "WHERE classified_archetype IS NOT NULL ORDER BY 1"
        ).fetchall()
        bare = con.execute("SELECT count(*) FROM records WHERE classified_archetype IS NULL").fetchone()
    assert found == [("ann-1", "hero", "0.8"), ("ann-2", "hero", "0.8")]
    assert bare is not None and bare[0] > 0
