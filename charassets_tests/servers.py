"""Real servers that tests start on the loopback interface and end again: one that speaks S3, and PostgreSQL.

What belongs here: starting and ending. Not here: what is asked of them.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What every S3 client reads of its environment."""


@contextmanager
def s3_server(folder: Path, bucket: str = "bucket") -> Iterator[str]:
    """The address of a server with an empty bucket; ``KEYS`` are in the environment meanwhile."""
    boto3 = pytest.importorskip("boto3")
    log = folder / "s3.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        environment = {**os.environ, **KEYS, "PYTHONUNBUFFERED": "1"}
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in KEYS.items():
                patch.setenv(name, value)
            address = _address(log, server)
            boto3.client("s3", endpoint_url=address).create_bucket(Bucket=bucket)
            yield address
    finally:
        server.kill()
        server.wait()


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the S3 server did not start: {log.read_text()[-500:]}")


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty database, as SQLAlchemy takes it; the test is skipped where the server is not installed."""
    pytest.importorskip("dagster_postgres")
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    # Not one of pytest's folders, which only their owner may enter: PostgreSQL refuses to run as root.
    with tempfile.TemporaryDirectory(prefix="charassets-postgres-") as folder:
        own = []
        if os.geteuid() == 0:
            own = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(folder, "nobody")
        yield from _postgres(Path(folder), own, programs)


def _postgres(folder: Path, own: list[str], programs: Path) -> Iterator[str]:
    data = folder / "data"
    log = (folder / "log").open("w")
    made = [*own, programs / "initdb", "-D", data, "-U", "dagster", "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(made, check=True, stdout=log, stderr=subprocess.STDOUT, cwd="/")
    port = _free_port()
    options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [*own, programs / "postgres", "-D", data, *flags], stdout=log, stderr=subprocess.STDOUT, cwd="/"
    )
    try:
        address = f"postgresql+psycopg2://dagster@127.0.0.1:{port}/postgres"
        _wait_for_database(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def _wait_for_database(address: str, server: subprocess.Popen[bytes]) -> None:
    import sqlalchemy

    for _ in range(300):
        try:
            with sqlalchemy.create_engine(address).connect():
                return
        except sqlalchemy.exc.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    pytest.fail("PostgreSQL did not start")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
