"""The records that were not kept, by what became of them: to see whether the gates are right.

What belongs here: the view and its question. Not here: one record's story (``fate_view``).
"""

import duckdb

from app import texts
from app.markup import Child, Node, h
from app.pages import record_view

_SHOWN = 48
_UNSEEN = frozenset(("kept", "quarantined", "pending"))  # in Browse; never shown; not there yet
_SQL = """
    SELECT record_id, item_key, reason, code, text_only FROM all_records WHERE fate = ?
    ORDER BY item_key, record_id LIMIT ? OFFSET ?
"""


def address(fate: str, page: int = 1) -> str | None:
    """Where the records of a fate are shown; None where they are not."""
    return None if fate in _UNSEEN else f"/stats?fate={fate}" + (f"&page={page}" if page > 1 else "")


def card(con: duckdb.DuckDBPyConnection, fate: str, page: int, total: int, words: str) -> Node:
    """Pictures of a fate, so many at a time, each with its reason.

    Args:
        con: the warehouse.
        fate: one that ``address`` knows.
        page: from 1; the last one where there are fewer.
        total: records of that fate.
        words: what the fate means.
    """
    pages = max(1, -(-total // _SHOWN))
    page = min(page, pages)
    found = con.execute(_SQL, [fate, _SHOWN, _SHOWN * (page - 1)]).fetchall()
    head = h("h2", f"{fate.replace('_', ' ')}: {total:,}", id="dropped")
    return h(
        "div.card",
        h("div.row.apart", head, h("a.small", "Close", href="/stats")),
        h("p.muted", words),
        h("div.grid", [_tile(fate, *row) for row in found]),
        _pager(fate, page, pages),
    )


def _tile(
    fate: str, record_id: str, item_key: str | None, reason: str | None, code: str | None, text_only: bool | None
) -> Node:
    name = (item_key or record_id).rpartition("/")[2]
    why = f"{code}: {reason or ''}".strip(": ") if fate == "rejected" else reason or ""
    nothing = "could not be read" if fate == "rejected" else texts.NO_PICTURE if text_only else ""
    picture = h("div.blank", nothing) if nothing else record_view.whole(record_id, name)
    caption = h("figcaption", h("a", name, href=f"/browse?id={record_id}"), h("span.muted", why))
    return h("figure.tile.still", picture, caption, title=f"{name}: {why}")


def _pager(fate: str, page: int, pages: int) -> Child:
    if pages <= 1:
        return None
    before, after = (address(fate, page + step) for step in (-1, 1))
    return h(
        "div.row",
        h("a", "Previous", href=before) if page > 1 else None,
        h("span.muted.num", f"page {page:,} of {pages:,}"),
        h("a", "Next", href=after) if page < pages else None,
    )
