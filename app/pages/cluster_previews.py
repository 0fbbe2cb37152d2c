"""What a merge or a split would do, before it is done.

What belongs here: the two previews. Not here: the deeds (``app.pages.clusters``).
"""

from dataclasses import replace
from typing import Any

import duckdb

from app import texts
from app.markup import Child, Node, h
from app.pages import cluster_address, record_view
from app.pages.cluster_address import Address, Known
from app.services import clusters


def merge_preview(
    con: duckdb.DuckDBPyConnection, address: Address, other: str, known: Known, deed: dict[str, Any]
) -> Child:
    """Both sides, and their likeness."""
    theirs = clusters.cluster(con, other)
    mine = clusters.cluster(con, address.id)
    if theirs is None or mine is None:
        return None
    sides = [
        h(
            "div",
            h(
                "p",
                h("b", known.name(one.row.character_id)),
                h("span.muted", f" {texts.counted(one.row.size, 'picture')}"),
            ),
            h("div.grid.small", [record_view.tile(t) for t in one.members[:6]]),
        )
        for one in (mine, theirs)
    ]
    likeness = next((score for character, score in mine.near if character == other), None)
    said = f"{mine.row.size + theirs.row.size:,} pictures would be one character" + (
        f"; their likeness is {likeness:.2f}." if likeness is not None else "."
    )
    return h(
        "div.card",
        h("h2", "Merge these two?"),
        h("div.columns", sides),
        h("p", said),
        h(
            "div.row",
            h("button.main", "Merge", act={"do": "merge", "other": other, **deed}, key="Enter", id="confirm"),
            _cancel(address),
        ),
    )


def split_preview(con: duckdb.DuckDBPyConnection, address: Address, deed: dict[str, Any]) -> Child:
    """The two sides its looks suggest."""
    large, small, likeness = clusters.proposed_split(con, address.id)
    if not small:
        return h("div.card", h("p", "There is nothing to split: its pictures have no two sides."), _cancel(address))
    sides = [
        h(
            "div",
            h("p.muted", texts.counted(len(side), "picture")),
            h("div.grid.small", [record_view.tile(t) for t in clusters.tiles_of(con, side[:6])]),
        )
        for side in (large, small)
    ]
    return h(
        "div.card",
        h("h2", "Split into these two?"),
        h("div.columns", sides),
        h("p", f"The likeness of the two sides is {likeness:.2f}."),
        h(
            "div.row",
            h("button.main", "Split", act={"do": "split", "small": len(small), **deed}, key="Enter", id="confirm"),
            _cancel(address),
        ),
    )


def _cancel(address: Address) -> Node:
    return h("button", "Cancel", act=cluster_address.go(replace(address, asked="")), key="Escape")
