"""Words of dropped copies reach the keeper's record, through the real runner and the real warehouse."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from charassets import warehouse
from charassets.attributes.merging import added_words
from charassets.attributes.vocabulary import load
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import NEAR_DUPLICATES, TAG_EVIDENCE
from charassets.stages.collection import ALL, run_collection
from charassets.stages.merged_attributes import MergedAttributes
from charassets.stages.pipeline import collection_stages
from charassets_tests.warehouse.small_lake import LEFT, RIGHT, Drawn, commit, settings_for, write_shards

RECORDS = (
    Drawn("kept", size=(400, 600), image="a"),
    Drawn("copy", image="a"),
    Drawn("other-copy", degrees=3, phash=0b11),
    Drawn("alone", degrees=90, phash=0xFFFF << 16),
)


def said(record: str, attribute: str, value: str, tag: str, score: float = 0.95) -> dict[str, Any]:
    return {
        **{"record_id": record, "attribute": attribute, "value": value},
        **{"score": score, "source": "tag", "detail": f"tag `{tag}`"},
    }


def merged(
    folder: Path, evidence: list[dict[str, Any]], records: tuple[Drawn, ...] = RECORDS
) -> tuple[Workspace, Lake]:
    settings = settings_for(folder)
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    write_shards(lake, records)
    commit(lake, "tag_evidence", "shard-00000", evidence, sorted({row["record_id"] for row in evidence}))
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    return workspace, lake


def rows(lake: Lake) -> dict[tuple[str, str], dict[str, Any]]:
    fragment = lake.fragment("merged_attributes", ALL)
    assert fragment is not None
    return {(row["record_id"], row["attribute"]): row for row in fragment.read().to_pylist()}


def test_a_tag_of_a_dropped_copy_becomes_the_keepers_and_says_where_it_came_from(tmp_path: Path):
    workspace, lake = merged(tmp_path, [said("copy", "Hair Color", "Red", "red_hair")])
    warehouse.build(workspace, lake, settings_for(tmp_path))
    with warehouse.connect(workspace) as con:
        record = "SELECT hair_color, hair_length, from_copies FROM records WHERE record_id = 'kept'"
        colour, length, origin = con.execute(record).fetchall()[0]
        assert (colour, length) == ("Red", "Long")  # its own answers stay
        assert origin == [
            {
                **{"attribute": "Hair Color", "value": "Red", "copies": ["copy"]},
                "words": ["tag `red_hair` of its copy copy"],
            }
        ]
        final = "SELECT value, machine_status, reason FROM final_attributes WHERE record_id = 'kept' AND attribute = 'Hair Color'"
        assert con.execute(final).fetchall() == [("Red", "decided", "tag `red_hair` of its copy copy")]
        assert con.execute("SELECT from_copies FROM records WHERE record_id = 'alone'").fetchall() == [(None,)]
        total = con.execute("SELECT count(*), count(DISTINCT (record_id, attribute)) FROM fused_attributes").fetchall()
        assert total == [(4 * len(load().attributes),) * 2]


def test_a_keeper_that_contradicts_its_copies_wins(tmp_path: Path):
    own = said("kept", "Hair Color", "Blue", "blue_hair")
    _, lake = merged(tmp_path, [own, said("copy", "Hair Color", "Red", "red_hair")])
    assert not rows(lake)


def test_copies_that_contradict_each_other_leave_it_open(tmp_path: Path):
    told = [said("copy", "Hair Color", "Red", "red_hair"), said("other-copy", "Hair Color", "Blue", "blue_hair")]
    _, lake = merged(tmp_path, told)
    row = rows(lake)["kept", "Hair Color"]
    assert row["status"] == "ambiguous"
    assert row["copies"] == ["copy", "other-copy"]


def test_of_an_attribute_with_several_values_the_missing_ones_are_added(tmp_path: Path):
    own = said("kept", "Accessories", "Glasses", "no_glasses", score=0.0)
    told = [said("copy", "Accessories", "Glasses", "glasses"), said("copy", "Accessories", "Earrings", "earrings")]
    _, lake = merged(tmp_path, [own, *told])
    assert rows(lake)["kept", "Accessories"]["value"] == "Earrings"  # the keeper denies the glasses


def test_a_copy_of_several_people_lends_nothing(tmp_path: Path):
    crowd = Drawn("copy", image="a", boxes=(LEFT, RIGHT), tags="2girls")
    _, lake = merged(tmp_path, [said("copy", "Hair Color", "Red", "red_hair")], (RECORDS[0], crowd))
    assert not rows(lake)


def test_every_record_is_accounted_for_and_a_second_run_computes_nothing(tmp_path: Path):
    _, lake = merged(tmp_path, [said("copy", "Hair Color", "Red", "red_hair")])
    fragment = lake.fragment("merged_attributes", ALL)
    assert fragment is not None
    books = {line["record_id"]: line["code"] for line in fragment.read(role="books").to_pylist()}
    assert books == {"kept": None, "copy": "copy", "other-copy": "copy", "alone": "no_copies"}
    assert run_collection(MergedAttributes(settings_for(tmp_path)), lake).unchanged


def test_words_of_copies_can_stop_a_keeper_as_its_own_do(tmp_path: Path):
    records = (Drawn("kept", size=(400, 600), image="a", rating="sensitive"), Drawn("copy", image="a"))
    workspace, lake = merged(tmp_path, [said("copy", "Age", "Child", "child")], records)
    warehouse.build(workspace, lake, settings_for(tmp_path))
    with warehouse.connect(workspace) as con:
        fates = dict(con.execute("SELECT record_id, fate FROM all_records").fetchall())
    assert rows(lake)["kept", "Age"]["value"] == "Child"
    assert fates == {"kept": "quarantined", "copy": "duplicate"}


_ATTRIBUTES = st.sampled_from(
    [("Hair Color", "Red"), ("Hair Color", "Blue"), ("Accessories", "Glasses"), ("Age", "Teen")]
)
_STATEMENTS = st.lists(
    st.tuples(st.sampled_from(["kept", "copy", "other-copy"]), _ATTRIBUTES, st.sampled_from([0.0, 0.6, 0.95])),
    max_size=12,
)


@given(_STATEMENTS, st.randoms(use_true_random=False), st.booleans())
def test_what_is_added_depends_on_what_was_said_and_not_on_its_order(statements, random, grey: bool):
    told = [said(record, *pair, "word", score) for record, pair, score in statements]
    shuffled = list(told)
    random.shuffle(shuffled)
    stars = pa.Table.from_pylist(
        [
            {"record_id": r, "group_id": "kept", "keeper": r == "kept", "single": True, "grey": grey and r == "copy"}
            for r in ("kept", "copy", "other-copy")
        ],
        schema=pa.schema(
            [NEAR_DUPLICATES.arrow.field(n) for n in ("record_id", "group_id", "keeper", "single", "grey")]
        ),
    )
    one, other = (
        added_words(stars, pa.Table.from_pylist(t, schema=TAG_EVIDENCE.arrow), load()).to_pylist()
        for t in (told, shuffled)
    )
    assert one == other
    own = {attribute for record, (attribute, _), _ in statements if record == "kept"}
    assert all(row["attribute"] not in own or row["attribute"] == "Accessories" for row in one)
    assert not (grey and any(row["copy"] == "copy" and row["attribute"] == "Hair Color" for row in one))
    keys = [(row["attribute"], row["value"], row["score"] == 0) for row in one]
    assert len(keys) == len(set(keys))
