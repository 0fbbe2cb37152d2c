"""``charassets serve``: starts the server of the room ``app``, which lies above this one, as a process in our place."""

import errno
import os
import socket
import sys
from typing import Annotated

import typer

from charassets.cli.options import Workspace
from charassets.errors import UsageError


def serve(
    workspace: Workspace = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; other than this machine's needs CHARASSETS_TOKEN.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port.")] = 7860,
    name: Annotated[list[str] | None, typer.Option(help="Further host name it is reached by; repeatable.")] = None,
) -> None:
    """Serve the pages and the REST API of a workspace."""
    from charassets.cli.run import use_workspace

    use_workspace(workspace)
    _refuse_busy(host or "127.0.0.1", port)
    flags = ["--port", str(port), *(["--host", host] if host else []), *(f"--name={one}" for one in name or ())]
    os.execv(sys.executable, [sys.executable, "-m", "app", *flags])  # noqa: S606 - our own module, and no shell


def _refuse_busy(host: str, port: int) -> None:
    """Raise UsageError where another program listens already, or the host is none; what else it may lack, the server says."""
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise UsageError(
            "there is no such address", where=where, todo="give one of this machine's with --host"
        ) from None
    with socket.socket(family, kind, protocol) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                todo = "choose another with --port"
                raise UsageError("another program listens there", where=where, todo=todo) from None
