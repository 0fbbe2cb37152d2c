"""``/v1/records`` and ``/v1/images``: kept records by filter, and everything known of one.

What belongs here: questions over the live warehouse. Not here: the query language (``charassets.warehouse.query``).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

import duckdb
from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.problems import NotFoundError, responses
from app.rest.services import At
from charassets.errors import UsageError
from charassets.warehouse.query import compile_query

MAX_PAGE = 500

_HIDDEN = frozenset({"uri"})  # where a file lies on this machine is nobody's business
_EVIDENCE = " UNION ALL ".join(
    f"SELECT attribute, value, score, source, detail FROM {table} WHERE record_id = $1"  # noqa: S608 - constants
    for table in ("tag_evidence", "visual_evidence")
)

Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows of a page.")]

router = APIRouter(prefix="/v1", tags=["records"], responses=responses())


class Page(BaseModel):
    """A page of records.

    ``head`` is the place of the last edit it shows: the ``base`` of an edit made on it.
    """

    records: list[dict[str, Any]]
    next: str | None
    total: int
    head: int


@router.get("/records")
def records(
    at: At,
    query: Annotated[
        str, Query(max_length=2_000, description="In the query language, e.g. `hair:blue -hat conf>0.8`.")
    ] = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page:
    """Kept records that pass the query, in order of their ids; pending edits are laid over them."""
    compiled = compile_query(query)
    with at.warehouse.view() as view:
        total = view.con.execute(f"SELECT count(*) FROM records WHERE {compiled.sql}", compiled.params).fetchall()[0][0]  # noqa: S608
        found = rows(
            view.con,
            f"SELECT * FROM records WHERE ({compiled.sql}) AND record_id > ? ORDER BY record_id LIMIT ?",  # noqa: S608
            [*compiled.params, place_of(cursor), limit + 1],
        )
        last = cursor_at(found[limit - 1]["record_id"]) if len(found) > limit else None
        return Page(records=[_shown(row) for row in found[:limit]], next=last, total=total, head=view.overlay.head)


@router.get("/images/{id}")
def image(at: At, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """Everything about one record, kept or not; ``id`` is a record's, or a picture's content id (then its first record)."""
    with at.warehouse.view() as view:
        found = rows(
            view.con,
            "SELECT record_id, source, image_id, fate, code, copy_of, reason, text_only FROM all_records "
            "WHERE record_id = $1 OR image_id = $1 ORDER BY record_id <> $1, fate <> 'kept', record_id LIMIT 1",
            [id],
        )
        if not found:
            raise NotFoundError("there is no such record", where=id[:80])
        fate = found[0]
        if fate["fate"] == "quarantined":
            return {"record_id": fate["record_id"], "fate": "quarantined", "reason": fate["reason"]}
        return {**fate, **_detail(view.con, fate["record_id"]), "head": view.overlay.head}


def rows(con: duckdb.DuckDBPyConnection, query: str, params: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as DuckDB takes them
    """Rows of a query as mappings; for pages, which are small."""
    found = con.execute(query, params)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def cursor_at(place: str) -> str:
    """A cursor that goes on after ``place``."""
    return base64.urlsafe_b64encode(place.encode()).decode()


def place_of(cursor: str | None) -> str:
    """Where a cursor goes on.

    Raises:
        UsageError: it is none of ours.
    """
    try:
        return base64.b64decode(cursor or "", altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise UsageError(
            "the cursor is damaged", where="cursor", todo="use `next` of the page before, or none"
        ) from None


def _detail(con: duckdb.DuckDBPyConnection, record_id: str) -> Mapping[str, Any]:
    kept = rows(con, "FROM records WHERE record_id = $1", [record_id])
    answers = rows(
        con, "SELECT * EXCLUDE (record_id) FROM final_attributes WHERE record_id = $1 ORDER BY attribute", [record_id]
    )
    copies = "SELECT record_id, keeper, relation, reason FROM near_duplicates WHERE group_id = $1 ORDER BY NOT keeper, record_id"
    group = kept[0]["duplicate_group"] if kept else None
    return {
        "record": _shown(kept[0]) if kept else None,
        "attributes": answers,
        "evidence": rows(con, f"{_EVIDENCE} ORDER BY attribute, score DESC", [record_id]),
        "copies": rows(con, copies, [group]) if group else [],
        "thumb": f"/thumb/{record_id}.webp",
    }


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _HIDDEN}
