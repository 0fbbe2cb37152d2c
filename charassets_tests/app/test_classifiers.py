import asyncio
import dataclasses
import json
import shutil
import time

import httpx
import pytest

from app.pages.training import _runs, handle, spec_of
from app.server import create_app, guarded
from app.services import training
from app.services.context import Context
from charassets.classifiers.runs import list_runs, new_run
from charassets.classifiers.spec import Spec
from charassets.classifiers.training import train
from charassets.lake.workspace import Workspace
from charassets_tests.classifiers.conftest import heroes as heroes  # the collection, built once
from charassets_tests.warehouse.small_lake import settings_for

SPEC = Spec("archetype", "folder", "logistic", ("clip",), ("duplicates",))


@pytest.fixture
def place(heroes, tmp_path):
    shutil.copytree(heroes[0].root, tmp_path / "work", ignore=shutil.ignore_patterns("classifiers", "artefacts"))
    settings = settings_for(tmp_path / "work")
    return Workspace.of(settings), settings


def asked(place, method, path):
    async def ask():
        app = guarded(create_app(*place, pages=False))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as client:
            headers = {"origin": "http://127.0.0.1:7860"} if method == "POST" else {}
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


def test_what_was_trained_is_told_with_intervals_and_its_report(place):
    assert asked(place, "GET", "/v1/classifiers").json() == []
    made = train(place[0], place[0].open_lake(), SPEC)
    (line,) = asked(place, "GET", "/v1/classifiers").json()
    assert (line["name"], line["state"], line["in_force"]) == ("archetype", "done", True)
    assert line["scores"]["accuracy"]["low"] <= line["scores"]["accuracy"]["value"]
    report = asked(place, "GET", f"/v1/classifiers/archetype/{made.run.id}").json()
    assert report["test"]["n"] == line["n"]


@pytest.mark.parametrize("path", ["archetype/20260101-000000-abcdef", "..%2f..%2fetc/passwd", "'; DROP/x", "%00/x"])
def test_a_training_that_is_not_there_is_said_so(place, path):
    assert asked(place, "GET", f"/v1/classifiers/{path}").status_code == 404
    assert asked(place, "POST", f"/v1/classifiers/{path}/stop").status_code == 404


def test_stopping_is_heard_by_whoever_trains(place):
    run = new_run(place[0], SPEC)
    assert asked(place, "POST", f"/v1/classifiers/{run.name}/{run.id}/stop").status_code == 202
    assert (run.folder / "stop").exists()


def test_the_page_starts_a_training_that_appears_and_ends(place):
    context = Context(*place)
    assert "What to learn" in handle(context, {"do": "open"})
    form = {"name": "archetype", "label": "folder", "method": "logistic", "features": "clip", "together": "duplicates"}
    assert "begins" in handle(context, {"do": "form", "form": form})
    until = time.monotonic() + 120
    while not any(run.state["state"] == "done" for run in list_runs(place[0])):
        assert time.monotonic() < until, [run.state for run in list_runs(place[0])]
        time.sleep(0.5)
    (line,) = training.lines(place[0])
    assert line.in_force and line.n
    table = _runs(context, (line.name, line.run))
    assert "train-report" in table and "data:image/webp" in table
    assert json.loads(table)["node"]


def test_a_form_that_makes_no_sense_is_answered_in_one_line_and_starts_nothing(place):
    context = Context(*place)
    for wrong in (
        {"name": "../x"},
        {"name": "a", "label": "nonsense"},
        {"name": "a", "label": "/etc/x.csv:y"},
        {"name": "a", "features": "pixels"},
        {},
    ):
        said = handle(context, {"do": "form", "form": wrong})
        assert '"alert"' in said
    assert list_runs(place[0]) == []
    assert spec_of({"name": "x", "control": "yes"}).shuffle_labels


def test_a_picture_that_is_sent_is_asked_by_the_configured_classifiers_in_the_version_in_force(place, tmp_path):
    import io

    import numpy as np
    from PIL import Image

    from charassets.models.classifier import to_bytes
    from charassets.models.trained import put_in_force
    from charassets.settings import load_settings
    from charassets.studio.scenes import draw_portrait
    from charassets.studio.traits import sample_character
    from charassets_tests.attributes.test_classifier_source import NAMES, linear

    drawn = io.BytesIO()
    Image.fromarray(draw_portrait(sample_character(5), 5, 192, framing="upper").pixels).save(drawn, "PNG")
    settings = load_settings({"workspace": str(tmp_path / "own"), "classifiers": [{"name": "sex", "floor": 0.0}]})
    workspace = Workspace.of(settings)
    workspace.create()

    def sent():
        async def ask():
            app = guarded(create_app(workspace, settings, pages=False))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as client:
                headers = {"origin": "http://127.0.0.1:7860"}
                files = {"images": ("one.png", drawn.getvalue(), "image/png")}
                return (await client.post("/v1/extract", files=files, headers=headers)).json()

        (found,) = asyncio.run(ask())["results"]
        return [row for row in found["evidence"] if row["source"] == "classifier"]

    def sure_of(value, name):
        made = linear(("design",), columns=len(NAMES), values=("hero", "villain"))
        tensors = {
            **made.tensors,
            "weights": np.zeros((2, len(NAMES)), np.float32),
            "offsets": np.array(value, np.float32),
        }
        put_in_force(
            workspace.open_lake().store, "sex", to_bytes(dataclasses.replace(made, tensors=tensors)), {"run": name}
        )

    sure_of((3.0, 0.0), "first")
    (before,) = sent()
    assert (before["attribute"], before["value"]) == ("classified_sex", "hero")
    sure_of((0.0, 3.0), "second")
    assert [row["value"] for row in sent()] == ["villain"]
