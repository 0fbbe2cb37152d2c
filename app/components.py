"""Components of our own: a panel that draws a view (``app.markup``) and tells the page what was clicked in it, and a file picker.

What belongs here: the bridge between gradio and ``static/panels.js``. Not here: views and what a click does.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import orjson
from gradio.data_classes import FileData

from app.markup import Node
from charassets.errors import CharassetsError

_NAME_LENGTH = 100  # of an uploaded file, as it is shown

Act = Mapping[str, Any]
"""What a click says: ``do`` names the deed, the rest are its arguments. It comes from a browser: nothing in it is trusted."""


def panel(
    node: Node | None = None,
    *,
    opens: bool = False,
    dims: str = "",
    elem_id: str | None = None,
) -> gr.HTML:
    """A ``gr.HTML`` whose template is a constant: its value is a view as JSON text, never markup.

    Args:
        node: what it shows at first.
        opens: it is the page's main view: it asks for its first view (``do: open`` with the address's ``search``), follows
            the browser's back button, and its views may change the address.
        dims: id of the panel that a click in this one changes, if not itself.
        elem_id: id of the component.
    """
    options = orjson.dumps({"opens": opens, "dims": dims}).decode()
    return gr.HTML(
        value=None if node is None else view(node),
        html_template='<div class="cs-panel"></div>',
        js_on_load=f"window.charassets.panel(element, props, trigger, watch, {options}, server)",
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=["cs-flat"],
    )


def file_picker(label: str, *, height: int, elem_id: str) -> gr.File:
    """Where pictures and videos are dropped or pasted; a handler is given a list of (file name, bytes).

    Gradio hands over bytes without names, or names with an empty file left behind.
    """
    picker = gr.File(
        label=label,
        file_count="multiple",
        type="binary",
        height=height,
        file_types=["image", "video"],
        elem_id=elem_id,
        elem_classes=["takes-paste"],
    )

    def taken(file: FileData) -> tuple[str, bytes]:
        sent = Path(file.path)
        return (Path(file.orig_name or sent.name).name[:_NAME_LENGTH], sent.read_bytes())

    picker._process_single_file = taken  # pyright: ignore[reportAttributeAccessIssue]
    return picker


def view(
    node: Node, *, search: str | None = None, focus: str | None = None, data: Mapping[str, Any] | None = None
) -> str:
    """The value that makes a panel show a node.

    Args:
        node: the view.
        search: the address's query from now on, ``?`` included or empty; None leaves it.
        focus: id of the element that has the keyboard afterwards.
        data: numbers and texts for a script that draws (the map's).
    """
    said = {"node": node, "search": search, "focus": focus, "data": data}
    return orjson.dumps({name: value for name, value in said.items() if value is not None}).decode()


def on_act(
    shown: gr.HTML,
    handler: Callable[..., Any],
    inputs: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
    **more: Any,  # noqa: ANN401 - arguments of gradio's listener
) -> Any:  # noqa: ANN401 - gradio's dependency
    """Call ``handler(act, *inputs)`` when something in the panel is clicked; every click counts, however quick."""

    def clicked(event: gr.EventData, *values: Any) -> Any:  # noqa: ANN401
        act = event._data if isinstance(event._data, dict) else {}
        return handler(act, *values)

    options = {"trigger_mode": "multiple", "show_progress": "hidden", "api_visibility": "private", **more}
    return shown.click(_told(clicked), list(inputs), list(outputs), **options)


def _told(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Known errors reach the person as one line; gradio needs the handler's own signature."""

    def told(event: gr.EventData, *values: Any) -> Any:  # noqa: ANN401
        try:
            return handler(event, *values)
        except CharassetsError as error:
            raise gr.Error(str(error), duration=10) from error

    return told
