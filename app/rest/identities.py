"""``/v1/identify`` and ``/v1/gallery``: whom pictures show, and who is known.

What belongs here: the routes. Not here: recognising (``charassets.identification``, ``charassets.classification``), and saying that
a name is right or wrong, which is an edit: ``POST /v1/edits`` with ``identity.confirm`` or ``identity.correct``.
"""

import asyncio
from collections import Counter
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from pydantic import BaseModel

from app.problems import responses
from app.rest.pictures import Images, Results, Words, each
from app.rest.services import At
from charassets.enrolment import in_force
from charassets.identification import asking
from charassets.identity import shelf

router = APIRouter(prefix="/v1", tags=["identities"], responses=responses())

Mode = Literal["embedding", "classifier", "fused"]


class Character(BaseModel):
    """A character of the gallery, and how its references came in."""

    name: str
    references: int
    how: list[str]


class Known(BaseModel):
    """The gallery in force; ``recognised`` and ``strangers_accepted`` are shares of its own references, each left out once."""

    version: str
    model: str
    characters: list[Character]
    recognised: float | None
    strangers_accepted: float | None


class PastVersion(BaseModel):
    """A version that was put in force."""

    version: str
    at: str
    why: str
    characters: int
    references: int


@router.post("/identify")
async def identify(
    at: At,
    images: Images = [],  # noqa: B006 - FastAPI copies defaults
    tags: Words = [],  # noqa: B006
    mode: Annotated[
        Mode | None,
        Form(
            description="`embedding`: the gallery by figure and head alone. `fused`: with the attributes of tags and picture. "
            "`classifier`: a classifier trained here. Without: the classifier if named, else the gallery as the settings say."
        ),
    ] = None,
    classifier: Annotated[str | None, Form(max_length=40, description="Its name, for the mode `classifier`.")] = None,
) -> Results:
    """Which character each picture shows, or that it is nobody known, with the candidates behind the answer."""
    ask = await asyncio.to_thread(asking, at.workspace.open_lake(), at.settings, mode, classifier)
    told = each(at, images, tags, lambda found: {"code": found.code, **ask(found)})
    return Results(results=[{"name": name, "identity": identity} async for name, identity in told])


@router.get("/gallery")
def gallery(at: At) -> Known:
    """The characters that are known, and how well they were told apart when the gallery was made."""
    shelved = in_force(at.workspace.open_lake())
    held, trial = shelved.gallery, shelved.gallery.trials["fused"]
    names, how = (held.references[column].to_pylist() for column in ("name", "how"))
    counts, ways = Counter(names), {name: set() for name in held.names}
    for name, way in zip(names, how, strict=True):
        ways.get(name, set()).add(way)
    return Known(
        version=shelved.digest,
        model=held.model,
        characters=[Character(name=n, references=counts[n], how=sorted(ways[n])) for n in held.names],
        recognised=trial.right if trial.asked else None,
        strangers_accepted=trial.accepted if trial.strangers else None,
    )


@router.get("/gallery/versions")
def versions(at: At) -> list[PastVersion]:
    """Every version that was put in force, the latest last; `charassets gallery rollback` puts one back."""
    return [
        PastVersion(
            version=one.digest,
            at=one.at,
            why=str(one.notes["why"]),
            characters=one.notes["characters"],
            references=one.notes["references"],
        )
        for one in shelf.versions(at.workspace.open_lake().store)
    ]
