import pytest

from app.texts import NO_WORKSPACE, PAGES

FIRST = {
    "try": "#try-examples .tile",
    "browse": "#browse .tile",
    "clusters": "#clusters .tile",
    "duplicates": "#duplicates .pair",
    "review": "#review .stage",
    "identify": "#identify .stage",
    "map": "#map canvas",
    "search": "#search form",
    "stats": "#stats .figures",
    "export": "#export form",
    "train": "#train form",
    "runs": "#runs .card",
}
"""What a page shows when it is there."""

NEED_A_WAREHOUSE = sorted(set(PAGES) - {"try", "runs"})


@pytest.mark.parametrize("key", PAGES)
def test_a_page_shows_what_it_is_for(visit, site, key):
    page = visit(f"{site}/{PAGES[key].path}")
    page.wait_for_selector(FIRST[key])
    assert page.locator("nav a[aria-current]").inner_text() == PAGES[key].name
    assert page.locator("header h1").inner_text() == PAGES[key].name
    without = page.evaluate("[...document.images].filter(i => !i.alt && i.closest('.cs-panel')).length")
    assert without == 0, "every picture has words for who cannot see it"
    controls = "[...document.querySelectorAll('.cs-panel :is(button, input, select)')]"
    nameless = f"{controls}.filter(e => !e.textContent.trim() && !e.ariaLabel && !e.labels?.length).length"
    assert page.evaluate(nameless) == 0, "every control has a name"


@pytest.mark.parametrize("key", PAGES)
def test_a_page_fits_a_screen_of_1024_pixels(visit, site, key):
    page = visit(f"{site}/{PAGES[key].path}", width=1024)
    page.wait_for_selector(FIRST[key])
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024


@pytest.mark.parametrize("key", PAGES)
def test_a_page_tells_its_keys_and_escape_closes_them(visit, site, key):
    page = visit(f"{site}/{PAGES[key].path}")
    page.wait_for_selector(FIRST[key])
    page.keyboard.press("?")
    page.wait_for_selector("#key-sheet dt")
    page.keyboard.press("Escape")
    page.wait_for_selector("#key-sheet", state="detached")


@pytest.mark.parametrize("key", NEED_A_WAREHOUSE)
def test_without_a_workspace_a_page_says_how_to_fill_one(visit, bare_site, key):
    page = visit(f"{bare_site}/{PAGES[key].path}")
    page.get_by_text(NO_WORKSPACE).wait_for()
    assert page.get_by_text("charassets demo").is_visible()


def test_an_empty_collection_is_told_on_every_page(visit, browser, collection, tmp_path):
    from charassets import warehouse
    from charassets.curation import EditLog, take_snapshot
    from charassets.lake.workspace import Workspace
    from charassets_tests.app.pages.conftest import served

    _, settings = collection
    own = settings.model_copy(update={"workspace": tmp_path / "work"})
    workspace = Workspace.of(own)
    workspace.create()
    lake = workspace.open_lake()
    take_snapshot(EditLog(workspace.edit_log), lake)
    warehouse.build(workspace, lake, own)
    with served(workspace, own) as address:
        for key in NEED_A_WAREHOUSE:
            page = visit(f"{address}/{PAGES[key].path}")
            page.wait_for_selector(".cs-panel .state")
            page.wait_for_function(
                "![...document.querySelectorAll('.state')].some(s => s.textContent === 'One moment')"
            )
            assert "cannot be shown" not in page.inner_text("main"), key


def test_light_and_dark_are_a_click_apart_and_remembered(visit, site):
    page = visit(f"{site}/runs")
    page.wait_for_selector(FIRST["runs"])
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-frame=theme]")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    page.wait_for_selector(FIRST["runs"])
    page.wait_for_function("document.body.classList.contains('dark')")


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(visit, site):
    page = visit(f"{site}/browse")
    page.wait_for_selector("#browse .tile")
    page.focus("#query")
    for _ in range(3):
        page.keyboard.press("Tab")
    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert page.evaluate("document.activeElement.closest('#browse') !== null")
    assert width not in ("0px", ""), "the focus is seen"
