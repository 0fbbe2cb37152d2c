"""``/v1/identify`` and ``/v1/gallery`` over characters that are drawn and looked at by the mini models."""

import json

import cv2
import numpy as np
import pytest

from app.server import create_app
from charassets.classifiers.fits import Parts, fit
from charassets.classifiers.spec import Spec
from charassets.enrolment import add_folder
from charassets.lake.workspace import Workspace
from charassets.models.classifier import to_bytes
from charassets.models.feature_sets import Seen, matrix, plan
from charassets.models.trained import put_in_force
from charassets.settings import load_settings
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character
from charassets_tests.app.conftest import Client

KNOWN = {"ann": 71, "ben": 19, "cleo": 33}


def picture(identity, view):
    scene = draw_portrait(sample_character(identity), identity * 1009 + view, 224, framing="bust")
    return cv2.imencode(".png", scene.pixels[..., ::-1])[1].tobytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace with a gallery and a classifier of the same three characters; nothing was ever run in it."""
    root = tmp_path_factory.mktemp("identify")
    settings = load_settings({"workspace": str(root / "w")})
    workspace = Workspace.of(settings)
    workspace.create()
    for name, identity in KNOWN.items():
        (root / "people" / name).mkdir(parents=True)
        for view in range(3):
            (root / "people" / name / f"{view}.png").write_bytes(picture(identity, view))
    lake = workspace.open_lake()
    trained(lake, add_folder(lake, settings, root / "people").shelved.gallery)
    return workspace, settings


def trained(lake, gallery):
    vectors, rows = gallery.queries.figure, gallery.references.num_rows
    seen = Seen([str(k) for k in range(rows)], vectors, gallery.model)
    columns = plan(("clip",), seen, [None] * rows)
    values, labels = matrix(columns, seen), np.asarray(gallery.owner, np.int64)
    parts = Parts(values, labels, values, labels, len(gallery.names), 0, np.ones(rows))
    made, _ = fit(parts, columns, Spec("who", "character", "logistic", ("clip",)), gallery.names, lambda *told: None)
    put_in_force(lake.store, "who", to_bytes(made), {"run": "by hand"})


@pytest.fixture(scope="module")
def client(place):
    return Client(create_app(*place, pages=False))


def asked(client, files, **form):
    answer = client.post("/v1/identify", files=[("images", one) for one in files], data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_a_batch_is_named_in_every_mode_and_what_is_no_picture_says_so_in_its_place(client):
    files = [("a.png", picture(71, 0)), ("broken.png", b"no picture"), ("b.png", picture(19, 1))]
    for form in ({}, {"mode": "embedding"}, {"mode": "fused"}, {"mode": "classifier", "classifier": "who"}):
        first, broken, last = asked(client, files, **form)
        assert [one["name"] for one in (first, broken, last)] == ["a.png", "broken.png", "b.png"]
        assert [first["identity"]["name"], last["identity"]["name"]] == ["ann", "ben"]
        assert (broken["identity"]["verdict"], broken["identity"]["code"]) == ("rejected", "not_an_image")
        assert broken["identity"]["name"] is None
        assert first["identity"]["candidates"][0]["name"] == "ann"


def test_words_beside_a_picture_count_in_the_fused_mode_alone(client):
    told = {}
    for mode in ("embedding", "fused"):
        for line in ("1girl, solo, pink hair", "1boy, solo, bald"):
            (one,) = asked(client, [("new.png", picture(71, 41))], mode=mode, tags=line)
            told[mode, line] = one["identity"]["candidates"]
    assert len({json.dumps(candidates) for (mode, _), candidates in told.items() if mode == "embedding"}) == 1
    assert len({json.dumps(candidates) for (mode, _), candidates in told.items() if mode == "fused"}) == 2


@pytest.mark.parametrize(
    ("form", "status", "where"),
    [
        ({"mode": "telepathy"}, 422, "mode"),
        ({"mode": "classifier"}, 400, "classifier"),
        ({"mode": "classifier", "classifier": "nobody"}, 400, "classifier"),
        ({"mode": "classifier", "classifier": "../who"}, 400, "classifier"),
    ],
)
def test_a_mode_that_cannot_be_asked_is_refused_with_what_to_do(client, form, status, where):
    answer = client.post("/v1/identify", files=[("images", ("a.png", b"x"))], data=form)
    assert answer.status_code == status
    assert where in answer.json()["where"]
    assert answer.json()["todo"]


def test_limits_are_those_of_the_other_endpoints(client):
    assert client.post("/v1/identify").status_code == 400
    assert client.post("/v1/identify", files=[("images", ("a.png", b"x"))] * 17).status_code == 400


def test_the_gallery_and_its_versions_are_told(client):
    known = client.get("/v1/gallery").json()
    assert [(one["name"], one["references"], one["how"]) for one in known["characters"]] == [
        (name, 3, ["folder"]) for name in KNOWN
    ]
    (version,) = client.get("/v1/gallery/versions").json()
    assert (version["version"], version["characters"], version["references"]) == (known["version"], 3, 9)


def test_without_a_gallery_the_answer_says_how_to_make_one_and_makes_no_workspace(tmp_path):
    settings = load_settings({"workspace": str(tmp_path / "none")})
    client = Client(create_app(Workspace.of(settings), settings, pages=False))
    for answer in (client.get("/v1/gallery"), client.post("/v1/identify", files=[("images", ("a.png", b"x"))])):
        assert answer.status_code == 400
        assert "gallery add" in answer.json()["todo"]
    assert client.get("/v1/gallery/versions").json() == []
    assert not (tmp_path / "none").exists()
