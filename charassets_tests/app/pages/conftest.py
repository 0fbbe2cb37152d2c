"""The real app behind its guard, and a real browser in front of it."""

import os
import shutil
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from app.server import create_app, guarded
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets_tests.app.pages.collection import make

CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WAIT_MS = 30_000  # for a machine with other things to do


def served(workspace, settings):
    """The address of an app over a workspace, for a ``with``."""
    return listening(guarded(create_app(workspace, settings)))


@contextmanager
def listening(app):
    """The address of an application."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in a minute"
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True  # pages hold a connection for events, which would be waited for
        thread.join(20)


@pytest.fixture(scope="package")
def browser(tmp_path_factory):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `apt-get install chromium`, or name one in CHROMIUM_PATH")
    with playwright.sync_playwright() as started:
        # Crash handling and caches go below HOME, which a test leaves alone.
        home = {**os.environ, "HOME": str(tmp_path_factory.mktemp("browser"))}
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), env=home)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open an address; a script that fails on the page fails the test."""
    opened, failures = [], []

    def visit(address, width=1280, **context):
        page = browser.new_context(viewport={"width": width, "height": 860}, **context).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda said: failures.append(said.text) if "Error executing" in said.text else None)
        page.goto(address)
        opened.append(page)
        return page

    yield visit
    for page in opened:
        page.context.close()
    assert not failures


@pytest.fixture(scope="package")
def collection(tmp_path_factory):
    """A workspace with a warehouse, made once; tests that edit it take a ``copy``."""
    return make(tmp_path_factory.mktemp("collection"))


@pytest.fixture
def copy(collection, tmp_path):
    """A copy of the collection that a test may edit."""
    workspace, settings = collection
    root = tmp_path / "work"
    shutil.copytree(workspace.root, root)
    own = settings.model_copy(update={"workspace": root})
    return Workspace.of(own), own


@pytest.fixture(scope="package")
def site(collection, browser):
    """The address of the app over the shared collection, which these tests only read."""
    with served(*collection) as address:
        yield address


@pytest.fixture(scope="package")
def bare_site(tmp_path_factory, browser):
    """The address of an app without a workspace."""
    settings = load_settings({"workspace": str(tmp_path_factory.mktemp("nowhere") / "work")})
    with served(Workspace.of(settings), settings) as address:
        yield address
