"""``/v1/reviews`` and ``/v1/edits``: what people decide, and taking it back.

What belongs here: requests that become edits. Not here: the log and its conflicts (``charassets.curation``).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.problems import NotFoundError, responses
from app.rest.services import At, Services
from charassets.curation import ACTOR, Edit, parse
from charassets.warehouse.questions import check_records, checked
from charassets.warehouse.unkept import dropped_choices

router = APIRouter(prefix="/v1", tags=["edits"], responses=responses())

Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=100_000)]


class Act(BaseModel):
    """What every edit carries."""

    actor: str = Field(ACTOR, max_length=80, description="Who acts.")
    base: int | None = Field(
        None, ge=0, description="`head` of the page the act was made on; without it nothing conflicts."
    )
    edit_id: str | None = Field(None, max_length=64, description="Chosen by the client: sent twice, it is done once.")


class ReviewAct(Act):
    """An attribute of some records has this value; ``Unknown`` says that it cannot be told."""

    record_ids: Ids
    attribute: str = Field(max_length=200)
    value: str = Field(max_length=200)


class FreeAct(Act):
    """Any operation of the log."""

    op: str = Field(max_length=40)
    args: dict[str, Any]


class Done(BaseModel):
    """The edit as it stands in the log; undo it by its id."""

    id: str
    seq: int
    at: str
    actor: str
    op: str
    args: dict[str, Any]
    base: int


class Taken(Done):
    """The edit as it was taken."""

    notes: list[str] = Field(
        description="What it will not bring about, a sentence each, e.g. of a chosen copy that a gate drops."
    )


class Log(BaseModel):
    """Edits in order, and the place to ask from next."""

    edits: list[Done]
    head: int


@router.post("/reviews", status_code=201)
def review(at: At, act: ReviewAct) -> Taken:
    """Answer an attribute for one or many records: one edit."""
    value = checked(act.attribute, act.value)
    return done(at, act, "attribute.set", {"record_ids": act.record_ids, "attribute": act.attribute, "value": value})


@router.post("/edits", status_code=201)
def edit(at: At, act: FreeAct) -> Taken:
    """Append any operation, e.g. ``duplicates.not`` or ``identity.correct``; the records it names have to be there."""
    if act.op == "attribute.set":
        value = checked(str(act.args.get("attribute")), str(act.args.get("value")))
        return done(at, act, act.op, {**act.args, "value": value})
    return done(at, act, act.op, act.args)


@router.get("/edits")
def edits(at: At, after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Log:
    """The log after a place, undone edits and undos too."""
    found = at.log.edits(after)[:limit]
    return Log(edits=[shown(one) for one in found], head=at.log.head())


@router.post("/edits/{edit_id}/undo", status_code=201)
def undo(at: At, edit_id: str, act: Act) -> Done:
    """Take an edit back, a bulk act as a whole; undoing an undo brings it back."""
    if at.log.find(edit_id) is None:
        raise NotFoundError("there is no such edit", where=edit_id[:64], todo="GET /v1/edits lists them")
    return shown(at.log.undo(edit_id, actor=act.actor, base=act.base, undo_id=act.edit_id))


def done(at: Services, act: Act, op: str, args: dict[str, Any]) -> Taken:
    """Append an edit.

    Raises:
        UsageError: an unknown operation, or arguments it does not take.
        UnknownRecordsError: a record it names does not exist.
    """
    operation = parse(op, args)
    notes: tuple[str, ...] = ()
    if operation.records:
        with at.warehouse.view() as view:
            check_records(view.con, operation.records)
            notes = dropped_choices(view.con, operation)
    edit = at.log.append(op, args, actor=act.actor, base=act.base, edit_id=act.edit_id)
    return Taken(**shown(edit).model_dump(), notes=list(notes))


def shown(one: Edit) -> Done:
    """An edit as it is answered."""
    return Done(id=one.id, seq=one.seq, at=one.at, actor=one.actor, op=one.op, args=dict(one.args), base=one.base)
