import pytest

from charassets.curation import EditLog, live
from charassets_tests.app.pages.conftest import served


@pytest.fixture
def place(copy):
    with served(*copy) as address:
        yield address, EditLog(copy[0].edit_log)


def _rows(page):
    return page.locator("#clusters tbody tr").count()


def test_a_character_is_renamed_merged_and_both_are_undone(visit, place):
    address, log = place
    page = visit(f"{address}/clusters")
    page.wait_for_selector("#clusters .tile")
    before = _rows(page)
    assert before > 1
    page.fill("#name", "Aoi of the North")
    page.keyboard.press("Enter")
    page.wait_for_selector("#clusters tr.chosen:has-text('Aoi of the North')")
    sizes = [int(n) for n in page.locator("#clusters tbody td.num:nth-child(3)").all_inner_texts()]

    page.keyboard.press("Escape")
    page.locator("#clusters button:has-text('Merge...')").first.click()
    page.wait_for_selector("#confirm")
    assert page.locator("#clusters h2:has-text('Merge these two?')").is_visible(), "nothing happens before it was seen"
    assert len(log.edits()) == 1
    page.click("#confirm")
    page.wait_for_selector("#notice:has-text('merged')")
    assert _rows(page) == before - 1
    assert sum(int(n) for n in page.locator("#clusters tbody td.num:nth-child(3)").all_inner_texts()) == sum(sizes)

    page.click("#notice button")
    page.wait_for_selector("#notice:has-text('taken back')")
    assert _rows(page) == before
    assert [edit.op for edit in live(log.edits())] == ["cluster.rename"]
    log.undo(log.edits()[0].id)
    page.reload()
    page.wait_for_selector("#clusters .tile")
    assert page.locator("#clusters tr:has-text('Aoi of the North')").count() == 0


def test_whom_the_gallery_knows_in_a_character_is_said_beside_its_id(visit, place):
    page = visit(f"{place[0]}/clusters")
    page.wait_for_selector("#clusters tbody td:has-text('gallery: Aoi')")
    page.locator("#clusters tbody tr:has-text('gallery: Botan')").first.click()
    page.wait_for_selector("#clusters .card h2 + p:has-text('gallery: Botan')")


def test_a_name_that_is_almost_another_is_remarked_on(visit, place):
    address, _ = place
    page = visit(f"{address}/clusters")
    page.wait_for_selector("#clusters .tile")
    page.fill("#name", "Aoi of the North")
    page.keyboard.press("Enter")
    page.wait_for_selector("#clusters tr.chosen:has-text('Aoi')")
    page.locator("#clusters tbody tr:not(.chosen)").first.click()
    page.wait_for_selector("#clusters tr.chosen:not(:has-text('Aoi'))")
    page.fill("#name", "Aoi of the Nort")
    page.keyboard.press("Enter")
    page.wait_for_selector("#notice:has-text('there is also Aoi of the North')")


def test_a_character_is_split_at_its_weak_link_and_a_picture_is_put_out(visit, place):
    address, log = place
    page = visit(f"{address}/clusters")
    page.wait_for_selector("#clusters .tile")
    before = _rows(page)
    page.keyboard.press("s")
    page.wait_for_selector("#confirm")
    page.click("#confirm")
    page.wait_for_selector("#notice:has-text('split')")
    assert _rows(page) == before + 1
    page.keyboard.press("u")
    page.wait_for_selector("#notice:has-text('taken back')")
    assert _rows(page) == before
    size = int(page.locator("#clusters tr.chosen td.num").first.inner_text())
    page.locator("#clusters button:has-text('put out')").last.click()
    page.wait_for_selector("#notice:has-text('put out')")
    assert int(page.locator("#clusters tr.chosen td.num").first.inner_text()) == size - 1
    assert [edit.op for edit in live(log.edits())] == ["records.eject"]


def test_a_locked_character_says_so(visit, place):
    address, log = place
    page = visit(f"{address}/clusters")
    page.wait_for_selector("#clusters .tile")
    page.keyboard.press("l")
    page.wait_for_selector("#clusters tr.chosen .badge:has-text('locked')")
    assert [edit.op for edit in log.edits()] == ["cluster.lock"]


