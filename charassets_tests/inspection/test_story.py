"""One image's story, over a lake in which every fate occurs."""

import pytest

from charassets.errors import UsageError
from charassets.inspection.story import find_record, story
from charassets.lake.workspace import Workspace
from charassets.settings import GateSettings
from charassets.sources import record_id
from charassets.stages.gates import verdicts
from charassets.warehouse import build, connect
from charassets_tests.sources.making import picture, tar_bytes, tree
from charassets_tests.warehouse.small_lake import FATES, RIGHT, Drawn, built_lake, read_sources, settings_for

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


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A warehouse of files that were read, and the folder of the first of its two sources."""
    folder = tmp_path_factory.mktemp("places")
    art = tree(folder / "art", {
        "zero.png": b"",
        "sub/notes.png": b"no picture",
        "sub/kept.png": picture(1),
        "a/same.png": picture(2),
        "b/same.png": b"",
        "x.tar": tar_bytes([("in/k.png", picture(3)), ("empty.png", b"")]),
    })  # fmt: skip
    web = tree(folder / "web", {f"{i}/many.png": picture(10 + i) for i in range(6)} | {"a/same.png": picture(4)})
    with connect(read_sources(folder / "ws", art=art, web=web)) as con:
        yield con, art


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


@pytest.mark.parametrize(
    ("item", "asked"),
    [
        ("zero.png", ("zero.png", "art/zero.png")),
        ("sub/notes.png", ("notes.png", "sub/notes.png")),
        ("sub/kept.png", ("kept.png", "sub/kept.png")),
        ("x.tar#in/k.png", ("k.png", "in/k.png", "x.tar#in/k.png")),
        ("x.tar#empty.png", ("empty.png", "x.tar#empty.png")),
    ],
)
def test_a_file_is_found_by_its_name_whether_kept_or_rejected(places, item, asked):
    con, art = places
    for name in (*asked, *([str(art / item)] if "#" not in item else [])):
        assert find_record(con, name) == record_id("art", item), name


def test_a_name_of_several_files_names_a_few_of_them(places):
    con, _ = places
    with pytest.raises(UsageError) as several:
        find_record(con, "many.png")
    told = str(several.value)
    assert "many.png means several records" in told and "\n" not in told
    assert told.endswith("name one: 0/many.png, 1/many.png, 2/many.png, 3/many.png, ...")
    for record in several.value.todo.removeprefix("name one: ").removesuffix(", ...").split(", "):
        assert find_record(con, record) == record_id("web", record)


def test_files_of_the_same_place_in_two_sources_are_told_by_their_ids(places):
    con, _ = places
    one, other = record_id("art", "a/same.png"), record_id("web", "a/same.png")
    with pytest.raises(UsageError) as several:
        find_record(con, "same.png")
    named = set(several.value.todo.removeprefix("name one: ").split(", "))
    assert named == {f"{one} (art: a/same.png)", f"{other} (web: a/same.png)", "b/same.png"}
