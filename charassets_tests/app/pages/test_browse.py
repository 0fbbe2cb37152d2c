from urllib.parse import parse_qs, urlsplit

from charassets.curation import EditLog
from charassets_tests.app.pages.conftest import served


def _found(page):
    return int(page.inner_text("#browse [aria-label=Found] b").replace(",", ""))


def test_a_facet_narrows_excludes_and_lets_be(visit, site):
    page = visit(f"{site}/browse")
    page.wait_for_selector("#browse .tile")
    everything = _found(page)
    value = page.locator("#browse .facet:has(summary:text-is('Gender')) a.value").first
    label, n = value.locator("b").inner_text(), int(value.locator(".num").inner_text())
    value.click()
    page.wait_for_selector(f"#browse .chip:has-text('{label}')")
    assert _found(page) == n
    page.locator("#browse a.value.in").first.click()
    page.wait_for_selector(f"#browse .chip.out:has-text('{label}')")
    assert _found(page) == everything - n
    page.locator("#browse a.value.out").first.click()
    page.wait_for_selector("#browse .chip", state="detached")
    assert _found(page) == everything


def test_the_address_holds_it_all_and_back_goes_back(visit, site):
    page = visit(f"{site}/browse")
    page.wait_for_selector("#browse .tile")
    everything = _found(page)
    page.locator("#browse .facet:has(summary:text-is('Gender')) a.value").first.click()
    page.wait_for_selector("#browse .chip")
    page.fill("#query", "has:picture")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=has*")
    narrowed = _found(page)
    shared = visit(page.url)
    shared.wait_for_selector("#browse .chip")
    assert (_found(shared), shared.input_value("#query")) == (narrowed, "has:picture")
    page.go_back()
    page.go_back()
    page.wait_for_selector("#browse .chip", state="detached")
    assert _found(page) == everything


def test_a_gate_that_is_moved_says_what_it_would_keep_and_computes_nothing(visit, site, collection):
    workspace, _ = collection
    before = workspace.warehouse.stat().st_mtime_ns
    page = visit(f"{site}/browse")
    page.wait_for_selector("#browse .tile")
    page.locator("#browse .facet:has(summary:text-is('Gender')) a.value").first.click()
    page.wait_for_selector("#browse .chip")
    page.locator("#gate-min_side").fill("512")
    page.wait_for_selector("#what-if")
    single = page.locator("#what-if tr:has(td:text-is('single'))").inner_text().split("\t")
    refused = page.locator("#what-if tr:has(td:text-is('low quality'))").inner_text().split("\t")
    assert int(single[1]) > 0
    assert single[2].startswith("0 ")
    assert int(refused[2].split()[0]) >= int(single[1]), "all of them are smaller than 512 pixels"
    assert parse_qs(urlsplit(page.url).query)["min_side"] == ["512"]
    assert workspace.warehouse.stat().st_mtime_ns == before


def test_a_query_that_cannot_be_read_is_told_with_its_place(visit, site):
    page = visit(f"{site}/browse")
    page.wait_for_selector("#browse .tile")
    page.fill("#query", 'hair:blue tag:"open')
    page.keyboard.press("Enter")
    page.wait_for_selector("#browse .state.error")
    assert "character 15" in page.inner_text("#browse .state.error")
    assert page.input_value("#query") == 'hair:blue tag:"open'


def test_nothing_found_is_not_an_error(visit, site):
    page = visit(f"{site}/browse?q=-has:picture+-has:face+tag:zzz")
    page.wait_for_selector("#browse .state:has-text('Nothing passes')")
    assert page.locator("#browse .state.error").count() == 0


def test_one_record_opens_with_its_evidence_and_closes_by_key(visit, site):
    page = visit(f"{site}/browse")
    page.locator("#browse .tile").first.click()
    page.wait_for_selector("#browse .attribute .said")
    assert "id=" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector("#browse .attribute", state="detached")


def test_the_panel_names_the_file_what_became_of_it_and_what_would_change_that(visit, site):
    page = visit(f"{site}/browse?in=source:drawn")
    page.click("#browse .tile >> nth=0")
    card = page.locator("#browse .card:has(.attributes)")
    card.wait_for()
    assert card.locator("p b").first.inner_text().endswith(".png")
    fate = card.locator("details:has(summary:has-text('kept: '))")
    fate.locator("summary").click()
    assert "head score" in fate.inner_text() and "needed" in fate.inner_text()
    fate.get_by_text("What would change it?").click()
    page.wait_for_selector(
        "#browse details[open]:has-text('would make it'), #browse details[open]:has-text('No single setting')"
    )


def test_a_correction_shows_at_once_and_its_undo_too(visit, copy):
    with served(*copy) as address:
        page = visit(f"{address}/browse")
        page.locator("#browse .tile").first.click()
        page.get_by_role("button", name="Correct Body Type").click()
        page.select_option("#value", "Slim")
        page.click("#browse form.card button")
        page.wait_for_selector("#notice:has-text('saved')")
        assert "by a person" in page.inner_text("#browse .attribute:has-text('Body Type')")
        page.goto(f"{address}/browse?in=body_type:Slim")
        page.wait_for_selector("#browse .tile")
        counted = _found(page)
        log = EditLog(copy[0].edit_log)
        log.undo(log.edits()[-1].id)
        page.reload()
        page.wait_for_selector("#browse [aria-label=Found]")
        assert _found(page) == counted - 1


def test_everything_in_a_filter_is_corrected_by_one_edit_and_one_key_takes_it_back(visit, copy):
    with served(*copy) as address:
        page = visit(f"{address}/browse?in=source:drawn")
        page.wait_for_selector("#browse .tile")
        total = _found(page)
        page.click("summary:has-text('Correct all')")
        page.select_option("select[name=choice]", "Hair Color\tPink")
        page.click(f"button:has-text('Set on all {total}')")
        page.wait_for_selector("#notice:has-text('saved')")
        page.locator("#browse .facet:has(summary:text-is('Hair Color')) a.value:has-text('Pink')").wait_for()
        pink = page.inner_text("#browse .facet:has(summary:text-is('Hair Color')) a.value:has-text('Pink') .num")
        assert int(pink) == total
        edits = EditLog(copy[0].edit_log).edits()
        assert [(edit.op, len(edit.args["record_ids"])) for edit in edits] == [("attribute.set", total)]
        page.keyboard.press("u")
        page.wait_for_selector("#notice:has-text('taken back')")
        again = page.locator("#browse .facet:has(summary:text-is('Hair Color')) a.value:has-text('Pink') .num")
        assert again.count() == 0 or int(again.inner_text()) < total
