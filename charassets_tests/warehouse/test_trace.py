"""The documented query that traces a value to its evidence, as people would run it."""

import re
from pathlib import Path

import pytest

from charassets.attributes.vocabulary import load
from charassets.warehouse import build, connect
from charassets_tests.warehouse.small_lake import built_lake, settings_for

DOCS = Path(__file__).parents[2] / "docs" / "attributes-fusion.md"


def query():
    found = re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return next(sql for sql in found if "character_attributes" in sql and "tag_evidence" in sql)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    settings = settings_for(tmp_path_factory.mktemp("trace"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        yield con


def test_every_value_traces_to_its_evidence_by_one_query(warehouse):
    rows = warehouse.sql(query(), params=["ann-2", "Hair Length"]).to_arrow_table().to_pylist()
    assert [(r["value"], r["status"], r["source"], r["said"], r["detail"]) for r in rows] == [
        ("Long", "decided", "tag", "Long", "tag `long_hair`")
    ]
    assert rows[0]["reason"] == "drawn"


def test_every_record_and_attribute_has_an_answer_to_trace(warehouse):
    records = [r for (r,) in warehouse.execute("SELECT record_id FROM records").fetchall()]
    for record in records:
        for attribute in load().attributes:
            assert warehouse.execute(query(), [record, attribute]).fetchall(), (record, attribute)
