"""Errors of the REST API as problem+json (RFC 9457): what is wrong, where, and what to do next.

What belongs here: the mapping from our exceptions to status codes. Not here: raising them.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from charassets.curation import ConflictError, Edit
from charassets.errors import (
    BusyError,
    CharassetsError,
    ModelMissingError,
    Rejected,
    SourceError,
    UsageError,
    VerificationError,
)
from charassets.warehouse.questions import UnknownRecordsError

JSON = "application/problem+json"

_TODO = {
    400: "see /v1/openapi.json for what this path takes",
    401: "send Authorization: Bearer with the server's token",
    404: "look for what there is with GET /v1/records or /v1/clusters",
    405: "see /v1/openapi.json for the methods of each path",
    413: "send fewer or smaller files, or use /v1/jobs",
}

_log = logging.getLogger(__name__)


class NotFoundError(UsageError):
    """What was asked for by its id is not there."""


class OverloadedError(BusyError):
    """More is asked for than the server takes on at once."""


class TooLateError(CharassetsError):
    """There was no answer within the time limit."""


_STATUS: dict[type[CharassetsError], int] = {
    NotFoundError: 404,
    UnknownRecordsError: 404,
    TooLateError: 504,
    ConflictError: 409,
    UsageError: 400,
    SourceError: 422,
    BusyError: 503,
    ModelMissingError: 503,
    VerificationError: 500,
}
"""The nearest class counts; what is not named is a failure of ours."""


def problem(status: int, title: str, *, todo: str = "", where: str = "", **more: object) -> JSONResponse:
    """An answer that says what went wrong.

    Args:
        status: HTTP status.
        title: what is wrong, in words.
        todo: what to do next.
        where: what it concerns.
        more: further members.
    """
    said = {"type": "about:blank", "title": title, "status": status, "where": where, "todo": todo or _TODO.get(status)}
    content = {name: value for name, value in {**said, **more}.items() if value}
    headers = {"retry-after": "5"} if status == 503 else None
    return JSONResponse(jsonable_encoder(content), status, headers, JSON)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the application be answered so; what nobody foresaw says nothing of our insides."""

    @app.exception_handler(CharassetsError)
    async def ours(request: Request, error: CharassetsError) -> JSONResponse:
        sides = _sides(error) if isinstance(error, ConflictError) else {}
        return problem(_status(error), error.what, todo=error.todo, where=error.where, **sides)

    @app.exception_handler(Rejected)
    async def rejected(request: Request, error: Rejected) -> JSONResponse:
        return problem(422, error.detail or error.code, todo="send another picture", code=error.code)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(422, first["msg"], where=place, todo="see /v1/openapi.json for what this path takes")

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        # uvicorn says it on stderr
        _log.error("a request failed", exc_info=error, extra={"told": True, "facts": {"path": request.url.path}})
        return problem(500, f"unexpected {type(error).__name__}", todo="see the server's log, and report this as a bug")


def responses() -> dict[int | str, dict[str, Any]]:
    """The problems every path may answer, for OpenAPI."""
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in ("type", "title", "where", "todo")}}
    content = {JSON: {"schema": {**schema, "properties": {**schema["properties"], "status": {"type": "integer"}}}}}
    return {
        status: {"description": "A problem, with what to do next.", "content": content}
        for status in (400, 404, 422, 503)
    }


def _status(error: CharassetsError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def _sides(error: ConflictError) -> Mapping[str, object]:
    return {
        "mine": _edit(error.mine),
        "theirs": [_edit(edit) for edit in error.theirs],
        "records": sorted(error.records),
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {name: getattr(edit, name) for name in ("id", "seq", "at", "actor", "op", "args", "base")}
