"""What the page Duplicates says of a choice that the gates overrule; its keys are tried in a browser (``pages``)."""

import html

import pytest

from app.pages.duplicates import handle
from app.services.context import Context
from charassets.curation import EditLog
from charassets.errors import UsageError


def judged(place, pair, answer):
    return html.unescape(handle(Context(*place), {"do": "judge", "answer": answer, "search": f"?pair={pair}"}))


def test_a_chosen_copy_that_the_gates_drop_is_told_at_once(place):
    told = judged(place, "two|ann-1", "left")
    assert "the left one stays. two is chosen and still not kept: the gates drop it as multiple" in told
    assert "its copies are left out with it" in told
    assert "still not kept" not in judged(place, "ann-1|ann-1-small", "right")


def test_a_pair_that_does_not_exist_is_no_edit(place):
    with pytest.raises(UsageError, match="do not exist"):
        judged(place, "ann-1|nobody-9", "left")
    assert EditLog(place[0].edit_log).head() == 0
