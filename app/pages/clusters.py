"""Clusters: the characters in a table, one of them in full, and everything a person may say about them.

What belongs here: the page and its deeds, each one edit. Not here: questions (``app.services.clusters``).
"""

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import cluster_view, correcting, frame
from app.pages.cluster_address import Address, Known
from app.services import clusters
from app.services.context import Context, given_names
from charassets.curation import Edit
from charassets.errors import UsageError


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "clusters"):
        shown = panel(frame.loading(), opens=True, elem_id="clusters")
        on_act(shown, lambda act: frame.answered(handle)(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value after a click."""
    address = Address.of(str(act.get("search", "")))
    edit: Edit | None = None
    words = ""
    if act.get("do") in _DEEDS:
        with context.reading() as con:
            edit, words, address = _DEEDS[str(act["do"])](context, con, address, act)
    elif act.get("do") == "undo":
        edit, words = correcting.undo(context, act), "taken back"
    notice = correcting.notice(edit, words, {"search": address.search})
    return _show(context, address, notice)


def _rename(
    context: Context, con: duckdb.DuckDBPyConnection, address: Address, act: Act
) -> tuple[Edit | None, str, Address]:
    name = str((act.get("form") or {}).get("name", "")).strip()
    members = _members(con, address.id)
    alike = clusters.alike(name, clusters.names_known(con))
    edit = context.log.append("cluster.rename", {"members": members, "name": name}, base=correcting.base_of(act))
    return edit, f"renamed to {name}" + (f"; there is also {alike}: the same?" if alike else ""), address


def _merge(
    context: Context, con: duckdb.DuckDBPyConnection, address: Address, act: Act
) -> tuple[Edit | None, str, Address]:
    other = str(act.get("other", ""))
    records = [*_members(con, address.id), *_members(con, other)]
    edit = context.log.append("records.same_character", {"record_ids": records}, base=correcting.base_of(act))
    return (
        edit,
        f"merged: {len(records):,} pictures of one character",
        replace(address, asked="", id=_kept(context, records) or address.id),
    )


def _kept(context: Context, records: Sequence[str]) -> str | None:
    """The id a merged character has now."""
    with context.reading() as con:
        sql = "SELECT character_id FROM records WHERE record_id IN (SELECT unnest($1)) AND character_id IS NOT NULL LIMIT 1"
        found = con.execute(sql, [list(records)]).fetchall()
    return found[0][0] if found else None


def _split(
    context: Context, con: duckdb.DuckDBPyConnection, address: Address, act: Act
) -> tuple[Edit | None, str, Address]:
    large, small, _ = clusters.proposed_split(con, address.id)
    if not small or len(small) != act.get("small"):
        raise UsageError("this character cannot be split so", todo="look at it again")
    edit = context.log.append(
        "records.different_character", {"left": large, "right": small}, base=correcting.base_of(act)
    )
    return edit, f"split: {len(large)} and {texts.counted(len(small), 'picture')}", replace(address, asked="")


def _eject(
    context: Context, con: duckdb.DuckDBPyConnection, address: Address, act: Act
) -> tuple[Edit | None, str, Address]:
    record = str(act.get("record", ""))
    members = _members(con, address.id)
    if record not in members:
        raise UsageError("this picture is not of this character any more", todo="look at it again")
    edit = context.log.append(
        "records.eject", {"record_ids": [record], "members": members}, base=correcting.base_of(act)
    )
    return edit, "put out: this picture shows somebody else", address


def _lock(
    context: Context, con: duckdb.DuckDBPyConnection, address: Address, act: Act
) -> tuple[Edit | None, str, Address]:
    members = _members(con, address.id)
    return (
        context.log.append("cluster.lock", {"members": members}, base=correcting.base_of(act)),
        "locked as it is",
        address,
    )


_DEEDS = {"rename": _rename, "merge": _merge, "split": _split, "eject": _eject, "lock": _lock}


def _members(con: duckdb.DuckDBPyConnection, character_id: str) -> list[str]:
    found = clusters.members_of(con, character_id)
    if not found:
        raise UsageError("there is no such character any more", todo="look at the table again")
    return found


def _show(context: Context, address: Address, notice: Child) -> str:
    with context.reading() as con:
        known = Known(context.names(con), given_names(con), context.locked(con))
        total, rows = clusters.table(con, address.order, address.page)
        if not total:
            return view(frame.state(texts.NO_CHARACTERS, h("p", texts.NO_CHARACTERS_TODO)), search=address.search)
        address = address if address.id or not rows else replace(address, id=rows[0].character_id)
        found = clusters.cluster(con, address.id)
        side: Node
        if found is None:
            side = h(
                "div.card",
                frame.state(
                    "There is no such character", h("p", "It may have been merged; the table has the present ones.")
                ),
            )
        else:
            side = cluster_view.inspector(con, address, found, known, context.log.head())
    node = h(
        "div",
        notice,
        h("div.columns.clusters", h("div", cluster_view.table(address, rows, total, known)), h("div", side)),
    )
    return view(node, search=address.search)
