"""The panel of one record: its file, its fate, the limits of the warehouse; nothing of what is kept out by policy."""

import json

import pytest

from app.pages import browse
from app.services.context import Context


@pytest.fixture
def panel(place):
    workspace, settings = place

    def shown(record_id, changed=settings):
        return json.dumps(browse.handle(Context(workspace, changed), {"search": f"?id={record_id}"}))

    return shown


def test_limits_are_those_that_the_fate_was_told_by(place, panel):
    settings = place[1]
    later = settings.model_copy(update={"gates": settings.gates.model_copy(update={"min_side": 4_321})})
    assert "min side" in panel("ann-1") and "4,321" not in panel("ann-1", later)


def test_nothing_is_shown_of_what_is_kept_out_or_could_not_be_read(place, panel):
    with Context(*place).reading() as con:
        fates = dict(con.execute("SELECT fate, any_value(record_id) FROM all_records GROUP BY fate").fetchall())
        raw = con.execute("SELECT tags, uri FROM raw_shards WHERE record_id = ?", [fates["quarantined"]]).fetchall()
    held = panel(fates["quarantined"])
    assert "quarantined" in held and not any(word and word in held for row in raw for word in row)
    rejected = panel(fates["rejected"])
    assert "rejected" in rejected and f"/thumb/{fates['rejected']}" not in rejected
