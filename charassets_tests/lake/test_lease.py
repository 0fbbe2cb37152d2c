"""A workspace in an object store is held by one at a time, through real conditional puts."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from charassets.errors import BusyError
from charassets.inspection.health import held
from charassets.lake.lease import NAME, Lease, holding, still_held
from charassets.lake.s3 import Bucket, bucket_of
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets_tests.servers import s3_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> Bucket:
    return bucket_of(f"s3://bucket/{request.node.name}?endpoint_override={server.removeprefix('http://')}&scheme=http")


def test_the_second_is_refused_until_the_first_gives_it_back(bucket: Bucket) -> None:
    first, second = Lease(bucket, 60, "here"), Lease(bucket, 60, "there")
    first.take()
    with pytest.raises(BusyError, match="another run works on this workspace"):
        second.take()
    first.give_back()
    assert holding(bucket) is None
    second.take()
    second.give_back()


def test_it_is_renewed_while_it_is_held_and_taken_when_its_holder_fell_silent(bucket: Bucket) -> None:
    first, second = Lease(bucket, 3, "here"), Lease(bucket, 3, "there")
    first.take()
    time.sleep(4)
    with pytest.raises(BusyError):
        second.take()
    first._ended.set()  # as if the process were stopped: nothing renews any more
    time.sleep(5)
    second.take()
    with pytest.raises(BusyError, match="lost its hold"):
        first.check()
    second.check()
    second.give_back()


def test_a_dead_holder_of_this_machine_is_not_waited_for(bucket: Bucket) -> None:
    dead = Lease(bucket, 600, "here")
    dead.take()
    dead._ended.set()
    again = Lease(bucket, 600, "here")  # the caller holds the folder's lock, which the dead one would hold
    again.take()
    again.check()
    assert holding(bucket) is not None
    again.give_back()
    assert holding(bucket) is None


def test_a_lease_that_is_no_lease_is_taken(bucket: Bucket) -> None:
    bucket.put(b"not JSON", NAME)
    lease = Lease(bucket, 60, "here")
    lease.take()
    assert holding(bucket) is not None
    lease.give_back()


def test_a_worker_publishes_nothing_once_its_run_no_longer_holds_the_workspace(bucket: Bucket) -> None:
    killed, following = Lease(bucket, 600, "here"), Lease(bucket, 600, "here")
    killed.take()
    check = still_held(bucket)
    check()
    killed._ended.set()
    following.take()
    with pytest.raises(BusyError, match="no longer holds"):
        check()
    following.give_back()


def test_whoever_only_looks_leaves_the_lease_of_a_dead_run_and_respects_a_living_one(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("CHARASSETS_CACHE", str(tmp_path))
    workspace = Workspace.of(load_settings({"workspace": "s3://bucket/looked-at"}))
    assert workspace.remote is not None
    bucket = workspace.remote.bucket
    dead = Lease(bucket, 600, workspace.remote.copy)
    dead.take()
    dead._ended.set()
    with held(workspace, take=False) as (free, left):
        assert free and left is not None
    stands = holding(bucket)
    assert stands is not None and stands.holder == left.holder
    with held(workspace, take=True) as (free, left):
        assert free and left is not None
    assert holding(bucket) is None

    far = Lease(bucket, 600, "another machine")
    far.take()
    with held(workspace, take=False) as (free, _):
        assert not free
    far.give_back()
