"""The same lake on an S3-speaking server, which the test starts on the loopback interface."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from charassets.errors import BusyError, StorageError, UsageError, VerificationError
from charassets.lake.cache import FileCache
from charassets.lake.fragments import Lake
from charassets.lake.object_store import ObjectStore
from charassets.lake.store import LocalStore, open_store
from charassets.lake.verify import sweep, verify
from charassets.schema import BOOKS, TABLES
from charassets_tests.lake.test_fragments import TABLE, write
from charassets_tests.servers import s3_server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield f"endpoint_override={quote(address.removeprefix('http://'), safe='')}&scheme=http&region=us-east-1"


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


def test_of_two_writers_of_one_fragment_the_second_is_told(s3: str) -> None:
    lake = Lake(open_store(f"s3://bucket/five?{s3}"))
    write(lake, ["r0"])
    slow = lake.writer(TABLE, "shard-00000", TABLES[TABLE].arrow)
    write(lake, ["r1"], "Faster")
    slow.add(TABLES[TABLE].arrow.empty_table(), BOOKS.empty_table())
    with slow, pytest.raises(BusyError, match="another process published another version"):
        slow.commit("f", "s", {})
    fragment = lake.fragment(TABLE, "shard-00000")
    assert fragment is not None and fragment.read(["record_id"]).column(0).to_pylist() == ["r1"]
    assert verify(lake).damage == ()


def test_what_was_written_or_read_is_kept_here_within_bounds(s3: str, tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "kept", most_bytes=1 << 30)
    lake = Lake(open_store(f"s3://bucket/six?{s3}", cache))
    entry = write(lake, ["r1"]).file("rows")
    assert cache.has(entry.sha256)

    other = FileCache(tmp_path / "other", most_bytes=1)
    elsewhere = Lake(open_store(f"s3://bucket/six?{s3}", other))
    for fragment in (elsewhere.fragment(TABLE, "shard-00000"), elsewhere.fragment(TABLE, "shard-00000")):
        assert fragment is not None and fragment.read(["record_id"]).num_rows == 1
    assert other.has(entry.sha256)  # the last one read is kept, however small the bound
    second = write(elsewhere, ["r1", "r2"], "More").file("rows")
    fragment = elsewhere.fragment(TABLE, "shard-00000")
    assert fragment is not None and fragment.read(["record_id"]).num_rows == 2
    assert other.has(second.sha256) and not other.has(entry.sha256)


def test_a_damaged_object_is_never_read_through_the_cache(s3: str, tmp_path: Path) -> None:
    write(Lake(open_store(f"s3://bucket/seven?{s3}")), ["r1"])
    lake = Lake(open_store(f"s3://bucket/seven?{s3}", FileCache(tmp_path, most_bytes=1 << 30)))
    fragment = lake.fragment(TABLE, "shard-00000")
    assert fragment is not None
    lake.store.put_bytes(b"PAR1 something else PAR1", fragment.path())
    with pytest.raises(VerificationError, match="damaged"):
        fragment.read(["record_id"])
    lake.store.delete(fragment.path())
    with pytest.raises(VerificationError, match="missing"):
        fragment.read(["record_id"])
    assert not [p for p in tmp_path.iterdir() if p.is_file()]


def test_credentials_in_a_uri_are_refused() -> None:
    with pytest.raises(UsageError, match="credentials do not belong") as refused:
        open_store("s3://key:hidden@bucket/x")
    assert "hidden" not in str(refused.value)
