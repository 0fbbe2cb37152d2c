"""The guard in front of every page: who may speak to the server, how much, and what browsers are told to refuse.

What belongs here: rules that hold whatever the application behind does (ours, Gradio, Dagster's UI). Not here: what a route
does. A local server is reachable from every web page that is open in the same browser: a foreign Host is DNS rebinding, a
foreign Origin is forgery, and neither is stopped by listening on loopback.
"""

import asyncio
import re
from dataclasses import dataclass

from app.asgi import Application, Headers, Message, Receive, Refusal, Scope, Send, headers_of, refuse
from app.door import Door

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names under which a browser on this machine reaches the server."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")
_OPERATION = re.compile(rb"op=\w{1,100}")  # the name of the question, which Dagster's pages repeat in the address
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PROXIES = (
    "/gradio_api/file=http",
    "/gradio_api/proxy=",
    "/file=http",
    "/proxy=",
)  # Gradio fetches any public URL for anyone

HEADERS: dict[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Sent with every answer that does not say otherwise itself."""

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio writes its configuration into the page and makes functions of `js=` strings.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No foreign script, picture, form target or frame: what a data set's text could still make a page load is refused."""


@dataclass(frozen=True)
class Rules:
    """What the guard allows.

    Attributes:
        hosts: names the server answers to, without port; an IPv6 address in brackets.
        max_body: most bytes of a request.
        body_idle_s: longest silence while a body arrives, in seconds.
        graphql: refuse GraphQL but as a POST of JSON (Dagster executes mutations from a GET, which an `<img>` can send).
        policy: Content-Security-Policy of answers that bring none; None leaves it out.
        door: asks for the token; None where everybody on this machine may come in.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    max_body: int = 64 << 20
    body_idle_s: float = 30.0
    graphql: bool = False
    policy: str | None = PAGE_POLICY
    door: Door | None = None


class Guard:
    """ASGI middleware that applies ``Rules``."""

    def __init__(self, app: Application, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it as problem+json (a websocket: by closing it)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        refused = self._refused(scope, headers)
        if scope["type"] == "websocket":
            if refused is None and self._rules.door is not None:
                refused = self._rules.door.refusal(scope, headers)
            await (
                self._app(scope, receive, send) if refused is None else send({"type": "websocket.close", "code": 1008})
            )
            return
        dressed = self._dressed(send)
        if refused is not None:
            await refuse(refused, dressed)
        elif self._rules.door is not None and not await self._rules.door.opens(scope, headers, receive, dressed):
            return
        else:
            await _Limited(self._rules, receive, dressed).through(self._app, scope)

    def _refused(self, scope: Scope, headers: Headers) -> Refusal | None:
        host = headers.get("host", [""])
        named = _HOST.fullmatch(host[0].lower())
        if len(host) != 1 or named is None or named[1] not in self._rules.hosts:
            return Refusal(
                421, "the server does not answer to this host name", "use its own address, e.g. http://127.0.0.1"
            )
        if not _same_origin(headers, host[0]) and not _is_visit(scope, headers):
            return Refusal(403, "the request comes from another site", "open the page itself")
        if scope["type"] == "http":
            path = scope["path"].lower()
            if path.startswith(_PROXIES):
                return Refusal(403, "the server fetches nothing for others", "open the address yourself")
            if self._rules.graphql and path.endswith("/graphql") and not _is_graphql(scope, headers):
                return Refusal(
                    405, "GraphQL is answered as a POST of application/json only", "send it so", {"allow": "POST"}
                )
        return self._too_large(headers)

    def _too_large(self, headers: Headers) -> Refusal | None:
        said = headers.get("content-length", ["0"])
        if len(said) != 1 or not said[0].isascii() or not said[0].isdigit():
            return Refusal(400, "the content length is not a number", "send one Content-Length header")
        return too_large(self._rules.max_body) if int(said[0]) > self._rules.max_body else None

    def _dressed(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message.get("headers", ())}
                wanted = (
                    HEADERS
                    if self._rules.policy is None
                    else {**HEADERS, "content-security-policy": self._rules.policy}
                )
                added = [(n.encode(), v.encode()) for n, v in wanted.items() if n.encode() not in there]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        return dressed


def too_large(limit: int) -> Refusal:
    """The refusal of a body over the limit."""
    return Refusal(413, f"the request is larger than {limit >> 20} MB", "send fewer or smaller files, or use /v1/jobs")


class _Limited:
    """One request whose body is cut off at its limit, also where no length was announced, or when it stalls."""

    def __init__(self, rules: Rules, receive: Receive, send: Send) -> None:
        self._rules, self._receive, self._send = rules, receive, send
        self._taken, self._whole, self._started = 0, False, False
        self._cut: Refusal | None = None

    async def through(self, app: Application, scope: Scope) -> None:
        """Run the application; where the body was cut, the answer is the refusal, whatever the application says."""
        try:
            await app(scope, self._counted, self._answered)
        except Exception:
            if self._cut is None:
                raise
        if self._cut is not None and not self._started:
            await refuse(self._cut, self._send)

    async def _counted(self) -> Message:
        if self._whole:
            return await self._receive()  # nothing comes but the end of the connection
        try:
            message = await asyncio.wait_for(self._receive(), self._rules.body_idle_s)
        except TimeoutError:
            return self._cut_off(Refusal(408, "the request's body did not arrive in time", "send it again"))
        self._taken += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message if self._taken <= self._rules.max_body else self._cut_off(too_large(self._rules.max_body))

    def _cut_off(self, refusal: Refusal) -> Message:
        self._cut = refusal
        return {"type": "http.disconnect"}

    async def _answered(self, message: Message) -> None:
        if self._cut is None or self._started:
            self._started = True
            await self._send(message)


def _same_origin(headers: Headers, host: str) -> bool:
    """No browser says that the request comes from elsewhere. What is no browser says nothing, and cannot be forged from one."""
    origins = headers.get("origin", [])
    own = {f"{scheme}://{host}".lower() for scheme in ("http", "https")}
    site = headers.get("sec-fetch-site", ["none"])
    return all(origin.lower() in own for origin in origins) and all(s in ("same-origin", "none") for s in site)


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Somebody followed a link to us: a navigation of the whole window, which reads and changes nothing for the other site."""
    wanted = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return scope.get("method") in _SAFE and "origin" not in headers and wanted == (["navigate"], ["document"])


def _is_graphql(scope: Scope, headers: Headers) -> bool:
    if scope["method"] == "POST":
        kind = headers.get("content-type", [""])[0].partition(";")[0].strip().lower()
        return kind == "application/json" and (
            not scope.get("query_string") or bool(_OPERATION.fullmatch(scope["query_string"]))
        )
    return not scope.get("query_string") and "text/html" in headers.get("accept", [""])[0]  # the empty query editor
