"""How characters look: the table of them, one in full, and what a merge or a split would do before it is done.

What belongs here: views. Not here: deeds and their edits (``app.pages.clusters``), questions (``app.services.clusters``).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import duckdb

from app import texts
from app.markup import Child, Node, h
from app.pages import cluster_address, cluster_previews, record_view
from app.pages.cluster_address import Address, Known
from app.services import clusters
from app.services.clusters import Cluster, Row

_DOUBTFUL = 6
_OFFERED = 200  # names to complete from


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
                act=cluster_address.go(replace(address, order=order, page=1)),
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
            act=cluster_address.go(replace(address, id=row.character_id, asked="")),
            aria_label=f"{known.name(row.character_id)}, {texts.counted(row.size, 'picture')}",
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
                act=cluster_address.go(replace(address, page=address.page - 1)),
                disabled=address.page <= 1,
                key="ArrowLeft",
            ),
            h("span.muted.num", f"page {address.page} of {pages}"),
            h(
                "button",
                "Next",
                act=cluster_address.go(replace(address, page=address.page + 1)),
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
    parts += [f"gallery: {row.identity}"] if row.identity else []
    return ", ".join(parts)


def inspector(con: duckdb.DuckDBPyConnection, address: Address, found: Cluster, known: Known, base: int) -> Node:
    """One character in full; ``base`` is the head of the log that the view was made from."""
    row = found.row
    deed = {"search": address.search, "base": base}
    locked = row.character_id in known.locked
    buttons = h(
        "div.row",
        h(
            "button",
            "Split...",
            act=cluster_address.go(replace(address, asked="split")),
            key="s",
            disabled=row.size < 2 or locked,
        ),  # noqa: PLR2004
        h("button", "Locked" if locked else "Lock", act={"do": "lock", **deed}, key="l", disabled=locked),
        h("a", "In Browse", href=f"/browse?{urlencode({'in': f'character_id:{row.character_id}'})}"),
    )
    prepared: Child = None
    if address.asked == "split":
        prepared = cluster_previews.split_preview(con, address, deed)
    elif address.asked.startswith("merge:"):
        prepared = cluster_previews.merge_preview(con, address, address.asked.removeprefix("merge:"), known, deed)
    return h(
        "div",
        h(
            "div.card",
            h("h2", known.name(row.character_id)),
            h("p.muted.small", subtitle) if (subtitle := _subtitle(row, known)) else None,
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
                act=cluster_address.go(replace(address, id=character, asked="")),
                href=f"/clusters?id={character}",
            ),
            h("span.muted.num", f"likeness {score:.2f}"),
            h(
                "button",
                "Merge...",
                act=cluster_address.go(replace(address, asked=f"merge:{character}")),
                aria_label=f"Merge with {known.name(character)}",
                key="m" if number == 0 else None,
            ),
        )
        for number, (character, score) in enumerate(found.near)
    ]
    return h("div.card", h("h2", "Nearest characters"), lines)


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
    return h("div.card", h("h2", "Members"), h("p.muted.small", shown), h("div.grid", tiles))
