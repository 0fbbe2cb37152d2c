"""``/v1/clusters``: characters as they stand with people's edits laid over, and the edits that change them.

What belongs here: the routes. Not here: clustering, and what a run makes of the edits. Ids change from run to run, so an edit
names the records that a character has at the moment; the ids in the answers are good until the next run.
"""

from typing import Annotated, Any

import duckdb
from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.problems import NotFoundError, responses
from app.rest.edits import Act, Ids, Taken, done
from app.rest.records import Cursor, Limit, cursor_at, place_of, rows
from app.rest.services import At
from charassets.errors import UsageError

router = APIRouter(prefix="/v1/clusters", tags=["clusters"], responses=responses())

_CHARACTERS = """
SELECT records.character_id, any_value(named.name) AS name, count(*) AS size, avg(character_probability) AS mean_membership,
       min(character_probability) AS least_membership, mode("character") AS suggested_name,
       coalesce(any_value(record_id) FILTER (character_representative), min(record_id)) AS representative
FROM records LEFT JOIN character_names AS named ON named.character_id = records.character_id
WHERE records.character_id IS NOT NULL AND records.character_id {which} ? GROUP BY records.character_id
"""
_MEMBERS = (
    "SELECT record_id FROM records WHERE character_id = ? ORDER BY character_probability DESC NULLS LAST, record_id"
)

Character = Annotated[str, Field(min_length=1, max_length=200)]


class Characters(BaseModel):
    """A page of characters, and the ``base`` of an edit made on it."""

    clusters: list[dict[str, Any]]
    next: str | None
    head: int


class Rename(Act):
    """The character's name."""

    name: str = Field(max_length=200)


class Merge(Act):
    """Characters that are one."""

    characters: Annotated[list[Character], Field(min_length=2, max_length=1_000)]


class Split(Act):
    """Members that are another character than the rest; with ``rest``, than these only."""

    record_ids: Ids
    rest: Ids | None = None


class Ejected(Act):
    """Members that do not belong to the character."""

    record_ids: Ids


@router.get("")
def clusters(at: At, cursor: Cursor = None, limit: Limit = 100) -> Characters:
    """Characters in order of their ids."""
    with at.warehouse.view() as view:
        query = f"{_CHARACTERS.format(which='>')} ORDER BY records.character_id LIMIT ?"
        found = rows(view.con, query, [place_of(cursor), limit + 1])
        last = cursor_at(found[limit - 1]["character_id"]) if len(found) > limit else None
        return Characters(clusters=found[:limit], next=last, head=view.overlay.head)


@router.get("/{character_id}")
def cluster(at: At, character_id: str) -> dict[str, Any]:
    """One character and its members, the surest first."""
    with at.warehouse.view() as view:
        found = rows(view.con, _CHARACTERS.format(which="="), [character_id])
        members = members_of(view.con, character_id)
        return {**found[0], "members": members, "head": view.overlay.head}


@router.post("/merge", status_code=201)
def merge(at: At, act: Merge) -> Taken:
    """Say that characters are one."""
    with at.warehouse.view() as view:
        records = [record for character in act.characters for record in members_of(view.con, character)]
    return done(at, act, "records.same_character", {"record_ids": records})


@router.post("/{character_id}/rename", status_code=201)
def rename(at: At, character_id: str, act: Rename) -> Taken:
    """Name a character; the name follows its records through every later clustering."""
    return done(at, act, "cluster.rename", {"members": _members(at, character_id), "name": act.name})


@router.post("/{character_id}/split", status_code=201)
def split(at: At, character_id: str, act: Split) -> Taken:
    """Say that some members are another character than the others."""
    members = _members(at, character_id)
    _check_members(character_id, members, [*act.record_ids, *(act.rest or ())])
    apart = set(act.record_ids)
    rest = act.rest or [record for record in members if record not in apart]
    if not rest:
        raise UsageError("nothing would stay", where=character_id, todo="leave at least one member out")
    return done(at, act, "records.different_character", {"left": rest, "right": act.record_ids})


@router.post("/{character_id}/eject", status_code=201)
def eject(at: At, character_id: str, act: Ejected) -> Taken:
    """Put members out of a character."""
    members = _members(at, character_id)
    _check_members(character_id, members, act.record_ids)
    return done(at, act, "records.eject", {"record_ids": act.record_ids, "members": members})


@router.post("/{character_id}/lock", status_code=201)
def lock(at: At, character_id: str, act: Act) -> Taken:
    """Say that a character is right as it is."""
    return done(at, act, "cluster.lock", {"members": _members(at, character_id)})


def members_of(con: duckdb.DuckDBPyConnection, character_id: str) -> list[str]:
    """Records of a character, the surest members first.

    Raises:
        NotFoundError: there is none of that id.
    """
    found = [record for (record,) in con.execute(_MEMBERS, [character_id]).fetchall()]
    if not found:
        raise NotFoundError("there is no such character", where=character_id[:80], todo="GET /v1/clusters lists them")
    return found


def _members(at: At, character_id: str) -> list[str]:
    with at.warehouse.view() as view:
        return members_of(view.con, character_id)


def _check_members(character_id: str, members: list[str], said: list[str]) -> None:
    if strangers := set(said) - set(members):
        raise UsageError(f"{min(strangers)[:80]} is no member", where=character_id, todo="look at the character again")
