"""A fragment is there whole or not at all, and damage is never read as data."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.errors import StorageError, UsageError, VerificationError
from charassets.lake.fragments import Lake, Manifest
from charassets.lake.store import LocalStore, open_store
from charassets.lake.verify import sweep, verify
from charassets.schema import BOOKS, TABLES

TABLE = "tag_evidence"
SCHEMA = TABLES[TABLE].arrow


def rows(records: list[str], value: str = "Blonde") -> pa.Table:
    return pa.table([records, ["Hair Color"] * len(records), [value] * len(records), [0.5] * len(records),
                    ["tag"] * len(records), [None] * len(records)], schema=SCHEMA)  # fmt: skip


def books(records: list[str]) -> pa.Table:
    return pa.table([records, [b"d" * 16] * len(records), ["row"] * len(records), [None] * len(records), [None] * len(records)],
                    schema=BOOKS)  # fmt: skip


def write(lake: Lake, records: list[str], value: str = "Blonde", shard: str = "shard-00000") -> Manifest:
    with lake.writer(TABLE, shard, SCHEMA) as writer:
        for record in records:
            writer.add(rows([record], value), books([record]))
        return writer.commit(f"f-{value}", "s", {"raw_shards": "v"})


def lake_at(path: Path) -> Lake:
    return Lake(open_store(str(path)))


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12), unique=True, max_size=30
    )
)
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, records: list[str]) -> None:
    lake = lake_at(tmp_path_factory.mktemp("lake"))
    write(lake, records)
    fragment = lake.fragment(TABLE, "shard-00000")
    assert fragment is not None
    assert fragment.read(["record_id"]).column(0).to_pylist() == records
    assert fragment.manifest.counts == {"in": len(records), "row": len(records), "rejected": 0, "skipped": 0}
    assert [r for batch in fragment.batches(["record_id"], 7) for r in batch.column(0).to_pylist()] == records


def test_equal_content_gives_equal_bytes_and_versions_in_any_lake(tmp_path: Path) -> None:
    one, two = write(lake_at(tmp_path / "a"), ["r1", "r2"]), write(lake_at(tmp_path / "b"), ["r1", "r2"])
    assert one.to_bytes() == two.to_bytes()
    assert one.version == two.version != write(lake_at(tmp_path / "c"), ["r1", "r2"], "Red").version


def test_an_uncommitted_writer_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    with pytest.raises(RuntimeError), lake.writer(TABLE, "shard-00000", SCHEMA) as writer:
        writer.add(rows(["r1"]), books(["r1"]))
        raise RuntimeError("stop")
    assert lake.fragment(TABLE, "shard-00000") is None
    assert [entry.path for entry in lake.store.files(TABLE)] == []


WRITE = """
import sys; from pathlib import Path
from charassets_tests.lake.test_fragments import lake_at, write
write(lake_at(Path(sys.argv[1])), ["r1", "r2", "r3"], sys.argv[2])
"""


def writing_process(root: Path, value: str, fault: str) -> int:
    environment = {**os.environ, "CHARASSETS_FAULTS": fault}
    return subprocess.run(
        [sys.executable, "-c", WRITE, str(root), value], env=environment, capture_output=True
    ).returncode


def in_child(root: Path, value: str, fault: str) -> int:
    """Write in a forked child that the fault may kill: the modules are loaded once, so that every point can be tried."""
    child = os.fork()
    if child == 0:
        os.environ["CHARASSETS_FAULTS"] = fault
        try:
            write(lake_at(root), ["r1", "r2", "r3"], value)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("action", ["kill", "raise"])
def test_a_crash_at_any_step_leaves_the_old_fragment_or_the_new_one(tmp_path: Path, action: str) -> None:
    clean = tmp_path / "clean"
    write(lake_at(clean), ["r1", "r2", "r3"], "Red")
    expected = (clean / TABLE / "shard-00000" / "manifest.json").read_bytes()
    struck = 0
    for point in range(1, 100):
        root = tmp_path / f"{action}-{point}"
        write(lake_at(root), ["r1"], "Old")
        if in_child(root, "Red", f"{action}:{point}") == 0:
            break
        struck += 1
        lake = Lake(LocalStore(root))
        found = lake.fragment(TABLE, "shard-00000")
        assert found is not None
        values = set(found.read(["value"]).column(0).to_pylist())
        assert values in ({"Old"}, {"Red"})
        assert verify(lake).damage == ()
        write(lake, ["r1", "r2", "r3"], "Red")
        assert (root / TABLE / "shard-00000" / "manifest.json").read_bytes() == expected
        sweep(lake, now_s=2e9, older_than_s=0)
        left = {path.name for path in (root / TABLE / "shard-00000").iterdir()}
        fragment = Lake(LocalStore(root)).fragment(TABLE, "shard-00000")
        assert fragment is not None
        assert left == {"manifest.json", *(f.name for f in fragment.manifest.files)}
    else:
        pytest.fail("the process never got through")
    assert struck >= 10  # parts, fsyncs, renames, manifest: a protocol with fewer steps than that has lost one


def test_a_kill_in_a_fresh_process_is_survived_too(tmp_path: Path) -> None:
    assert writing_process(tmp_path, "Red", "kill:6") == -9
    assert lake_at(tmp_path).fragment(TABLE, "shard-00000") is None
    assert writing_process(tmp_path, "Red", "kill:999") == 0
    assert verify(lake_at(tmp_path)).damage == ()


@pytest.mark.parametrize("role", ["rows", "books"])
@given(place=st.floats(0, 0.999), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_a_flipped_bit_is_never_read_as_data(
    tmp_path_factory: pytest.TempPathFactory, role: str, place: float, bit: int
) -> None:
    root = tmp_path_factory.mktemp("lake")
    lake = lake_at(root)
    write(lake, [f"r{i}" for i in range(50)])
    fragment = lake.fragment(TABLE, "shard-00000")
    assert fragment is not None
    path = root / fragment.path(role)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(VerificationError, match="damaged"):
        fragment.read(role=role)
    assert [d.table for d in verify(lake_at(root)).damage] == [TABLE]


def test_a_missing_file_and_a_damaged_manifest_are_told_in_one_line(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    manifest = write(lake, ["r1"])
    (tmp_path / TABLE / "shard-00000" / manifest.file("rows").name).unlink()
    assert "missing" in verify(lake).damage[0].what
    (tmp_path / TABLE / "shard-00000" / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(VerificationError, match="damaged manifest"):
        lake.fragment(TABLE, "shard-00000")
    assert "\n" not in verify(lake).damage[0].what


def test_a_fragment_of_an_earlier_version_without_a_column_says_what_to_do(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    write(lake, ["a"])
    fragment = lake.fragment(TABLE, "shard-00000")
    assert fragment is not None
    with pytest.raises(UsageError, match="without height, width .shard-00000.; materialize"):
        fragment.read(["record_id", "height", "width"])
    with pytest.raises(UsageError, match="without height"):
        next(fragment.batches(["record_id", "height"], 10))


def test_sweep_spares_young_files_and_what_the_warehouse_reads(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    old = write(lake, ["r1"], "Old").file("rows").name
    write(lake, ["r1"], "New")
    path = f"{TABLE}/shard-00000/{old}"
    assert sweep(lake, now_s=(tmp_path / path).stat().st_mtime + 60) == []
    assert path not in sweep(lake, now_s=2e9, keep={path})
    assert (tmp_path / path).exists()
    assert path in sweep(lake, now_s=2e9)
    assert verify(lake).damage == ()


def test_a_full_or_read_only_disk_is_a_storage_error_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot make a folder"):
        write(lake_at(tmp_path), ["r1"])
