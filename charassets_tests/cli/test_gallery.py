"""``charassets gallery`` and ``identify``, over characters that are drawn and looked at by the mini models."""

import json

import cv2
import duckdb
import numpy as np
import pytest

from charassets.curation import EditLog
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character

pytestmark = pytest.mark.usefixtures("own_environment")

_NAMED = """
    SELECT split_part(item_key, '.', 1), name, drawing_of, record_id FROM character_identities JOIN raw_shards USING (record_id)
"""
KNOWN = {"ann": 71, "ben": 19, "cleo": 33}


def picture(path, identity, view):
    scene = draw_portrait(sample_character(identity), identity * 1009 + view, 224, framing="bust")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", scene.pixels[..., ::-1])[1].tobytes())
    return path


@pytest.fixture
def folder(tmp_path):
    for name, identity in KNOWN.items():
        for view in range(3):
            picture(tmp_path / "people" / name / f"{view}.png", identity, view)
    (tmp_path / "people" / "ann" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "people" / "dora").mkdir()
    return tmp_path / "people"


@pytest.fixture
def asked(charassets, tmp_path):
    def ask(*arguments):
        code, out, err = charassets(*arguments, "-w", tmp_path / "w", "--json")
        assert code == 0, err
        return json.loads(out), err

    return ask


def test_a_folder_becomes_a_gallery_that_names_its_drawings_smaller_and_mirrored(asked, folder, tmp_path):
    added, err = asked("gallery", "add", folder)
    assert (added["characters"], added["references"], added["refused"]) == (3, 9, 2)
    assert "broken.png" in err and "dora: no picture in this folder" in err
    listed, _ = asked("gallery", "list")
    assert [(one["name"], one["references"]) for one in listed] == [("ann", 3), ("ben", 3), ("cleo", 3)]

    pixels = cv2.imread(str(folder / "ben" / "1.png"))
    copy = tmp_path / "copy.png"
    cv2.imwrite(str(copy), np.ascontiguousarray(cv2.resize(pixels, (160, 160), interpolation=cv2.INTER_AREA)[:, ::-1]))
    (answer,), _ = asked("identify", copy)
    assert answer["name"] == "ben"
    assert answer["drawing_of"] is not None


def test_columns_of_which_nothing_is_known_are_left_out(charassets, monkeypatch, tmp_path):
    classified = {
        "verdict": "single",
        "reason": "",
        "name": "ann",
        "chance": 0.75,
        "candidates": [],
        "similarity": None,
    }
    monkeypatch.setattr("charassets.identification.asking", lambda *asked: lambda found: classified)
    path = picture(tmp_path / "one.png", 71, 0)
    (tmp_path / "w").mkdir()
    code, out, err = charassets("identify", path, "--classifier", "who", "-w", tmp_path / "w")
    assert code == 0, err
    head, line = (line.split() for line in out.splitlines())
    assert (head, line) == (["picture", "name", "chance"], ["one.png", "ann", "0.75"])


def test_a_table_names_pictures_and_what_it_lacks_is_told(asked, charassets, folder, tmp_path):
    lines = "name,path\nann,people/ann/0.png\nben,people/ben/0.png\nnobody,gone.png\n"
    (tmp_path / "cast.csv").write_text(lines)
    added, err = asked("gallery", "add", tmp_path / "cast.csv")
    assert (added["characters"], added["references"], added["refused"]) == (2, 2, 1)
    assert "gone.png" in err
    assert {one["from"] for one in asked("gallery", "list")[0]} == {"table"}
    (tmp_path / "wrong.csv").write_text("who,where\nann,0.png\n")
    code, _, err = charassets("gallery", "add", tmp_path / "wrong.csv", "-w", tmp_path / "w")
    assert code == 2 and "name and path" in err


def test_every_change_is_a_version_that_can_be_put_back(asked, charassets, folder, tmp_path):
    first, _ = asked("gallery", "add", folder)
    removed, _ = asked("gallery", "remove", "ben")
    assert removed["characters"] == 2
    assert len(asked("gallery", "list", "--versions")[0]) == 2
    back, _ = asked("gallery", "rollback")
    assert (back["version"], back["characters"]) == (first["version"], 3)
    code, _, err = charassets("gallery", "remove", "nobody", "-w", tmp_path / "w")
    assert code == 2
    assert "nobody" in err


def test_a_gallery_from_nothing_is_refused_in_one_line(charassets, tmp_path):
    code, _, err = charassets("gallery", "add", "-w", tmp_path / "w")
    assert code == 2
    assert "--named-clusters" in err
    (tmp_path / "empty").mkdir()
    assert charassets("gallery", "add", tmp_path / "nowhere", "-w", tmp_path / "w")[0] == 2
    assert charassets("gallery", "add", tmp_path / "empty", "-w", tmp_path / "w")[0] == 3
    assert charassets("run", "--source", tmp_path / "empty", "-w", tmp_path / "w")[0] == 3, (
        "of an empty folder all say so"
    )
    code, _, err = charassets("gallery", "list", "-w", tmp_path / "nowhere")
    assert code == 2 and "there is no workspace" in err
    picture(tmp_path / "one.png", 71, 0)
    code, _, err = charassets("identify", tmp_path / "one.png", "-w", tmp_path / "w")
    assert code == 2
    assert "gallery add" in err


def test_a_run_names_records_learns_from_people_and_outlives_another_embedder(
    asked, charassets, folder, tmp_path, small_models
):
    for identity, view in ((71, 0), (71, 7), (19, 1), (402, 0)):
        picture(tmp_path / "in" / f"{identity}-{view}.png", identity, view)
    work = tmp_path / "w"
    asked("gallery", "add", folder)
    asked("run", "--source", tmp_path / "in")

    def named():
        with duckdb.connect(str(work / "charassets.duckdb"), read_only=True) as con:
            rows = con.execute(_NAMED).fetchall()
        return {item: answer for item, *answer in rows}

    found = named()
    assert (found["71-0"][0], found["19-1"][0]) == ("ann", "ben")
    assert found["71-0"][1] is not None

    log, stranger = EditLog(work / "curation" / "edits.sqlite"), found["402-0"][2]
    said = log.append("identity.correct", {"record_ids": [stranger], "name": "dora"})
    grown, _ = asked("gallery", "update")
    assert (grown["changed"], grown["added"], grown["characters"]) == (True, 1, 4)
    assert asked("gallery", "update")[0]["changed"] is False
    asked("run")
    assert named()["402-0"][0] == "dora"
    log.undo(said.id)
    assert asked("gallery", "update")[0]["removed"] == 1

    log.append("identity.correct", {"record_ids": [stranger], "name": "dora"})
    told, _ = asked("run", "--embedder", small_models.embedder)
    assert told["stages"]["character_identities"]["skipped"] == 4
    assert asked("gallery", "update")[0]["left_out"] == 1
    code, _, err = charassets("identify", tmp_path / "in" / "71-0.png", "-w", work)
    assert code != 0
    assert "--anew" in err
    anew, _ = asked("gallery", "add", folder, "--anew")
    assert anew["characters"] == 3


def test_what_is_no_picture_is_said_and_is_no_success(charassets, workspace, tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    code, _, err = charassets("gallery", "add", tmp_path / "note.png", "-w", workspace.root)
    assert code == 2
    assert "neither a folder nor a table" in err
