"""The same lake on an S3-speaking server, which the test starts on the loopback interface."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from charassets.errors import StorageError, UsageError
from charassets.lake.fragments import Lake
from charassets.lake.store import LocalStore, ObjectStore, open_store
from charassets.lake.verify import sweep, verify
from charassets_tests.lake.test_fragments import TABLE, write


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("moto") / "log"
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PYTHONUNBUFFERED": "1"}
    with log.open("w") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        endpoint = _endpoint(log, server)
        os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
        from pyarrow import fs

        fs.S3FileSystem(endpoint_override=endpoint, scheme="http", allow_bucket_creation=True).create_dir("bucket")
        yield f"endpoint_override={quote(endpoint, safe='')}&scheme=http&region=us-east-1"
    finally:
        server.kill()
        server.wait()


def _endpoint(log: Path, server: subprocess.Popen[bytes]) -> str:
    import time

    for _ in range(300):
        if found := re.search(r"http://(127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"moto did not start: {log.read_text()[-500:]}")


def test_a_fragment_on_s3_has_the_bytes_of_one_in_a_folder(s3: str, tmp_path: Path) -> None:
    far, near = Lake(open_store(f"s3://bucket/one?{s3}")), Lake(LocalStore(tmp_path))
    assert isinstance(far.store, ObjectStore)
    assert write(far, ["r1", "r2"]).to_bytes() == write(near, ["r1", "r2"]).to_bytes()
    fragment = far.fragment(TABLE, "shard-00000")
    assert fragment is not None
    assert fragment.read(["record_id"]).column(0).to_pylist() == ["r1", "r2"]
    assert far.shards(TABLE) == ["shard-00000"]
    assert verify(far).damage == ()


def test_a_replaced_fragment_is_swept_from_s3(s3: str) -> None:
    lake = Lake(open_store(f"s3://bucket/two?{s3}"))
    old = write(lake, ["r1"], "Old").file("rows").name
    write(lake, ["r1"], "New")
    assert f"{TABLE}/shard-00000/{old}" in sweep(lake, now_s=4e9)
    assert verify(lake).damage == ()


def test_damage_on_s3_is_found(s3: str) -> None:
    lake = Lake(open_store(f"s3://bucket/three?{s3}"))
    name = write(lake, ["r1"]).file("rows").name
    lake.store.put_bytes(b"PAR1 something else PAR1", f"{TABLE}/shard-00000/{name}")
    assert "damaged" in verify(lake).damage[0].what


def test_a_failed_put_publishes_nothing(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"s3://bucket/four?{s3}")
    monkeypatch.setattr("charassets.lake.faults._reached", 0)
    monkeypatch.setenv("CHARASSETS_FAULTS", "raise:1")
    with pytest.raises(StorageError):
        store.put_bytes(b"x", "table/shard/part")
    monkeypatch.delenv("CHARASSETS_FAULTS")
    assert store.read_bytes("table/shard/part") is None
    assert list(store.files("table")) == []


def test_an_unknown_scheme_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot open the lake"):
        open_store("ftp://somewhere/else")
