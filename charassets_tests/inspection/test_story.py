"""One image's story, over a lake in which every fate occurs."""

import pytest

from charassets.errors import UsageError
from charassets.inspection.story import find_record, story
from charassets.lake.workspace import Workspace
from charassets.settings import GateSettings
from charassets.stages.gates import verdicts
from charassets.warehouse import build, connect
from charassets_tests.warehouse.small_lake import FATES, RIGHT, Drawn, built_lake, settings_for

FAINT = {**RIGHT, "score": 0.35}
BLURRED = Drawn(
    "faint second", boxes=({**RIGHT, "x0": 0.0, "x1": 90.0}, FAINT), tags="", degrees=100, phash=0xFFFF << 24
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    from charassets_tests.warehouse.small_lake import RECORDS

    settings = settings_for(tmp_path_factory.mktemp("story"))
    workspace, lake = built_lake(settings, (*RECORDS, BLURRED))
    build(workspace, lake, settings)
    return settings


@pytest.fixture(scope="module")
def con(settings):
    with connect(Workspace.of(settings)) as con:
        yield con


@pytest.mark.parametrize(("fate", "record"), {fate: record for record, fate in FATES.items()}.items())
def test_every_fate_has_its_story(con, settings, fate, record):
    found = story(con, record, settings)
    assert (found.record_id, found.fate) == (record, fate)
    assert found.reason or fate in ("kept", "pending")
    if fate == "rejected":
        (code,) = con.execute("SELECT code FROM all_records WHERE record_id = ?", [record]).fetchone()
        assert code and found.reason.startswith(code)


def test_a_kept_picture_shows_gates_evidence_and_what_would_lose_it(con, settings):
    found = story(con, "ann-2", settings)
    assert {gate.name for gate in found.gates} >= {"gates.min_sharpness", "gates.person_score"}
    assert next(g for g in found.gates if g.name == "gates.min_sharpness").measured == pytest.approx(300)
    hair = next(a for a in found.attributes if a.name == "Hair Length")
    assert any("long_hair" in line for line in hair.evidence)
    assert found.remedy is not None
    assert found.remedy.verdict != "single"


def test_a_copy_names_its_partner_and_the_limit_that_would_part_them(con, settings):
    found = story(con, "ann-1-small", settings)
    assert found.duplicate["partner"] == "/art/ann-1.png"
    assert "ann-1" in found.copies
    assert found.remedy is not None and found.remedy.setting.startswith("duplicates.")


def test_the_remedy_is_true(con, settings):
    """The gate that is named does change the verdict, and a nearer value of it does not."""
    found = story(con, BLURRED.name, settings)
    assert found.fate in ("multiple", "ambiguous")
    remedy = found.remedy
    assert remedy is not None and remedy.verdict == "single"
    sql = "SELECT * EXCLUDE (crop) FROM single_character_images WHERE record_id = ?"
    image = con.sql(sql, params=[BLURRED.name]).to_arrow_table()
    from charassets.schema import SINGLE_CHARACTER_IMAGES

    image = image.append_column("crop", [[None]]).select(SINGLE_CHARACTER_IMAGES.arrow.names)
    name = remedy.setting.removeprefix("gates.")
    changed = GateSettings(**{**settings.gates.model_dump(), name: remedy.needed})
    assert verdicts(image, settings.gates)["verdict"][0].as_py() != "single"
    assert verdicts(image, changed)["verdict"][0].as_py() == "single"


def test_a_record_is_found_by_id_path_and_end_of_path(con):
    for asked in ("ann-3", "/art/ann-3.png", "ann-3.png", "image-ann-3"):
        assert find_record(con, asked) == "ann-3"


def test_what_is_nobody_or_several_is_told(con):
    with pytest.raises(UsageError, match="no record"):
        find_record(con, "nobody-knows.png")
    with pytest.raises(UsageError, match="several"):
        find_record(con, "ann")  # the content that ann-1 and its exact copy share
