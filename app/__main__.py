"""``python -m app``, which is also ``charassets serve``: the pages and the REST API over one workspace, on this machine.

What belongs here: flags. Not here: the server (``app.server``).
"""

import argparse
import os
import sys

from app.server import LOOPBACK, check_exposure, create_app, guarded, own_folder, serve
from charassets.errors import CharassetsError
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings

TOKEN = "CHARASSETS_TOKEN"  # noqa: S105 - the name of the variable
"""Environment variable with the token; a flag would show it to everybody who lists processes."""


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
        settings = load_settings()
        workspace = Workspace.of(settings)
        own_folder()
        app = guarded(create_app(workspace, settings), token=token, hosts=arguments.name)
    except CharassetsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"charassets: http://{arguments.host}:{arguments.port}  (Ctrl-C ends it)", file=sys.stderr)
    serve(app, arguments.host, arguments.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
