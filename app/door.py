"""The token that a server asks for when it can be reached from other machines.

What belongs here: comparing tokens, counting failures, the log-in page. Not here: the other rules (``guard``).
"""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from app.asgi import Headers, Receive, Refusal, Scope, Send, answer, refuse

COOKIE = "charassets"
LOGIN = "/login"
OPEN = frozenset({"/healthz"})
"""Paths that are answered without a token: they tell that the server lives, and nothing else."""

ATTEMPTS = 5
WINDOW_S = 60.0
"""Wrong tokens an address may show in a minute; more are not even looked at."""

_REMEMBERED = 10_000  # addresses; a flood of them cannot fill the memory
_LONGEST = 4_096
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>charassets</title><style>body{{font:16px system-ui;margin:15vh auto;max-width:22rem;padding:0 1rem}}
input,button{{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin-top:.5rem}}</style>
<h1>charassets</h1><p role="alert">{said}</p><form method="post" action="{login}">
<label>Token<input name="token" type="password" autocomplete="current-password" autofocus required></label>
<button>Enter</button></form></html>"""


class Door:
    """Lets in who shows the token: as ``Authorization: Bearer`` or, from the log-in page, as a cookie made of it."""

    def __init__(self, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = _digest(token)
        self._session = hmac.new(token.encode(), b"charassets session", "sha256").hexdigest()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._clock = clock

    def refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Why a request is not let in; None where it is."""
        if scope["path"] in OPEN or self._has_session(headers):
            return None
        shown = headers.get("authorization", [""])[0]
        address = _address(scope)
        if self._is_barred(address):
            return Refusal(429, "too many wrong tokens", "wait a minute", {"retry-after": str(int(WINDOW_S))})
        if shown and self._is_token(shown.removeprefix("Bearer "), address):
            return None
        return Refusal(
            401, "a token is needed", f"send Authorization: Bearer, or open {LOGIN}", {"www-authenticate": "Bearer"}
        )

    async def opens(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> bool:
        """Whether the request may go on; if not, it has been answered (with the log-in page, to a person)."""
        if scope["path"] == LOGIN:
            await self._log_in(scope, receive, send)
            return False
        refused = self.refusal(scope, headers)
        if refused is None:
            return True
        if refused.status == 401 and "text/html" in headers.get("accept", [""])[0]:
            await _page(send, 401, "Please enter the token that was chosen when the server was started.")
        else:
            await refuse(refused, send)
        return False

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        if scope["method"] != "POST":
            await _page(send, 200, "")
        elif self._is_barred(address):
            await _page(send, 429, "Too many wrong tokens. Wait a minute.")
        elif self._is_token(_typed(await _body(receive)), address):
            cookie = f"{COOKIE}={self._session}; Path=/; HttpOnly; SameSite=Strict"
            await answer(send, 303, b"", {"location": "/", "set-cookie": cookie})
        else:
            await _page(send, 401, "That is not the token.")

    def _has_session(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie("; ".join(headers.get("cookie", [])))
        except CookieError:
            return False
        return COOKIE in cookies and hmac.compare_digest(cookies[COOKIE].value.encode(), self._session.encode())

    def _is_token(self, shown: str, address: str) -> bool:
        right = hmac.compare_digest(_digest(shown), self._token)
        if not right:
            self._failures.setdefault(address, []).append(self._clock())
            self._failures.move_to_end(address)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
        return right

    def _is_barred(self, address: str) -> bool:
        recent = [t for t in self._failures.get(address, ()) if self._clock() - t < WINDOW_S]
        if recent:
            self._failures[address] = recent
        else:
            self._failures.pop(address, None)
        return len(recent) >= ATTEMPTS


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("unknown", 0))[0])


def _typed(body: bytes) -> str:
    try:
        return parse_qs(body.decode(), max_num_fields=4).get("token", [""])[0]
    except ValueError:
        return ""


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= _LONGEST:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body[:_LONGEST]


async def _page(send: Send, status: int, said: str) -> None:
    page = _PAGE.format(said=escape(said), login=LOGIN).encode()
    await answer(send, status, page, {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"})
