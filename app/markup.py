"""Views as trees of plain values: the only way text of a dataset reaches the page.

What belongs here: making a node and refusing what a node may not be. Not here: which nodes a page shows (``app.pages``) and the
drawing, which is ``static/panels.js``: it makes elements and sets ``textContent``, so that no text is ever parsed as HTML.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

Node: TypeAlias = dict[str, Any]
Child: TypeAlias = "Node | str | None | Iterable[Child]"

TAGS = frozenset(
    [
        "a",
        "b",
        "button",
        "canvas",
        "caption",
        "code",
        "datalist",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "form",
        "h1",
        "h2",
        "h3",
        "hr",
        "img",
        "input",
        "kbd",
        "label",
        "li",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "small",
        "span",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
        "svg",
        "g",
        "line",
        "rect",
        "circle",
        "polyline",
        "text",
        "title",
    ]
)
"""Elements a view may hold; the browser's side has the same list."""

ATTRIBUTES = frozenset(
    [
        "alt",
        "autocomplete",
        "checked",
        "colspan",
        "disabled",
        "for",
        "height",
        "href",
        "id",
        "list",
        "loading",
        "max",
        "min",
        "name",
        "open",
        "placeholder",
        "role",
        "scope",
        "selected",
        "src",
        "step",
        "tabindex",
        "title",
        "type",
        "value",
        "width",
        "viewBox",
        "preserveAspectRatio",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "points",
        "text-anchor",
    ]
)
"""Attributes a node may have, beside ``aria-*``. Of ``src`` and ``href`` only addresses of this site, see ``panels.js``."""


def h(
    kind: str,
    *children: Child,
    act: Mapping[str, Any] | None = None,
    key: str | None = None,
    sizes: Mapping[str, float] | None = None,
    **attributes: str | float | bool | None,
) -> Node:
    """One element.

    Args:
        kind: the tag and its classes, e.g. ``button.quiet.small``.
        children: text and nodes; lists are laid flat, None is left out.
        act: what the page is told when the element is clicked (or, for a form, sent): JSON values only.
        key: keyboard key that clicks it; shown on the key sheet with the element's label.
        sizes: CSS custom properties with numbers, e.g. ``{"share": 0.4}`` for ``--share``.
        attributes: attributes, `_` for `-`; None and False are left out.

    Raises:
        ValueError: a tag or attribute that a view may not hold.
    """
    tag, *classes = kind.split(".")
    if tag not in TAGS:
        raise ValueError(f"no element {tag!r} in a view")
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    unknown = [name for name in named if name not in ATTRIBUTES and not name.startswith("aria-")]
    if unknown:
        raise ValueError(f"no attribute {unknown[0]!r} in a view")
    node: Node = {"t": tag}
    if classes:
        node["c"] = " ".join(classes)
    kept = {name: value for name, value in named.items() if value is not None and value is not False}
    if kept:
        node["a"] = kept
    if sizes:
        node["s"] = dict(sizes)
    if act is not None:
        node["act"] = dict(act)
    if key is not None:
        node["key"] = key
    held = list(_flat(children))
    if held:
        node["k"] = held
    return node


def _flat(children: Iterable[Child]) -> Iterable["Node | str"]:
    for child in children:
        if isinstance(child, str):
            yield child
        elif isinstance(child, dict):
            yield cast(Node, child)
        elif child is not None:
            yield from _flat(child)
