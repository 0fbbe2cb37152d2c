"""The policy stop in the warehouse, where the picture and not the words shows a child."""

from charassets.curation import EditLog, take_snapshot
from charassets.warehouse import build, connect
from charassets_tests.warehouse.small_lake import Drawn, built_lake, commit, settings_for

DRAWN = (
    Drawn("rated", rating="sensitive", image="a"),
    Drawn("general", rating="general", image="b", degrees=90, phash=0xFFFF),
    Drawn("fused", rating="q", image="c", degrees=200, phash=0xFFFF << 16),
    Drawn("adult", rating="q", image="d", degrees=300, phash=0xFFFF << 32),
)


def age(record, value, **more):
    row = {"record_id": record, "attribute": "Age", "value": value, "confidence": 0.6, "status": "ambiguous"}
    return {**row, "sources": ["head"], "reason": "drawn", **more}


def seen(record, score):
    return {"record_id": record, "attribute": "Age", "value": "Child", "score": score, "source": "head", "detail": "d"}


def test_a_child_in_the_picture_stops_a_rated_record_and_no_review_lifts_the_stop(tmp_path):
    settings = settings_for(tmp_path)
    workspace, lake = built_lake(settings, DRAWN)
    names = [d.name for d in DRAWN]
    commit(
        lake,
        "visual_evidence",
        "shard-00000",
        [seen("rated", 0.7), seen("general", 0.9), seen("adult", 0.3)],
        names[:2],
    )
    commit(lake, "character_attributes", "shard-00000", [age("fused", "Teen", runner_up="Child")], ["fused"])
    log = EditLog(workspace.root / "curation" / "edits.sqlite")
    log.append("attribute.set", {"record_ids": ["rated", "fused"], "attribute": "Age", "value": "Young Adult"})
    take_snapshot(log, lake)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        fates = dict(con.execute("SELECT record_id, fate FROM all_records").fetchall())
        reasons = dict(con.execute("FROM quarantined").fetchall())
        kept = {record for (record,) in con.execute("SELECT record_id FROM records").fetchall()}
    assert fates == {"rated": "quarantined", "general": "kept", "fused": "quarantined", "adult": "kept"}
    assert reasons == {
        "rated": "Age Child by head 0.70 in a picture rated sensitive",
        "fused": "Age Child in a picture rated q",
    }
    assert kept == {"general", "adult"}
