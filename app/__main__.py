"""``python -m app``, which is also ``charassets serve``: the pages and the REST API over one workspace, on this machine.

What belongs here: flags. Not here: the server (``app.server``).
"""

import argparse
import os
import sys
from pathlib import Path

from app.server import LOOPBACK, TOKEN, check_exposure, create_app, guarded, own_folder, own_names, serve
from charassets.errors import CharassetsError
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.logs import open_log
from charassets.settings import Settings, is_uri, load_settings

WORKSPACE = "CHARASSETS_WORKSPACE"


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="charassets serve", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on; others than this machine need {TOKEN}")
    parser.add_argument("--port", type=int, default=7860, help="port [7860]")
    parser.add_argument(
        "--name", action="append", default=[], help="further host name the server is reached by; repeatable"
    )
    arguments = parser.parse_args()
    token = os.environ.pop(TOKEN, None)
    try:
        check_exposure(arguments.host, token)
        named = os.environ.get(WORKSPACE, "workspace")
        os.environ[WORKSPACE] = named if is_uri(named) else str(Path(named).expanduser().absolute())
        follow()
        settings = _absolute(load_settings())
        workspace = Workspace.of(settings)
        own_folder()
        if workspace.root.is_dir():
            open_log(workspace.logs, settings.logs)
        app = guarded(
            create_app(workspace, settings, warm=True), token=token, hosts=own_names(arguments.host, arguments.name)
        )
    except CharassetsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"charassets: http://{arguments.host}:{arguments.port}  (Ctrl-C ends it)", file=sys.stderr)
    serve(app, arguments.host, arguments.port)
    return 0


def _absolute(settings: Settings) -> Settings:
    """Settings that mean the same from the server's own, empty working directory."""
    lake = settings.lake if settings.lake is None or "://" in settings.lake else str(Path(settings.lake).absolute())
    models = {
        name: model.model_copy(update={"path": str(Path(model.path).absolute())})
        for name in ("detector", "embedder", "heads")
        if (model := getattr(settings, name)) is not None and Path(model.path).exists()
    }
    return settings.model_copy(update={"lake": lake, **models})


if __name__ == "__main__":
    sys.exit(main())
