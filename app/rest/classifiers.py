"""``/v1/classifiers``: what was trained, how good it is, and stopping a training.

What belongs here: the routes. Not here: training, and asking a classifier of one picture, which ``/v1/extract`` does for those that
the settings name.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from app.problems import NotFoundError, responses
from app.rest.services import At
from app.services import training
from charassets.errors import UsageError

router = APIRouter(prefix="/v1/classifiers", tags=["classifiers"], responses=responses())


@router.get("")
def classifiers(at: At) -> list[dict[str, Any]]:
    """The last trainings, newest first: state, the last step, scores with 95 % intervals, and whether it is in force."""
    return [asdict(line) for line in training.lines(at.workspace)]


@router.get("/{name}/{run}")
def report(at: At, name: str, run: str) -> dict[str, Any]:
    """The whole report of a training that is done."""
    try:
        found, _ = training.report(at.workspace, name, run)
    except UsageError:
        found = None
    if found is None:
        raise NotFoundError("there is no such report", where=f"{name[:40]}/{run[:40]}", todo="see GET /v1/classifiers")
    return dict(found)


@router.post("/{name}/{run}/stop", status_code=202)
def stop(at: At, name: str, run: str) -> dict[str, str]:
    """Ask a training to stop after the step in hand."""
    try:
        training.stop(at.workspace, name, run)
    except UsageError:
        raise NotFoundError(
            "there is no such training", where=f"{name[:40]}/{run[:40]}", todo="see GET /v1/classifiers"
        ) from None
    return {"state": "asked to stop"}
