"""A file that nobody wrote to since it was hashed is not hashed again; one that somebody wrote to always is."""

import os
import shutil
from pathlib import Path

import pytest

from charassets.errors import VerificationError
from charassets.lake import checked, fragments
from charassets.lake.fragments import Lake
from charassets.lake.verify import verify
from charassets_tests.lake.test_fragments import TABLE, lake_at, write

SHARD = "shard-00000"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were hashed, by name; every file is old enough to be written down."""
    seen: list[str] = []
    hash_it = fragments.verify_file

    def watched(store, path, entry):
        seen.append(path.rpartition("/")[2].partition("-")[0])
        hash_it(store, path, entry)

    monkeypatch.setattr(fragments, "verify_file", watched)
    monkeypatch.setattr(checked, "YOUNG_S", -1.0)
    return seen


def read(lake: Lake, role: str = "rows") -> int:
    fragment = lake.fragment(TABLE, SHARD)
    assert fragment is not None
    return fragment.read(role=role).num_rows


def rows_file(root: Path) -> Path:
    return next((root / TABLE / SHARD).glob("part-*"))


def test_another_process_does_not_hash_again_what_nobody_wrote_to(tmp_path: Path, hashed: list[str]) -> None:
    write(lake_at(tmp_path), ["r1", "r2"])
    lake = lake_at(tmp_path)
    assert read(lake) == read(lake) == 2 and hashed == ["part"]
    assert read(lake_at(tmp_path)) == 2 and hashed == ["part"]
    assert read(lake_at(tmp_path), "books") == 2 and hashed == ["part", "books"]
    write(lake, ["r1", "r2", "r3"], "Red")
    assert read(lake_at(tmp_path)) == 3 and hashed[2:] == ["part"]
    assert verify(lake_at(tmp_path)).files == 2 and verify(lake_at(tmp_path)).damage == ()


@pytest.mark.parametrize("way", ["in place", "replaced", "copied"])
def test_whoever_writes_to_a_file_is_noticed_though_size_and_time_are_the_same(
    tmp_path: Path, hashed: list[str], way: str
) -> None:
    write(lake_at(tmp_path), ["r1", "r2"])
    assert read(lake_at(tmp_path)) == 2
    path = rows_file(tmp_path)
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if way == "in place":
        path.write_bytes(content)
    elif way == "replaced":
        other = path.with_name("other")
        other.write_bytes(content)
        other.replace(path)
    else:
        shutil.copy2(path, tmp_path / "copy")
        (tmp_path / "copy").write_bytes(content)
        path.unlink()
        shutil.copy2(tmp_path / "copy", path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size and path.stat().st_mtime_ns == status.st_mtime_ns
    with pytest.raises(VerificationError, match="damaged"):
        read(lake_at(tmp_path))
    with pytest.raises(VerificationError, match="damaged"):  # nothing was written down about it
        read(lake_at(tmp_path))


def test_a_young_file_is_hashed_by_every_process_until_it_is_older(
    tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked, "YOUNG_S", 3_600.0)
    write(lake_at(tmp_path), ["r1"])
    assert [read(lake_at(tmp_path)) for _ in range(2)] == [1, 1] and hashed == ["part", "part"]
    assert not (tmp_path / checked.NAME).exists()


def test_what_is_written_down_may_be_lost_cut_or_nonsense(tmp_path: Path, hashed: list[str]) -> None:
    write(lake_at(tmp_path), ["r1"])
    assert read(lake_at(tmp_path)) == 1
    told = tmp_path / checked.NAME
    line = told.read_bytes()
    for content in (b"", line[: len(line) // 2], b"\xff\xfe \n\n three words and more\n", line.replace(b"-", b"+")):
        told.write_bytes(content)
        hashed.clear()
        assert read(lake_at(tmp_path)) == 1 and hashed == ["part"]
    told.unlink()
    told.mkdir()  # it can neither be read nor written
    hashed.clear()
    assert [read(lake_at(tmp_path)) for _ in range(2)] == [1, 1] and hashed == ["part", "part"]


def test_what_replaces_a_file_replaces_what_was_said_of_it(tmp_path: Path, hashed: list[str]) -> None:
    for value in ("Old", "New", "Newest"):
        write(lake_at(tmp_path), ["r1"], value)
        assert [read(lake_at(tmp_path)) for _ in range(2)] == [1, 1]
    assert hashed == ["part"] * 3
    assert list(checked.Checked(lake_at(tmp_path).store)._read()) == [f"{TABLE}/{SHARD}/part"]


def test_it_is_written_anew_where_most_of_it_is_said_again(
    tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked, "_SPARE", 2)
    write(lake_at(tmp_path), ["r1"])
    assert read(lake_at(tmp_path)) == 1
    told = tmp_path / checked.NAME
    line = told.read_bytes()
    told.write_bytes(line * 9)
    hashed.clear()
    assert read(lake_at(tmp_path)) == 1 and hashed == []
    assert told.read_bytes() == line
