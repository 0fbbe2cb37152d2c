"""What every page has: its route, the bar of pages, a heading with one line of help, and how a failure looks.

What belongs here: the frame. Not here: what is in it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import duckdb
import gradio as gr

from app import texts
from app.components import view
from app.markup import Child, Node, h
from app.services.context import NoWarehouseError
from charassets.errors import CharassetsError

_log = logging.getLogger(__name__)
_ATTEMPTS = 2  # a warehouse that is swapped while it is opened is there again at once


@contextmanager
def page(demo: gr.Blocks, key: str) -> Iterator[None]:
    """Everything made inside the block is on that page, below the bar and the heading.

    Args:
        demo: the app.
        key: key of ``texts.PAGES``; the page of the empty path is the app's first.
    """
    text = texts.PAGES[key]
    holder = demo.route(text.name, f"/{text.path}") if text.path else demo
    with holder:
        gr.HTML(_bar(key), apply_default_css=False, js_on_load=None, elem_classes=["cs-flat"])
        yield


def _bar(current: str) -> str:
    """The bar and the heading: words of ``texts`` alone, nothing of a dataset."""
    links = "".join(
        f'<a class="page" href="/{escape(text.path)}"{" aria-current=page" if key == current else ""}>{escape(text.name)}</a>'
        for key, text in texts.PAGES.items()
    )
    page_text = texts.PAGES[current]
    return (
        f'<nav class="cs-bar" aria-label="Pages"><a class="brand" href="/">{texts.BRAND}</a>{links}<span class="spring"></span>'
        f'<button type="button" data-frame="keys">{texts.KEYS}</button>'
        f'<button type="button" data-frame="theme">{texts.LIGHT_DARK}</button></nav>'
        f'<header class="cs-title"><h1>{escape(page_text.name)}</h1><p>{escape(page_text.help)}</p></header>'
    )


def state(title: str, *more: Child, failed: bool = False) -> Node:
    """What stands where there is nothing to show, and what to do about it."""
    return h("div.state.error" if failed else "div.state", h("h2", title), *more, role="alert" if failed else "status")


def loading() -> Node:
    """What a page shows until its first answer."""
    return state(texts.LOADING)


def no_workspace() -> Node:
    """What a page of a workspace shows where there is none."""
    first, second = texts.NO_WORKSPACE_COMMANDS
    return state(
        texts.NO_WORKSPACE,
        h("p", texts.NO_WORKSPACE_TODO, " ", h("code", first)),
        h("p", texts.OR, " ", h("code", second)),
        h("p", h("a", texts.NO_WORKSPACE_MEANWHILE, href="/")),
    )


def answered(make: Callable[..., str]) -> Callable[..., str]:
    """A maker of a panel's value whose failures are shown in the panel, as one line that says what to do."""

    def guarded(*arguments: Any) -> str:  # noqa: ANN401
        for attempt in range(_ATTEMPTS):
            try:
                return make(*arguments)
            except duckdb.Error as error:
                if attempt + 1 == _ATTEMPTS:
                    return view(_broken(error))
            except Exception as error:  # noqa: BLE001 - a page shows that it failed, whatever it was
                return view(_broken(error))
        raise AssertionError("unreachable")

    return guarded


def _broken(error: Exception) -> Node:
    """A failure as a person reads it; what we did not expect is told to the log and not to the browser."""
    if isinstance(error, NoWarehouseError):
        return no_workspace()
    if isinstance(error, CharassetsError):
        return failure(error)
    _log.error("a page failed", exc_info=error)
    return state(texts.FAILED, h("p", texts.FAILED_TODO), failed=True)


def failure(error: CharassetsError) -> Node:
    """A failure in a panel: what, and what to do."""
    return state(texts.FAILED, h("p", error.what), h("p.muted", error.todo) if error.todo else None, failed=True)
