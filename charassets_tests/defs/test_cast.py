"""From a folder of drawn characters, and from the export of a search, to figures on pictures held out: the job itself."""

import csv
import json
import shutil

import dagster as dg
import numpy as np
import orjson
import pytest
from PIL import Image

from charassets import warehouse
from charassets.definitions import defs
from charassets.identity import shelf
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character

NAMES = ("Aoi", "Botan")
PICTURES = 14


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sub-folder a character: two with ten pictures, of one a copy besides, and a third with too few."""
    root = tmp_path_factory.mktemp("cast") / "characters"
    for who, name in enumerate((*NAMES, "Chie")):
        character = sample_character(1001 + who)
        for number in range(PICTURES if name in NAMES else 3):
            pixels = draw_portrait(character, 100 * (who + 1) + number, 160).pixels
            save(root / name / f"{number}.png", pixels)
    shutil.copy(root / "Aoi" / "3.png", root / "Aoi" / "again.png")
    save(root / "Botan" / "blank.png", np.full((160, 160, 3), 200, np.uint8))
    (root / "Aoi" / "broken.png").write_bytes(b"no picture")
    shutil.copy(root / "Aoi" / "4.png", root / "nameless.png")
    return root


def learn(root, path, instance, **asked):
    """Run the job; the settings find the workspace whatever the environment says."""
    job = defs().resolve_job_def("learn_cast")
    config = {"path": str(path), "features": ["clip"], "overrides": {"workspace": str(root)}, **asked}
    return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)


def told(run, step):
    """Metadata of a step."""
    (output,) = [e for e in run.all_events if e.event_type_value == "STEP_OUTPUT" and e.step_key == step]
    return {name: value.value for name, value in output.event_specific_data.metadata.items()}


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def learnt(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("work") / "work"
    with dg.DagsterInstance.ephemeral() as instance:
        run = learn(root, folder, instance)
        assert run.success, [e.message for e in run.all_events if e.is_failure]
        events = {
            name: len(instance.fetch_materializations(dg.AssetKey(name), limit=9).records)
            for name in ("clip_embeddings", "near_duplicates", "warehouse", "character_gallery")
        }
        yield root, run, events


def test_one_run_gives_gallery_classifier_and_figures_of_both(learnt):
    root, run, events = learnt
    figures = json.loads((root / "courses" / "cast" / "figures.json").read_text())
    assert figures["characters"] == 2 and figures["left_out"].keys() == {"Chie"}
    assert figures["parts"]["train"] + figures["parts"]["validation"] == figures["gallery"]["references"]
    assert figures["identification"]["asked"] == figures["parts"]["test"]
    assert figures["identification"]["strangers"] == figures["left_out"]["Chie"] > 0
    assert figures["classifier"]["promoted"] is True
    lake = Workspace.of(load_settings({"workspace": str(root)})).open_lake()
    shelved = shelf.current(lake.store)
    assert shelved is not None and shelved.digest == figures["gallery"]["version"]
    assert shelved.gallery.names == NAMES
    metadata = told(run, "train_and_measure")
    assert metadata["gallery/first"] == figures["identification"]["first"]["value"]
    assert metadata["classifier/accuracy"] == figures["classifier"]["scores"]["accuracy"]["value"]
    assert "right name first" in metadata["report"] and (root / "courses" / "cast" / "report.md").is_file()
    assert (
        events["clip_embeddings"] and events["near_duplicates"] and events["character_gallery"] and events["warehouse"]
    )


def test_nothing_that_was_held_out_was_learnt_and_copies_are_on_one_side(learnt):
    root, _, _ = learnt
    course = root / "courses" / "cast"
    parts = {row["record_id"]: row for row in table(course / "parts.csv")}
    held_out = {record for record, row in parts.items() if row["part"] == "test"}
    lake = Workspace.of(load_settings({"workspace": str(root)})).open_lake()
    shelved = shelf.current(lake.store)
    assert shelved is not None
    references = shelved.gallery.references
    assert held_out.isdisjoint(references["record_id"].to_pylist())
    with warehouse.connect(Workspace.of(load_settings({"workspace": str(root)}))) as con:
        bytes_of = dict(con.execute("SELECT record_id, image_id FROM all_records").fetchall())
    assert {bytes_of[r] for r in held_out}.isdisjoint(references["image_id"].to_pylist())
    sides = {}
    for record, row in parts.items():
        sides.setdefault(bytes_of[record], set()).add(row["part"])
    assert len(sides) == len(parts) - 1 and all(len(side) == 1 for side in sides.values())  # one picture is there twice
    asked = {row["record_id"] for row in table(course / "held_out.csv")}
    assert held_out <= asked and not asked & (parts.keys() - held_out)


def test_what_was_left_out_is_named_with_the_reason_and_every_table_says_where_the_pictures_lie(learnt, folder):
    root, run, _ = learnt
    course = root / "courses" / "cast"
    left = {row["path"].rpartition("/")[2]: row for row in table(course / "left_out.csv")}
    assert (left["blank.png"]["name"], left["blank.png"]["fate"]) == ("Botan", "low_quality")
    assert "almost nothing to see" in left["blank.png"]["reason"]
    (refused,) = (row for row in left.values() if row["fate"] == "rejected")
    assert refused["reason"].startswith("not_an_image, ") and "broken.png" in refused["reason"]
    assert left["nameless.png"]["fate"] == "unnamed"
    assert told(run, "divide_pictures")["unnamed"] == 1
    report = (course / "report.md").read_text()
    assert f"- `{folder / 'Botan' / 'blank.png'}`: low_quality, almost nothing to see" in report
    counts = json.loads((course / "figures.json").read_text())["pictures_left_out"]
    assert sum(counts.values()) == len(table(course / "left_out.csv")) and counts["unnamed"] == 1
    for name in ("labels.csv", "parts.csv", "held_out.csv"):
        rows = table(course / name)
        assert rows and all((folder / row["path"]).is_file() for row in rows)


def test_the_records_say_who_it_is_when_the_run_ends(learnt):
    root, _, _ = learnt
    with warehouse.connect(Workspace.of(load_settings({"workspace": str(root)}))) as con:
        found = {
            name
            for (name,) in con.execute("SELECT DISTINCT identity FROM records WHERE identity IS NOT NULL").fetchall()
        }
        asked = con.execute("SELECT count(*) FROM records WHERE identity_status IS NOT NULL").fetchone()
    assert found <= set(NAMES) and found and asked is not None and asked[0] > 0


def test_the_export_of_a_search_does_as_well_and_words_of_two_characters_are_no_name(folder, tmp_path):
    posts = []
    for number in range(PICTURES):
        for name in NAMES:
            path = f"{name}/{number}.png"
            tags = "1girl, solo" if number else "2girls"
            character = name.lower() + "_(show)" if number else "aoi_(show) botan_(show)"
            posts.append({"file_name": path, "tags": tags, "tag_string_character": character, "rating": "g"})
    export = folder / "posts.jsonl"
    export.write_bytes(b"".join(orjson.dumps(post, option=orjson.OPT_APPEND_NEWLINE) for post in posts))
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            run = learn(tmp_path / "work", export, instance, name="found", source="search")
    finally:
        export.unlink()
    assert run.success
    course = tmp_path / "work" / "courses" / "found"
    labels = table(course / "labels.csv")
    assert {row["name"] for row in labels} == {"aoi_(show)", "botan_(show)"}
    assert (
        told(run, "divide_pictures")["unnamed"] == 0
    )  # the posts of two characters are no single character's pictures
    assert told(run, "make_gallery")["references"] == len(
        [row for row in table(course / "parts.csv") if row["part"] != "test"]
    )


def test_too_few_pictures_are_told_before_anything_is_learnt(folder, tmp_path):
    small = tmp_path / "small"
    for name in NAMES:
        for number in range(2):
            (small / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name / f"{number}.png", small / name / f"{number}.png")
    with dg.DagsterInstance.ephemeral() as instance:
        run = learn(tmp_path / "work", small, instance)
    (failed,) = [e for e in run.all_events if e.event_type_value == "STEP_FAILURE"]
    assert failed.step_key == "divide_pictures" and "a classifier needs two labels of 10 pictures" in str(failed)
    assert not (tmp_path / "work" / "lake" / "artefacts" / "gallery").exists()


def test_a_path_that_is_not_there_is_told_in_one_line(tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        run = learn(tmp_path / "work", tmp_path / "nowhere", instance)
    (failed,) = [e for e in run.all_events if e.event_type_value == "STEP_FAILURE"]
    assert failed.step_key == "take_in_pictures" and "nowhere" in str(failed.event_specific_data)
    assert not (tmp_path / "work" / "courses").exists()