def test_what_somebody_else_said_meanwhile_is_shown_and_not_overwritten(visit, place):
    address, log = place
    page = visit(f"{address}/clusters")
    page.wait_for_selector("#clusters .tile")
    seen = page.evaluate("document.querySelectorAll('#clusters .tile img')[0].src")
    record = seen.rsplit("/", 1)[1].split(".")[0]
    log.append("cluster.rename", {"members": [record], "name": "Theirs"}, actor="ben")
    page.fill("#name", "Mine")
    page.keyboard.press("Enter")
    page.wait_for_selector("#clusters .state.error:has-text('ben')")
    assert [edit.args["name"] for edit in log.edits()] == ["Theirs"]


def test_not_duplicates_is_remembered_and_every_answer_has_a_key(visit, place):
    address, log = place
    page = visit(f"{address}/duplicates")
    page.wait_for_selector("#duplicates .pair")
    left = int(page.inner_text("#left-to-judge b"))
    assert left >= 1
    page.keyboard.press("n")
    page.wait_for_selector("#notice:has-text('remembered')")
    assert [edit.op for edit in log.edits()] == ["duplicates.not"]
    page.keyboard.press("u")
    page.wait_for_selector("#notice:has-text('taken back')")
    assert int(page.inner_text("#left-to-judge b")) == left
    for key, said in (("ArrowRight", "the right one stays"), ("ArrowLeft", "the left one stays"), ("b", "both stay")):
        if page.locator("#duplicates .pair").count():
            page.keyboard.press(key)
            page.wait_for_selector(f"#notice:has-text('{said}')")
            page.keyboard.press("u")
            page.wait_for_selector("#notice:has-text('taken back')")
    assert live(log.edits()) == []


def test_twenty_reviews_by_keyboard_in_a_row_and_none_is_lost(visit, place):
    address, log = place
    page = visit(f"{address}/review")
    page.wait_for_selector("#review .stage")
    seen = []
    for number in range(20):
        page.wait_for_function("document.querySelector('#review .cs-panel')?.dataset.question")
        seen.append(page.evaluate("document.querySelector('#review .cs-panel')?.dataset.question"))
        page.keyboard.press([" ", "1", "2", "a", "s"][number % 5])
    page.wait_for_function("document.querySelector('#review .cs-panel')?.dataset.saved === '20'")
    edits = log.edits()
    said = [(edit.args["record_ids"][0], edit.args["attribute"]) for edit in edits]
    assert said == [tuple(key.split("|")) for key in seen]
    assert len(set(said)) == 20
    assert [edit.op for edit in edits].count("review.skip") == 4


def test_keys_pressed_faster_than_the_server_answers_are_all_taken(visit, place):
    address, log = place
    page = visit(f"{address}/review")
    page.wait_for_selector("#review .stage")
    page.evaluate(
        "for (let i = 0; i < 8; i++) document.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }))"
    )
    page.wait_for_function("document.querySelector('#review .cs-panel')?.dataset.saved === '8'")
    assert len({edit.args["record_ids"][0] + edit.args["attribute"] for edit in log.edits()}) == 8


def test_an_answer_waits_in_the_browser_while_the_server_is_away(visit, place):
    address, log = place
    page = visit(f"{address}/review")
    page.wait_for_selector("#review .stage")
    page.route("**/component_server**", lambda route: route.abort())
    page.keyboard.press(" ")
    page.wait_for_selector("#review .badge:has-text('not saved yet')")
    assert log.edits() == []
    page.reload()  # while the server is still away: the answer is in the browser's keeping, not in the page's
    page.wait_for_selector("#review .cs-panel")
    page.unroute("**/component_server**")
    page.wait_for_function("document.querySelector('#review .cs-panel')?.dataset.saved === '1'")
    assert len(log.edits()) == 1


def test_undo_brings_the_question_back(visit, place):
    address, log = place
    page = visit(f"{address}/review")
    page.wait_for_selector("#review .stage")
    asked = page.evaluate("document.querySelector('#review .cs-panel')?.dataset.question")
    page.keyboard.press(" ")
    page.keyboard.press("u")
    page.wait_for_function("(key) => document.querySelector('#review .cs-panel')?.dataset.question === key", arg=asked)
    page.wait_for_function("document.querySelector('#review .cs-panel')?.dataset.saved === '2'")
    assert live(log.edits()) == []
