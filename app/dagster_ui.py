"""``make ui``: the Dagster UI behind the guard, with its daemon beside it.

What belongs here: putting the guard into Dagster's webserver and running the two processes of ``dagster dev``. Not here: the
rules (``app.guard``). Dagster's own server knows no accounts and no Host check, and executes GraphQL mutations from a GET: any
page open in the same browser could erase an asset's history with an ``<img>``.
"""

import argparse
import os
import subprocess
import sys

from dagster_webserver import app as dagster_app
from dagster_webserver.cli import dagster_webserver
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from app.door import Door
from app.guard import LOOPBACK_NAMES, Guard, Rules
from app.server import LOOPBACK, TOKEN, check_exposure, own_names
from charassets.defs.home import prepare
from charassets.errors import CharassetsError
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings

MAX_BODY = 16 << 20
"""Bytes of a request: launch configurations, nothing else is sent."""


def rules(token: str | None = None, hosts: frozenset[str] = frozenset()) -> Rules:
    """The guard's rules before Dagster; its pages bring a content policy of their own."""
    door = Door(token) if token else None
    return Rules(hosts=LOOPBACK_NAMES | hosts, max_body=MAX_BODY, graphql=True, policy=None, door=door)


def put_guard(before: Rules) -> None:
    """Let every webserver that this process makes stand behind the guard."""

    class GuardedWebserver(DagsterWebserver):
        """Dagster's webserver with the guard as the outermost layer."""

        def build_middleware(self) -> list[Middleware]:
            """The guard, then Dagster's own."""
            return [Middleware(Guard, rules=before), *super().build_middleware()]

    dagster_app.DagsterWebserver = GuardedWebserver  # pyright: ignore[reportPrivateImportUsage] - where its command looks


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m app.dagster_ui", description=__doc__)
    parser.add_argument("--workspace", default="workspace.yaml", help="Dagster's workspace file")
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on; others than this machine need {TOKEN}")
    parser.add_argument("--port", type=int, default=3000, help="port [3000]")
    parser.add_argument("--name", action="append", default=[], help="further host name the UI is reached by")
    parser.add_argument("--no-daemon", action="store_true", help="no schedules, sensors and queued runs")
    arguments = parser.parse_args()
    token = os.environ.pop(TOKEN, None)
    try:
        check_exposure(arguments.host, token)
        hosts = frozenset(name.lower() for name in own_names(arguments.host, arguments.name))
        if "DAGSTER_HOME" not in os.environ:
            follow()
            prepare(Workspace.of(load_settings()).dagster_home.absolute())
    except CharassetsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    put_guard(rules(token, hosts))
    files = ["--workspace", arguments.workspace]
    command = [sys.executable, "-m", "dagster._daemon", "run", *files]
    daemon = None if arguments.no_daemon else subprocess.Popen(command)  # noqa: S603 - our own interpreter, no shell
    print(f"Dagster UI: http://{arguments.host}:{arguments.port}  (Ctrl-C ends it)", file=sys.stderr)
    try:
        flags = ["--host", arguments.host, "--port", str(arguments.port), *files]
        dagster_webserver.main(args=flags, standalone_mode=False)
    finally:
        if daemon is not None:
            daemon.terminate()
            daemon.wait(timeout=30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
