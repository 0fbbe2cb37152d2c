"""The ASGI words that the guard, its door and the server share: types, headers, and a refusal as problem+json.

What belongs here: what knows neither rules nor routes.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[str, list[str]]
"""Lower-case name to every value it was sent with."""


@dataclass(frozen=True)
class Refusal:
    """A request that is not let through: status, what is wrong, what to do, and headers of the answer."""

    status: int
    title: str
    todo: str
    headers: Mapping[str, str] = field(default_factory=dict)


def headers_of(scope: Scope) -> Headers:
    """The request's headers."""
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


async def answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a whole answer."""
    sent = {**headers, "content-length": str(len(body))}
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [(name.encode(), value.encode()) for name, value in sent.items()]})
    await send({"type": "http.response.body", "body": body})


async def refuse(refusal: Refusal, send: Send) -> None:
    """Answer with problem+json (RFC 9457) that says what to do next."""
    body = {"type": "about:blank", "title": refusal.title, "status": refusal.status, "todo": refusal.todo}
    headers = {"content-type": "application/problem+json", **refusal.headers}
    await answer(send, refusal.status, orjson.dumps(body), headers)
