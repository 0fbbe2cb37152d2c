"""The pictures of the documents. ``SCREENSHOTS_OF=WORKSPACE pytest -k screenshots`` takes them anew, of a demo workspace."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from app.texts import PAGES
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets_tests.app.pages.conftest import served
from charassets_tests.app.pages.test_every_page import FIRST
from charassets_tests.film import Scene, film

ASKED = os.environ.get("SCREENSHOTS_OF")
MOST_BYTES = 150_000
TIMELINE = "timeline.webp"
STEPS = {
    "try": [
        ("click", "#try-examples .tile >> nth=3"),
        ("wait", "#try-json"),
        ("fill", "1girl, solo, red_hair, long_hair, green_eyes, glasses, smile"),
        ("wait", "#try-result .said:has-text('tags said Glasses')"),
    ],
    "browse": [
        ("open", "browse?in=gender:Female"),
        ("click", "#browse .tile >> nth=1"),
        ("wait", "#browse .attribute"),
    ],
    "clusters": [],
    "duplicates": [],
    "review": [],
    "identify": [],
    "train": [],
    "map": [],
    "search": [("open", "search?text=a+girl+with+green+hair"), ("wait", "#search .tile")],
    "stats": [],
    "export": [],
    "runs": [],
}
SHOTS = [(key, "light", 1280) for key in PAGES] + [
    ("browse", "dark", 1280),
    ("review", "dark", 1280),
    ("try", "light", 390),
    ("identify", "light", 390),
]


def _name(key, scheme, width):
    return key + ("-dark" if scheme == "dark" else "") + ("-phone" if width < 500 else "") + ".webp"


@pytest.fixture(scope="module")
def demo(browser):
    workspace = Path(ASKED or "")
    settings = load_settings({"workspace": str(workspace)})
    with served(Workspace.of(settings), settings) as address:
        yield address


@pytest.mark.skipif(not ASKED, reason="SCREENSHOTS_OF names no demo workspace: the pictures stay as they are")
@pytest.mark.parametrize(("key", "scheme", "width"), SHOTS)
def test_screenshots_are_taken(visit, demo, repository, key, scheme, width):
    steps = STEPS[key]
    path = steps[0][1] if steps and steps[0][0] == "open" else PAGES[key].path
    page = visit(f"{demo}/{path}", width=width, color_scheme=scheme)
    page.wait_for_selector(FIRST[key])
    for deed, what in steps:
        if deed == "click":
            page.click(what)
        elif deed == "fill":
            page.fill("#try-tags textarea", what)
        elif deed == "wait":
            page.wait_for_selector(what)
    page.mouse.move(5, 400)
    page.wait_for_function(
        "[...document.images].filter(i => i.getBoundingClientRect().top < 900).every(i => i.complete)"
    )
    page.wait_for_timeout(400)
    image = Image.open(io.BytesIO(page.screenshot(full_page=width < 500, clip=None)))
    image = image.convert("RGB").crop((0, 0, image.width, min(image.height, 1700 if width < 500 else 860)))
    target = repository / "docs" / "images" / "app" / _name(key, scheme, width)
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, "WEBP", quality=78, method=6)
    assert target.stat().st_size < MOST_BYTES


@pytest.mark.skipif(not ASKED, reason="SCREENSHOTS_OF names no demo workspace: the pictures stay as they are")
def test_screenshots_of_a_film_are_taken(visit, demo, repository, tmp_path):
    scenes = [Scene(71, 5, 1), Scene(22, 4, 2), Scene(71, 3, 3), Scene(None, 2, 43), Scene(22, 3, 4), Scene(33, 4, 6)]
    page = visit(demo, width=1280)
    page.wait_for_selector(FIRST["try"])
    page.set_input_files("#try-files input[type=file]", film(tmp_path / "clip.mp4", scenes))
    page.wait_for_selector("#try-result .timeline .lane", timeout=200_000)
    image = Image.open(io.BytesIO(page.locator("#try-result .timeline").screenshot())).convert("RGB")
    target = repository / "docs" / "images" / "app" / TIMELINE
    image.save(target, "WEBP", quality=78, method=6)
    assert target.stat().st_size < MOST_BYTES


def test_the_documents_show_every_page(repository):
    text = (repository / "docs" / "app.md").read_text(encoding="utf-8")
    for key, scheme, width in SHOTS:
        name = _name(key, scheme, width)
        assert f"images/app/{name}" in text
        assert 0 < (repository / "docs" / "images" / "app" / name).stat().st_size < MOST_BYTES
    assert f"images/app/{TIMELINE}" in text
