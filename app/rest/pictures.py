"""``/v1/classify``, ``/v1/extract``, ``/v1/parse-tags``: pictures and words without a workspace.

What belongs here: taking uploads and shaping answers. Not here: extraction (``charassets.extraction``).
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, Field

from app.problems import responses
from app.rest.services import At
from app.services import video
from charassets.attributes.tags import Said, parse
from charassets.cli.extract import as_json
from charassets.errors import Rejected, UsageError
from charassets.extraction import Extraction

T = TypeVar("T")

MAX_PICTURES = 16
"""Pictures of one request; more go to ``/v1/jobs``."""

MAX_WORDS = 20_000
"""Characters of one tag line or caption."""

Images = Annotated[
    list[UploadFile],
    File(description=f"Pictures or short videos, at most {MAX_PICTURES}; a video is answered frame by frame."),
]
Words = Annotated[
    list[Annotated[str, Field(max_length=MAX_WORDS)]],
    Form(description="Tag lines or captions: one for all pictures, or one a picture; without pictures, words alone."),
]

router = APIRouter(prefix="/v1", tags=["pictures"], responses=responses())


class Results(BaseModel):
    """Answers in the order of the pictures; one that could not be used says why and does not stop the others."""

    results: list[dict[str, Any]]


class TagLines(BaseModel):
    """Tag lines or captions."""

    tags: Annotated[list[Annotated[str, Field(max_length=MAX_WORDS)]], Field(min_length=1, max_length=1_000)]


@router.post("/classify")
async def classify(at: At, images: Images = [], tags: Words = []) -> Results:  # noqa: B006 - FastAPI copies defaults
    """The verdict on each picture, and its attributes with their confidence."""
    return Results(results=[{"name": name, **brief(found)} async for name, found in _each(at, images, tags)])


@router.post("/extract")
async def extract(
    at: At,
    images: Images = [],  # noqa: B006 - FastAPI copies defaults
    tags: Words = [],  # noqa: B006
    crop: Annotated[bool, Form(description="Answer the crop too, as base64 of a WebP.")] = False,
    embedding: Annotated[bool, Form(description="Answer the embedding too.")] = False,
) -> Results:
    """Everything about each picture: boxes, verdict, evidence, attributes."""
    found = [{"name": name, **full(one, crop, embedding)} async for name, one in _each(at, images, tags)]
    return Results(results=found)


@router.post("/parse-tags")
def parse_tags(lines: TagLines) -> Results:
    """What each tag line means: clean tags, claims, denials, contradictions, figures."""
    return Results(results=[_parsed(line) for line in lines.tags])


def brief(found: Extraction) -> dict[str, Any]:
    """Verdict and attributes."""
    answers = {
        answer.attribute: {
            name: getattr(answer, name) for name in ("value", "confidence", "status", "runner_up", "sources")
        }
        for answer in found.answers
    }
    told = {"verdict": found.verdict, "reason": found.reason, "code": found.code, "image_id": found.image_id}
    return {**told, "attributes": found.record, "answers": answers}


def full(found: Extraction, crop: bool = False, embedding: bool = False) -> dict[str, Any]:
    """Everything, as ``charassets extract --json`` prints it."""
    told = as_json(found)
    if not embedding:
        told["embedding"] = None
    if crop and found.crop is not None:
        told["crop"]["webp"] = base64.b64encode(found.crop).decode()
    return told


async def _each(at: At, images: Sequence[UploadFile], tags: Sequence[str]) -> AsyncIterator[tuple[str, Extraction]]:
    async for one in each(at, images, tags, lambda found: found):
        yield one


async def each(
    at: At, images: Sequence[UploadFile], tags: Sequence[str], say: Callable[[Extraction], T]
) -> AsyncIterator[tuple[str, T]]:
    """Name and answer of every picture of a request, of videos every frame; one that cannot be used stops no other."""
    for name, data, words in await gathered(images, tags, MAX_PICTURES):
        try:
            for frame, picture in await asyncio.to_thread(frames, name, data):
                yield frame, await at.extractor.answer(picture, words, say)
        except Rejected as error:
            yield name, say(Extraction("rejected", error.detail or error.code, code=error.code))


def frames(name: str, data: bytes | None) -> list[tuple[str, bytes | None]]:
    """A picture as it is; of a video its frames, named by their times, ``clip.mp4 @ 1.2 s``.

    Raises:
        Rejected: the video cannot be used.
    """
    if data is None or not video.is_video(data):
        return [(name, data)]
    return [(f"{name} @ {frame.time_s:.1f} s", picture) for frame, picture in video.pictures(data)]


async def gathered(
    images: Sequence[UploadFile], tags: Sequence[str], most: int
) -> list[tuple[str, bytes | None, str | None]]:
    """Names (shown, never used as such), bytes and words of a request.

    Raises:
        UsageError: nothing was sent, too much, or words that match no picture.
    """
    if not images and not tags:
        raise UsageError(
            "there is no picture", where="images", todo="send one or more files as `images`, or words as `tags`"
        )
    if max(len(images), len(tags)) > most:
        raise UsageError(f"more than {most} at once", where="images", todo="send fewer, or use POST /v1/jobs")
    if not images:
        return [("", None, words) for words in tags]
    if len(tags) not in (0, 1, len(images)):
        raise UsageError("the tags match no picture", where="tags", todo="send none, one for all, or one a picture")
    words: list[str | None] = [*tags] * (len(images) if len(tags) == 1 else 1) or [None] * len(images)
    return [(image.filename or "", await image.read(), said) for image, said in zip(images, words, strict=True)]


def _parsed(line: str) -> dict[str, Any]:
    found = parse(line)
    claims = [*((said, False) for said in found.said), *((said, True) for said in found.denied)]
    return {
        "tags": found.tags,
        "figures": found.figures,
        "flags": found.flags,
        "claims": [_claim(said, denied) for said, denied in claims],
        "conflicts": [asdict(conflict) for conflict in found.conflicts],
    }


def _claim(said: Said, denied: bool) -> Mapping[str, Any]:
    claim = said.claim
    return {
        "words": said.words,
        "attribute": claim.attribute,
        "value": claim.value,
        "strength": claim.strength,
        "denied": denied,
    }
