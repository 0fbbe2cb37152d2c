import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components import view
from app.markup import ATTRIBUTES, TAGS, h
from app.theme import mount_options


def test_text_and_nodes_are_laid_flat_and_none_is_left_out():
    node = h("div.card.small", "a", None, [h("b", "c"), ["d"]], title="t", open=False)
    assert node == {"t": "div", "c": "card small", "a": {"title": "t"}, "k": ["a", {"t": "b", "k": ["c"]}, "d"]}


@pytest.mark.parametrize("kind", ["script", "iframe", "style", "object", "video", "math"])
def test_an_element_that_could_run_something_is_refused(kind):
    with pytest.raises(ValueError, match="no element"):
        h(kind)


@pytest.mark.parametrize("name", ["onclick", "style", "srcdoc", "formaction", "xlink_href", "class_x"])
def test_an_attribute_that_could_run_something_is_refused(name):
    with pytest.raises(ValueError, match="no attribute"):
        h("div", **{name: "x"})


def test_the_browsers_lists_are_those_of_the_server():
    script = mount_options()["head"]
    for name in (*TAGS, *ATTRIBUTES):
        assert f" {name} " in f" {script} ".replace('"', " "), name


def test_no_script_of_ours_parses_text_as_markup():
    script = mount_options()["head"]
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in script.replace("there is no innerHTML in this file", ""), way


@given(st.text())
def test_any_text_survives_the_way_to_the_browser(text):
    import orjson

    text = text.encode("utf-8", "ignore").decode()
    assert orjson.loads(view(h("p", text, title=text)))["node"] == h("p", text, title=text)
