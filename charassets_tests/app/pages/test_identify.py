"""Identify: answered by keyboard, learnt from, put back; pictures from outside are asked about too."""

import io

import pytest
from PIL import Image

from charassets import warehouse
from charassets.classifiers.spec import Spec
from charassets.classifiers.training import train
from charassets.curation import EditLog, live
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character
from charassets_tests.app.pages.conftest import served


@pytest.fixture
def place(copy):
    with served(*copy) as address:
        yield address, EditLog(copy[0].edit_log)


def waiting(page):
    return int(page.inner_text("#in-doubt b").replace(",", ""))


def test_a_name_is_confirmed_corrected_and_taken_back_by_keyboard(visit, place):
    address, log = place
    page = visit(f"{address}/identify")
    page.wait_for_selector("#identify .stage")
    assert page.locator("#references img").count() >= 4, "the references of both characters are beside the picture"
    before, accepted = waiting(page), page.inner_text("#identify button.main")
    page.keyboard.press("Space")
    page.wait_for_selector("#notice:has-text('confirmed')")
    assert waiting(page) == before - 1
    (edit,) = log.edits()
    assert edit.op == "identity.confirm"
    assert edit.args["name"] in accepted or "nobody" in accepted
    page.keyboard.press("u")
    page.wait_for_selector("#notice:has-text('taken back')")
    assert live(log.edits()) == []
    page.fill("#identify input[name=name]", "Cleo")
    page.keyboard.press("Enter")
    page.wait_for_selector("#notice:has-text('corrected: Cleo')")
    page.keyboard.press("n")
    page.wait_for_selector("#notice:not(:has-text('Cleo'))")
    page.keyboard.press("s")
    page.wait_for_selector("#notice:has-text('left open')")
    assert [one.op for one in live(log.edits())][-1] == "review.skip"
    assert waiting(page) == before - 3


def test_the_gallery_learns_shows_its_versions_and_goes_back(visit, place):
    address, log = place
    page = visit(f"{address}/identify?q=has%3Aidentity")
    page.wait_for_selector("#identify .stage")
    page.keyboard.press("Space")
    page.wait_for_selector("#notice:has-text('confirmed')")
    page.click("#other-view")
    page.wait_for_selector("#gallery")
    assert page.locator("#gallery tbody tr").count() == 2
    assert page.locator("#versions tbody tr").count() == 1
    page.click("#learn")
    page.wait_for_selector("#versions tbody tr:nth-child(2)")
    assert page.inner_text("#notice").count("1 references added") == 1
    page.click("#versions button:has-text('Put back')")
    page.wait_for_selector("#versions tbody tr:nth-child(3)")
    assert page.locator("#versions .badge.good").count() >= 1


def test_a_picture_from_outside_is_named_and_becomes_a_reference(visit, place):
    address, log = place
    page = visit(f"{address}/identify", width=390)
    page.wait_for_selector("#identify .stage")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#identify-outside button")
    held = io.BytesIO()
    Image.fromarray(draw_portrait(sample_character(0), 7, 224, framing="bust").pixels).save(held, "PNG")
    page.set_input_files(
        "#identify-files input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": held.getvalue()}
    )
    page.wait_for_selector("#identify-answer .stage", timeout=120_000)
    assert page.locator("#identify-answer h2").first.inner_text() == "a.png"
    page.locator("#identify-answer input[name=name]").fill("Aoi")
    page.locator("#identify-answer form button").click()
    page.wait_for_selector("#identify-answer #notice:has-text('a reference of Aoi')")
    assert log.edits() == []


def test_without_a_gallery_the_page_says_how_to_make_one_and_makes_one_of_named_characters(visit, copy):
    workspace, settings = copy
    for name in ("current.json", "history.jsonl"):
        (workspace.root / "lake" / "artefacts" / "gallery" / name).unlink()
    with served(workspace, settings) as address:
        page = visit(f"{address}/identify")
        page.wait_for_selector("#identify code:has-text('gallery add')")
        page.click("#begin")
        page.wait_for_selector("#identify .state.error:has-text('nobody was named')")


def test_a_classifier_trained_since_the_app_began_can_be_asked(visit, copy, tmp_path):
    workspace, settings = copy
    path = tmp_path / "picture.png"
    Image.fromarray(draw_portrait(sample_character(0), 900, 224).pixels).save(path)
    with served(workspace, settings) as address:
        with warehouse.connect(workspace) as con:
            records = [row[0] for row in con.execute("SELECT record_id FROM records ORDER BY record_id").fetchall()]
        labels = tmp_path / "labels.csv"
        labels.write_text("record_id,side\n" + "".join(f"{r},{'ab'[k % 2]}\n" for k, r in enumerate(records)))
        spec = Spec("since", f"{labels}:side", "logistic", ("clip",), ("duplicates",))
        assert train(workspace, workspace.open_lake(), spec) is not None
        page = visit(f"{address}/identify")
        page.wait_for_selector("#identify .stage")
        page.click("#identify-outside button")
        page.set_input_files("#identify-files input[type=file]", path)
        page.wait_for_selector("#identify-answer .stage")
        page.click("#identify-mode input")
        page.click("[role=option]:has-text('classifier since')")
        page.wait_for_selector("#identify-answer :text('The classifier since says so')")


def test_a_file_that_is_no_picture_is_rejected_and_nobody_is_asked_whom_it_shows(visit, copy, tmp_path):
    workspace, settings = copy
    path = tmp_path / "picture.png"
    path.write_text("hello")
    with served(workspace, settings) as address:
        page = visit(f"{address}/identify")
        page.wait_for_selector("#identify .stage")
        page.click("#identify-outside button")
        page.set_input_files("#identify-files input[type=file]", path)
        page.wait_for_selector("#identify-answer .badge:has-text('rejected')")
        assert page.locator("#identify-answer button").count() == 0
