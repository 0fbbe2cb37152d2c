import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from charassets.attributes.vocabulary import load
from charassets.studio.scenes import draw_scene
from charassets_tests.app.pages.conftest import served
from charassets_tests.film import Scene, film

FILES = "#try-files input[type=file]"


@pytest.fixture
def drawing(tmp_path):
    path = tmp_path / "drawing.png"
    Image.fromarray(draw_scene(33, 256, kind="single").pixels).save(path)
    return path


def test_a_picture_gives_boxes_attributes_and_json_without_a_workspace(visit, bare_site, drawing):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, drawing)
    page.wait_for_selector("#try-result .boxed img")
    assert page.locator("#verdict").inner_text().startswith("single")
    assert page.locator("#try-result .box").count() > 0
    rows = page.locator("#try-result .attribute")
    assert [name for name in load().core if name not in rows.locator(".name").all_inner_texts()] == []
    told = json.loads(page.inner_text("#try-json"))
    for name, shown in zip(
        rows.locator(".name").all_inner_texts(), rows.locator(".value").all_inner_texts(), strict=True
    ):
        assert name not in told or told[name] == shown or shown in told[name]


def test_the_json_can_be_saved(visit, bare_site, drawing, tmp_path):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, drawing)
    page.wait_for_selector("#try-json")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download JSON").click()
    saved.value.save_as(tmp_path / "saved.json")
    assert json.loads((tmp_path / "saved.json").read_text()) == json.loads(page.inner_text("#try-json"))


def test_words_change_the_evidence_and_the_answer_at_once(visit, bare_site, drawing):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, drawing)
    page.wait_for_selector("#try-json")
    page.fill("#try-tags textarea", "1girl, solo, green_hair, kimono")
    page.wait_for_function("document.querySelector('#try-json')?.textContent.includes('Kimono')")
    assert json.loads(page.inner_text("#try-json"))["Hair Color"] == "Green"
    assert "tags said Green (green_hair" in page.inner_text("#try-result .attribute:has-text('Hair Color') .said")


def test_words_that_contradict_each_other_are_flagged(visit, bare_site):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.fill("#try-tags textarea", "1girl, solo, short_hair, very_long_hair")
    page.wait_for_selector("#try-result .badge.warn:has-text('ambiguous')")
    assert json.loads(page.inner_text("#try-json"))["Hair Length"] == "Unknown"


def test_a_pasted_picture_is_taken(visit, bare_site, drawing):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    data = list(drawing.read_bytes())
    page.evaluate(
        """(bytes) => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true }));
        }""",
        data,
    )
    page.wait_for_selector("#try-result .boxed img")


def test_an_answer_can_be_corrected_and_the_json_follows(visit, bare_site, drawing):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, drawing)
    page.wait_for_selector("#try-json")
    page.get_by_role("button", name="Correct Eye Color").click()
    page.select_option("#try-result form select", "Purple")
    page.click("#try-result form button")
    page.wait_for_selector("#try-result .badge.good:has-text('by a person')")
    assert json.loads(page.inner_text("#try-json"))["Eye Color"] == "Purple"


def test_a_short_video_is_looked_at_frame_by_frame(visit, bare_site, tmp_path):
    path = tmp_path / "clip.mp4"
    pixels = draw_scene(33, 256, kind="single").pixels
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 256
        for shade in range(16):
            frame = av.VideoFrame.from_ndarray(
                np.clip(pixels.astype(int) - shade, 0, 255).astype(np.uint8), format="rgb24"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, path)
    page.wait_for_selector("#try-result h2:has-text('All frames together')")
    assert page.locator("#try-result .grid.small .tile").count() > 4
    before = page.locator("#try-result .tile.chosen").inner_text()
    page.locator("#try-result .grid.small .tile").nth(2).click()
    page.wait_for_function(
        "(before) => document.querySelector('#try-result .tile.chosen')?.innerText !== before", arg=before
    )


def test_a_film_shows_who_appears_when_and_asks_the_gallery_who_they_are(visit, copy, tmp_path):
    workspace, settings = copy
    shown = film(tmp_path / "clip.mp4", [Scene(11, 3, 1), Scene(22, 2, 2), Scene(11, 2, 3), Scene(None, 1, 43)])
    with served(workspace, settings) as address:
        page = visit(address, width=390)
        page.wait_for_selector("#try-examples .tile")
        page.set_input_files(FILES, shown)
        page.wait_for_selector("#try-result .timeline .lane", timeout=120_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        rows = page.locator("#try-result .timeline li:not(.axis)")
        names = rows.locator(".told b").all_inner_texts()
        assert len(names) == 2 and rows.locator(".told .badge").count() == 2  # the gallery was asked about both
        labels = [[part.get_attribute("aria-label") for part in row.locator(".part").all()] for row in rows.all()]
        assert labels == [
            [f"{names[0]}, 0.0 s to 3.0 s: show a frame", f"{names[0]}, 5.0 s to 7.0 s: show a frame"],
            [f"{names[1]}, 3.0 s to 5.0 s: show a frame"],
        ]
        rows.nth(1).locator(".part").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#try-result .timeline li:nth-child(2) .part.chosen")
        seconds = page.locator("#try-result .tile.chosen figcaption span").first.inner_text()
        assert 3 <= float(seconds.removesuffix(" s")) < 5


def test_a_file_that_is_no_picture_is_refused_in_words(visit, bare_site, tmp_path):
    path = tmp_path / "evil.mp4"
    path.write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    page.set_input_files(FILES, path)
    page.wait_for_selector("#verdict")
    assert page.inner_text("#verdict").startswith("rejected")


def test_it_fits_a_phone(visit, bare_site):
    page = visit(bare_site, width=390)
    page.click("#try-examples .tile >> nth=3")
    page.wait_for_selector("#try-json")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#try-result .attribute .said").first.bounding_box()["width"] > 150


def test_a_picture_of_the_workspace_finds_itself_and_its_correction_is_an_edit(visit, copy):
    from charassets.curation import EditLog

    workspace, settings = copy
    path = workspace.root.parent / "given.png"
    source = settings.sources[0].path
    path.write_bytes(Path(source, "hero0-0.png").read_bytes())
    with served(workspace, settings) as address:
        page = visit(address)
        page.wait_for_selector("#try-examples .tile")
        page.set_input_files(FILES, path)
        page.wait_for_selector("#try-result h2:has-text('Nearest in the workspace')")
        assert "likeness 1.0" in page.locator("#try-result .grid.small .tile").first.inner_text()
        page.get_by_role("button", name="Correct Eye Color").click()
        page.select_option("#try-result form select", "Purple")
        page.click("#try-result form button")
        page.wait_for_selector("#try-result .badge.good:has-text('by a person')")
    (edit,) = EditLog(workspace.edit_log).edits()
    assert (edit.op, edit.args["value"]) == ("attribute.set", "Purple")
