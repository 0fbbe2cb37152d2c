"""One FastAPI process: the pages at ``/``, REST under ``/v1``, thumbnails, all behind the guard.

What belongs here: putting them together and listening. Not here: any page, route or rule.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from app import thumbnails
from app.door import Door
from app.guard import LOOPBACK_NAMES, Guard, Rules
from app.problems import NotFoundError, add_handlers
from app.rest import classifiers, clusters, edits, identities, jobs, pictures, records
from app.rest.pictures import full
from app.rest.services import Services
from app.worker import Worker
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.settings import Settings

LOOPBACK = "127.0.0.1"
"""Where the server listens unless it is told otherwise and given a token."""

TOKEN = "CHARASSETS_TOKEN"  # noqa: S105 - the name of the variable
"""Environment variable with the token; a flag would show it to everybody who lists processes."""

MAX_UPLOAD = 200 << 20
"""Bytes of one request: a short video. Pictures have their own, smaller limit (``images.max_bytes``)."""

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, and refused without a token
_TOKEN_LENGTH = 16
_CONNECTIONS = 256  # open at once; a page holds one for events and up to six for pictures


def _only_known(request: Request) -> None:
    """Refuse parameters that a path does not take: a misspelt filter would answer with everything."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = set(_parameters(route.dependant))
    if unknown := sorted(set(request.query_params) - known):
        raise UsageError(
            f"{unknown[0]!r} is no parameter",
            where=request.url.path,
            todo=f"it takes {', '.join(sorted(known)) or 'none'}",
        )


def _parameters(takes: Dependant) -> Iterator[str]:
    yield from (field.alias for field in takes.query_params)
    for part in takes.dependencies:
        yield from _parameters(part)


def create_app(workspace: Workspace, settings: Settings, *, pages: bool = True, warm: bool = False) -> FastAPI:
    """The application without its guard (``guarded`` puts it in front).

    Args:
        workspace: whose records are shown; need not exist.
        settings: models, thresholds and limits.
        pages: mount the Gradio pages; REST alone starts faster.
        warm: load the models as soon as the server listens, not when the first picture comes.
    """
    app = FastAPI(
        title="charassets",
        version="1",
        description="Characters, their attributes and what people decided about them.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(_only_known)],
    )
    app.state.services, app.state.warm = Services.of(workspace, settings), warm
    add_handlers(app)
    for router in (
        pictures.router,
        records.router,
        clusters.router,
        edits.router,
        jobs.router,
        identities.router,
        classifiers.router,
        thumbnails.router,
    ):
        app.include_router(router)
    app.add_api_route("/healthz", _health, tags=["server"])
    app.add_api_route("/v1/{path:path}", _nothing, methods=_METHODS, include_in_schema=False)
    if pages:
        _mount_pages(app, workspace, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Work off the job queue as long as the server lives; a workspace that is not there yet is not made for it."""
    services: Services = app.state.services
    worker = Worker(services.jobs, lambda data, tags: full(services.extractor.queued(data, tags), crop=False))
    worker.start()
    if app.state.warm:
        services.extractor.warm()
    try:
        yield
    finally:
        await run_in_threadpool(worker.stop)
        services.extractor.close()


def _health() -> dict[str, str]:
    """The server lives. Open to everybody, so it says nothing else."""
    return {"status": "ok"}


def _nothing(request: Request, path: str) -> None:
    where = f"/v1/{path[:80]}"
    taken = sorted(_methods(request))
    if taken:
        raise HTTPException(405, f"{where} takes {' and '.join(taken)}", {"allow": ", ".join(taken)})
    raise NotFoundError("there is no such path", where=where, todo="see /v1/openapi.json")


def _methods(request: Request) -> set[str]:
    """What the described paths take at the request's address, whatever it asked with."""
    address = request.url.path
    paths: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    fitting = [deeds for path, deeds in paths.items() if compile_path(path)[0].fullmatch(address)]
    return {method.upper() for deeds in fitting for method in deeds}


def _mount_pages(app: FastAPI, workspace: Workspace, settings: Settings) -> None:
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    # Gradio serves what lies in its temporary folder to anybody who knows the name: it gets one that holds nothing else.
    os.environ["GRADIO_TEMP_DIR"] = str(_passing_folder("charassets-app-"))
    import gradio as gr

    from app import pages, theme

    gr.mount_gradio_app(
        app,
        pages.build(workspace, settings),
        path="/",
        allowed_paths=[],
        blocked_paths=[str(workspace.root)],
        show_error=False,  # what an exception says may name files of this machine
        max_file_size=MAX_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        footer_links=[],
        run_history=False,
        mcp_server=False,
        **theme.mount_options(),
    )


def guarded(app: FastAPI, *, token: str | None = None, hosts: Iterable[str] = ()) -> Guard:
    """The application behind the guard.

    Args:
        app: the application.
        token: asked of everybody; None lets in whoever reaches the port, which is this machine.
        hosts: further names the server is reached by.
    """
    names = LOOPBACK_NAMES | {name.lower() for name in hosts}
    return Guard(app, Rules(hosts=names, max_body=MAX_UPLOAD, door=Door(token) if token else None))


def check_exposure(host: str, token: str | None) -> None:
    """Refuse to listen to other machines without a token.

    Raises:
        UsageError: no token, or one that could be guessed.
    """
    if host not in {LOOPBACK, "localhost", "::1"} and not token:
        raise UsageError(
            "other machines could change what people decided",
            where=f"--host {host}",
            todo=f"set {TOKEN} to a secret of 16 characters or more, or leave --host out",
        )
    if token and len(token) < _TOKEN_LENGTH:
        raise UsageError(
            f"the token is shorter than {_TOKEN_LENGTH} characters", todo="make one: `openssl rand -hex 16`"
        )


def own_names(host: str, names: Iterable[str]) -> list[str]:
    """Names beside those of loopback that the server answers to: those given, and the one address it listens on.

    Raises:
        UsageError: it listens on every address, and nobody said by which name it is reached.
    """
    given = list(names)
    if host in _EVERYWHERE:
        if not given:
            raise UsageError(
                "the server would answer to no name but this machine's own",
                where=f"--host {host}",
                todo="add --name with the name or address that others type, e.g. --name 192.168.0.7",
            )
        return given
    return [*given, f"[{host}]" if ":" in host else host]


def serve(app: Guard, host: str = LOOPBACK, port: int = 7860) -> None:
    """Listen until interrupted."""
    uvicorn.run(
        app,  # pyright: ignore[reportArgumentType] - uvicorn's type names TypedDicts that only it uses
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=False,  # an X-Forwarded-For that anybody may write would dodge the counting of wrong tokens
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=20,
    )


def own_folder() -> Path:
    """An empty working directory: Gradio would serve files of the one it is started in, if a page ever named one."""
    folder = _passing_folder("charassets-cwd-")
    os.chdir(folder)
    return folder


def _passing_folder(prefix: str) -> Path:
    """A folder that goes with the process."""
    folder = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
