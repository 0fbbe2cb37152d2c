"""``/v1/jobs``: large batches that are worked off in the background and survive a restart.

What belongs here: the routes. Not here: the queue (``app.jobs``) and its worker.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.jobs import MAX_ITEMS, Job, Picture
from app.problems import responses
from app.rest.pictures import Images, Words, frames, gathered
from app.rest.services import At
from charassets.errors import Rejected

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=responses())


class Standing(BaseModel):
    """How a job stands: queued, running, done, failed or cancelled; times in seconds since the epoch."""

    id: str
    state: str
    total: int
    done: int
    failed: int
    made: float
    ended: float | None
    results: list[dict[str, Any]] = []
    next: int | None = None


@router.post("", status_code=202)
async def add(at: At, images: Images, tags: Words = []) -> Standing:  # noqa: B006 - FastAPI copies defaults
    """Queue pictures, of videos their frames; ask for the results by the job's id."""
    sent = await gathered(images, tags, MAX_ITEMS)
    pictures = [one for name, data, words in sent for one in await asyncio.to_thread(_pictures, name, data, words)]
    return _standing(at.jobs.add(pictures))


@router.get("/{job_id}")
def job(
    at: At,
    job_id: str,
    after: Annotated[int, Query(ge=-1, description="`next` of the answer before.")] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Standing:
    """How a job stands, and results in the order of its pictures."""
    found = _standing(at.jobs.job(job_id))
    found.results = [dict(result) for result in at.jobs.results(job_id, after, limit)]
    found.next = found.results[-1]["place"] if found.results and found.results[-1]["place"] + 1 < found.total else None
    return found


@router.delete("/{job_id}")
def cancel(at: At, job_id: str) -> Standing:
    """Take back what is not done yet; a job that has ended is removed with its results."""
    return _standing(at.jobs.cancel(job_id))


def _pictures(name: str, data: bytes | None, words: str | None) -> list[Picture]:
    try:
        return [Picture(frame, picture or b"", words) for frame, picture in frames(name, data)]
    except Rejected:
        return [Picture(name, data or b"", words)]  # the worker says why, in its place


def _standing(job: Job) -> Standing:
    return Standing(
        **{name: getattr(job, name) for name in ("id", "state", "total", "done", "failed", "made", "ended")}
    )
