"""How characters look: the table of them, one in full, and what a merge or a split would do before it is done.

What belongs here: views. Not here: deeds and their edits (``app.pages.clusters``), questions (``app.services.clusters``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import duckdb

from app.markup import Child, Node, h
from app.pages import record_view
from app.services import clusters
from app.services.clusters import Cluster, Row

_DOUBTFUL = 6
_OFFERED = 200  # names to complete from


@dataclass(frozen=True)
class Known:
    """What people said of characters: how each is called, the names they gave, and which are locked."""

    name: Callable[[str], str]
    given: Mapping[str, str]
    locked: frozenset[str]


@dataclass(frozen=True)
class Address:
    """What the address holds.

    Attributes:
        id: the character that is looked at.
        order: of the table.
        page: of the table.
        asked: a deed that is being prepared: ``merge:ID`` or ``split``.
    """

    id: str = ""
    order: str = "size"
    page: int = 1
    asked: str = ""

    @classmethod
    def of(cls, search: str) -> "Address":
        """Read an address."""
        said = dict(parse_qsl(search.removeprefix("?"), max_num_fields=20))
        number = said.get("page", "1")
        page = min(max(1, int(number)), 1_000_000) if number.isascii() and number.isdigit() else 1
        return cls(said.get("id", ""), said.get("order", "size"), page, said.get("asked", ""))

    @property
    def search(self) -> str:
        """Write it."""
        said = {
            "id": self.id,
            "order": self.order if self.order != "size" else "",
            "page": str(self.page) if self.page > 1 else "",
            "asked": self.asked,
        }
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def _go(address: Address) -> dict[str, Any]:
    return {"do": "open", "search": address.search}


def table(address: Address, rows: Sequence[Row], total: int, known: Known) -> Node:
    """A page of characters, each line opens one."""
    orders = [("size", "largest first"), ("doubt", "most doubtful first"), ("name", "by id")]
    pages = -(-total // clusters.PAGE)
    choose = h(
        "div.row",
        [
            h(
                "a",
                words,
                act=_go(replace(address, order=order, page=1)),
                href=f"/clusters{replace(address, order=order).search}",
                aria_current="true" if order == address.order else None,
            )
            for order, words in orders
        ],
    )
    lines = [
        h(
            "tr.chosen" if row.character_id == address.id else "tr",
            h(
                "td",
                record_view.thumb(row.representative, f"{known.name(row.character_id)}, representative", "thumb"),
            ),
            h("td", h("b", known.name(row.character_id)), h("div.muted.small", _subtitle(row, known))),
            h("td.right.num", f"{row.size:,}"),
            h("td.right.num", f"{row.strength:.2f}"),
            h("td", h("span.badge.good", "locked") if row.character_id in known.locked else None),
            act=_go(replace(address, id=row.character_id, asked="")),
            aria_label=f"{known.name(row.character_id)}, {row.size} pictures",
        )
        for row in rows
    ]
    head = h(
        "thead", h("tr", h("th"), h("th", "Character"), h("th.right", "Pictures"), h("th.right", "Strength"), h("th"))
    )
    pager = (
        h(
            "div.row",
            h(
                "button",
                "Previous",
                act=_go(replace(address, page=address.page - 1)),
                disabled=address.page <= 1,
                key="ArrowLeft",
            ),
            h("span.muted.num", f"page {address.page} of {pages}"),
            h(
                "button",
                "Next",
                act=_go(replace(address, page=address.page + 1)),
                disabled=address.page >= pages,
                key="ArrowRight",
            ),
        )
        if pages > 1
        else None
    )
    return h(
        "div.card",
        h("div.row.apart", h("h2", f"{total:,} character{'' if total == 1 else 's'}"), choose),
        h("div.wide", h("table", head, h("tbody", lines))),
        pager,
    )


def _subtitle(row: Row, known: Known) -> str:
    parts = [row.character_id] if known.name(row.character_id) != row.character_id else []
    parts += [f"came as {row.suggested}"] if row.suggested else []
    return ", ".join(parts)


def inspector(con: duckdb.DuckDBPyConnection, address: Address, found: Cluster, known: Known, base: int) -> Node:
    """One character in full; ``base`` is the head of the log that the view was made from."""
    row = found.row
    deed = {"search": address.search, "base": base}
    locked = row.character_id in known.locked
    buttons = h(
        "div.row",
        h("button", "Split...", act=_go(replace(address, asked="split")), key="s", disabled=row.size < 2 or locked),  # noqa: PLR2004
        h("button", "Locked" if locked else "Lock", act={"do": "lock", **deed}, key="l", disabled=locked),
        h("a", "In Browse", href=f"/browse?{urlencode({'in': f'character_id:{row.character_id}'})}"),
    )
    prepared: Child = None
    if address.asked == "split":
        prepared = _split_preview(con, address, deed)
    elif address.asked.startswith("merge:"):
        prepared = _merge_preview(con, address, address.asked.removeprefix("merge:"), known, deed)
    return h(
        "div",
        h(
            "div.card",
            h("h2", known.name(row.character_id)),
            _rename_form(con, row, known, deed),
            _figures(found),
            buttons,
        ),
        prepared,
        _near(address, found, known),
        _members_card(found, deed),
    )


def _rename_form(con: duckdb.DuckDBPyConnection, row: Row, known: Known, deed: dict[str, Any]) -> Node:
    offered = clusters.names_known(con)
    given = known.given.get(row.character_id, "")
    return h(
        "form",
        h(
            "input.grow",
            id="name",
            name="name",
            value=given,
            placeholder=row.suggested or "a name for this character",
            list="known-names",
            aria_label="Name",
            autocomplete="off",
        ),
        h("datalist", [h("option", value=name) for name in offered[:_OFFERED]], id="known-names"),
        h("button.main", "Rename", type="submit"),
        act={"do": "rename", **deed},
    )


def _figures(found: Cluster) -> Node:
    said = {
        "pictures": f"{found.row.size:,}",
        "mean strength of membership": f"{found.row.strength:.2f}",
        "least alike pair": "-" if found.least is None else f"{found.least:.2f}",
        "median pair": "-" if found.median is None else f"{found.median:.2f}",
    }
    return h("dl.facts", [(h("dt", name), h("dd.num", value)) for name, value in said.items()])


def _near(address: Address, found: Cluster, known: Known) -> Child:
    if not found.near:
        return None
    lines = [
        h(
            "div.row.apart",
            h(
                "a",
                known.name(character),
                act=_go(replace(address, id=character, asked="")),
                href=f"/clusters?id={character}",
            ),
            h("span.muted.num", f"likeness {score:.2f}"),
            h(
                "button",
                "Merge...",
                act=_go(replace(address, asked=f"merge:{character}")),
                aria_label=f"Merge with {known.name(character)}",
                key="m" if number == 0 else None,
            ),
        )
        for number, (character, score) in enumerate(found.near)
    ]
    return h("div.card", h("h2", "Nearest characters"), lines)


def _merge_preview(
    con: duckdb.DuckDBPyConnection, address: Address, other: str, known: Known, deed: dict[str, Any]
) -> Child:
    theirs = clusters.cluster(con, other)
    mine = clusters.cluster(con, address.id)
    if theirs is None or mine is None:
        return None
    sides = [
        h(
            "div",
            h("p", h("b", known.name(one.row.character_id)), h("span.muted", f" {one.row.size:,} pictures")),
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


def _split_preview(con: duckdb.DuckDBPyConnection, address: Address, deed: dict[str, Any]) -> Child:
    large, small, likeness = clusters.proposed_split(con, address.id)
    if not small:
        return h("div.card", h("p", "There is nothing to split: its pictures have no two sides."), _cancel(address))
    sides = [
        h(
            "div",
            h("p.muted", f"{len(side):,} pictures"),
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
    return h("button", "Cancel", act=_go(replace(address, asked="")), key="Escape")


def _members_card(found: Cluster, deed: dict[str, Any]) -> Node:
    few = max(1, min(_DOUBTFUL, found.row.size // 4))
    doubtful = {one.record_id for one in found.members[-few:]}
    tiles = []
    for number, one in enumerate(found.members):
        likeness = found.similarity.get(one.record_id)
        role = (
            "representative"
            if one.record_id == found.row.representative
            else "most central"
            if number == 0
            else "doubtful"
            if one.record_id in doubtful
            else ""
        )
        note = " ".join(part for part in (role, "" if likeness is None else f"{likeness:.2f}") if part)
        out = h(
            "button.plain",
            "put out",
            act={"do": "eject", "record": one.record_id, **deed},
            aria_label="Put this picture out of the character",
        )
        tiles.append(
            h(
                "div",
                record_view.tile(one, note or " ", note=", ".join(one.caption)),
                h("div.row.apart", h("a.small", "look", href=f"/browse?id={one.record_id}"), out),
            )
        )
    shown = (
        f"{len(found.members):,} of {found.row.size:,} shown, central first"
        if len(found.members) < found.row.size
        else "central first, doubtful last"
    )
    return h("div.card", h("h2", "Members"), h("p.muted.small", shown), h("div.grid.small", tiles))
