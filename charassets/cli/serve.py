"""``charassets serve``: starts the server of the room ``app``, which lies above this one, as a process in our place."""

import os
import sys
from typing import Annotated

import typer

from charassets.cli.options import Workspace


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
    flags = ["--port", str(port), *(["--host", host] if host else []), *(f"--name={one}" for one in name or ())]
    os.execv(sys.executable, [sys.executable, "-m", "app", *flags])  # noqa: S606 - our own module, and no shell
