import asyncio
import os
import subprocess
import sys

import httpx
import pytest
from fastapi import FastAPI, Request

from app.door import ATTEMPTS, COOKIE, Door
from app.guard import Guard, Rules
from app.server import check_exposure, create_app, own_names
from charassets.errors import UsageError
from charassets_tests.app.conftest import Client

TOKEN = "0123456789abcdef0123"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is to be refused


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7860", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_the_servers_own_names_are_answered(client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "127.0.0.1:7860:1",
        "[::1",
        "2130706433",
    ],
)
def test_a_foreign_host_is_dns_rebinding(client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 421


def test_two_hosts_are_one_too_many(client):
    answer = client.get("/healthz", headers=[("host", "127.0.0.1"), ("host", "evil.example")])
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://localhost",
        "file://",
        "http://127.0.0.1.evil.example",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_foreign_origin_is_forgery(client, origin, method):
    assert client(method, "/v1/edits", headers={"origin": origin}).status_code == 403


def test_an_upload_from_another_site_is_refused(client, png):
    sent = client.post("/v1/classify", files=[("images", ("a.png", png))], headers={"origin": "http://evil.example"})
    assert sent.status_code == 403


def test_the_page_itself_may_ask(client):
    headers = {"origin": "http://127.0.0.1:7860", "host": "127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert client.get("/v1/edits", headers=headers).status_code == 200


def test_an_embedded_request_is_refused_and_a_followed_link_is_not(client):
    image = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    frame = {**link, "sec-fetch-dest": "iframe"}
    assert client.get("/thumb/ann-1.webp", headers=image).status_code == 403
    assert client.get("/healthz", headers=frame).status_code == 403
    assert client.get("/healthz", headers=link).status_code == 200
    assert client.post("/v1/reviews", {}, headers=link).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://169.254.169.254/x",
        "/gradio_api/file=HTTPS://x",
        "/gradio_api/proxy=http://x",
        "/file=http://x",
    ],
)
def test_nothing_is_fetched_for_others(client, path):
    assert client.get(path).status_code == 403


def test_every_answer_tells_the_browser_to_be_careful(client):
    for path in ("/healthz", "/v1/nothing", "/thumb/ann-1.webp"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "object-src 'none'" in headers["content-security-policy"]


def echo():
    app = FastAPI()

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return app


def ask(app, **request):
    async def sent():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(**request)

    return asyncio.run(sent())


async def pieces(number, size, rest_s=0.0):
    for _ in range(number):
        yield b"x" * size
        await asyncio.sleep(rest_s)


def test_a_body_is_limited_announced_or_not():
    app = Guard(echo(), Rules(max_body=1000))
    assert ask(app, method="POST", url="/length", content=b"x" * 1000).json() == 1000
    assert ask(app, method="POST", url="/length", content=b"x" * 1001).status_code == 413
    assert ask(app, method="POST", url="/length", content=pieces(10, 100)).json() == 1000
    assert ask(app, method="POST", url="/length", content=pieces(11, 100)).status_code == 413


@pytest.mark.parametrize("said", ["-1", "1e9", "x", "\u00b2", "99999999999999999999"])
def test_a_length_that_is_no_number_or_a_lie_is_refused(said):
    app = Guard(echo(), Rules(max_body=1000))
    headers = [(b"content-length", said.encode())]
    assert ask(app, method="POST", url="/length", headers=headers).status_code in (400, 413)


def test_a_body_that_stalls_is_given_up():
    app = Guard(echo(), Rules(body_idle_s=0.05))
    assert ask(app, method="POST", url="/length", content=pieces(3, 10, rest_s=1.0)).status_code == 408


def test_other_machines_need_a_token():
    check_exposure("127.0.0.1", None)
    check_exposure(EVERYWHERE, TOKEN)
    for host, token in ((EVERYWHERE, None), ("192.168.0.7", ""), (EVERYWHERE, "short"), ("127.0.0.1", "short")):
        with pytest.raises(UsageError):
            check_exposure(host, token)


def test_a_server_for_other_machines_answers_to_the_names_it_was_given():
    assert own_names("127.0.0.1", []) == ["127.0.0.1"]
    assert own_names("192.168.0.7", ["art.example"]) == ["art.example", "192.168.0.7"]
    assert own_names("::1", []) == ["[::1]"]
    assert own_names(EVERYWHERE, ["art.example"]) == ["art.example"]
    with pytest.raises(UsageError, match="--name"):
        own_names(EVERYWHERE, [])


@pytest.mark.parametrize("module", ["app", "app.dagster_ui"])
def test_the_commands_refuse_to_listen_to_everybody(module, repository, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", module, "--host", EVERYWHERE],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "CHARASSETS_WORKSPACE": str(tmp_path), "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "CHARASSETS_TOKEN" in done.stderr


@pytest.fixture
def locked(place):
    return Client(create_app(*place, pages=False), token=TOKEN)


def test_the_token_opens_every_path_but_health_is_open(locked):
    assert locked.get("/healthz").status_code == 200
    for path in ("/v1/records", "/thumb/ann-1.webp", "/v1/openapi.json"):
        assert locked.get(path).status_code == 401
    assert locked.get("/v1/records", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_person_logs_in_and_the_cookie_is_not_the_token(locked):
    page = locked.get("/", headers={"accept": "text/html"})
    assert (page.status_code, "<form" in page.text) == (401, True)
    entered = locked.post("/login", data={"token": TOKEN})
    cookie = entered.headers["set-cookie"]
    assert entered.status_code == 303
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
    value = cookie.partition(";")[0]
    assert value.startswith(f"{COOKIE}=")
    assert locked.get("/v1/records", headers={"cookie": value}).status_code == 200
    assert locked.get("/v1/records", headers={"cookie": f"{COOKIE}=x"}).status_code == 401


def test_guessing_is_slowed_down_for_who_guesses():
    now = [0.0]
    door = Door(TOKEN, clock=lambda: now[0])

    def tried(token, address):
        scope = {"path": "/v1/records", "client": (address, 1)}
        refused = door.refusal(scope, {"authorization": [f"Bearer {token}"]})
        return None if refused is None else refused.status

    assert [tried(f"guess-{i}", "10.0.0.1") for i in range(ATTEMPTS + 1)] == [401] * ATTEMPTS + [429]
    assert tried(TOKEN, "10.0.0.1") == 429
    assert tried(TOKEN, "10.0.0.2") is None
    now[0] = 61.0
    assert tried(TOKEN, "10.0.0.1") is None
