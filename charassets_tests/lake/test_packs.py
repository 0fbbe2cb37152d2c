"""Packs: what was kept comes back, damage and loss cost nothing but the bytes, and they stay within their bound."""

import os
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.lake import packs
from charassets.lake.packs import Packs
from charassets.lake.store import LocalStore

_ITEMS = st.dictionaries(st.text("abcde", min_size=1, max_size=3), st.binary(max_size=40), max_size=6)


def found(kept: Packs, *names: str, role: str = "things") -> dict[str, bytes]:
    return {names[place]: data for place, data in kept.found(role, pa.array(names, pa.string()))}


@settings(deadline=None)
@given(st.lists(_ITEMS, max_size=4))
def test_what_was_kept_is_found_again_from_any_pack(tmp_path_factory: pytest.TempPathFactory, runs: list):
    kept = Packs(LocalStore(tmp_path_factory.mktemp("lake")), "near_duplicates")
    every: dict[str, set[bytes]] = {}
    for items in runs:
        kept.keep("things", items.items())
        for name, data in items.items():
            every.setdefault(name, set()).add(data)
    again = found(kept, *sorted(every), "nobody")
    assert again.keys() == every.keys()
    assert all(data in every[name] for name, data in again.items())


@pytest.fixture
def kept(tmp_path: Path) -> Packs:
    kept = Packs(LocalStore(tmp_path), "near_duplicates")
    kept.keep("things", [("a", b"of a" * 50), ("b", b"of b" * 50)])
    kept.keep("things", [("c", b"of c")])
    return kept


def of(tmp_path: Path, ending: str) -> list[Path]:
    return sorted((tmp_path / "packs" / "near_duplicates").rglob(f"*{ending}"), key=lambda path: path.stat().st_size)


def test_damaged_bytes_are_left_out(kept: Packs, tmp_path: Path):
    large = of(tmp_path, ".bin")[1]
    data = bytearray(large.read_bytes())
    data[10] ^= 1
    large.write_bytes(data)
    assert found(kept, "a", "b", "c") == {"b": b"of b" * 50, "c": b"of c"}
    large.write_bytes(data[:200])
    assert found(kept, "a", "b", "c") == {"c": b"of c"}
    large.unlink()
    of(tmp_path, ".parquet")[0].write_bytes(b"no table")
    assert len(found(kept, "a", "b", "c")) <= 1


def test_unfinished_files_are_removed_and_an_error_of_the_maker_is_the_makers(kept: Packs, tmp_path: Path):
    def breaks():
        yield "d", b"of d"
        raise ValueError("the power went")

    with pytest.raises(ValueError, match="power"):
        kept.keep("things", breaks())
    assert (
        len(of(tmp_path, "")) == len(of(tmp_path, ".bin")) + len(of(tmp_path, ".parquet")) + 1
    )  # the folder of the role
    assert found(kept, "d") == {}


def test_what_a_killed_run_left_goes_with_the_next(kept: Packs, tmp_path: Path):
    left = tmp_path / "packs" / "near_duplicates" / "things" / "new.123-abcd1234.tmp"
    left.write_bytes(b"half of a pack")
    kept.keep("things", [("d", b"of d")])
    assert not left.exists() and found(kept, "a", "d") == {"a": b"of a" * 50, "d": b"of d"}


def test_packs_of_earlier_roles_go(kept: Packs):
    kept.keep("others", [("e", b"of e")])
    assert found(kept, "a", "b", "c") == {} and found(kept, "e", role="others") == {"e": b"of e"}


def test_the_oldest_go_where_there_is_no_room_and_what_is_too_large_is_not_kept(
    kept: Packs, tmp_path: Path, monkeypatch
):
    room = SimpleNamespace(free=2_000)
    monkeypatch.setattr(packs.shutil, "disk_usage", lambda root: room)
    tight = Packs(LocalStore(tmp_path), "near_duplicates", share=0.5)
    for path in of(tmp_path, ""):
        os.utime(path, (1, 1) if path.stat().st_size > 100 else (2, 2))
    taken = sum(path.stat().st_size for path in of(tmp_path, "") if path.is_file())
    assert taken > 2_000
    tight.keep("things", [("d", bytes(int(0.5 * (2_000 + taken)) + 1))])
    assert found(tight, "a", "b", "c", "d").keys() == {"a", "b", "c"}
    tight.keep("things", [("d", bytes(1_000))])
    assert "d" in found(tight, "d") and "a" not in found(tight, "a")


def test_without_a_context_nothing_is_kept_and_nothing_found(tmp_path: Path):
    packs.keep("things", [("a", b"of a")])
    assert list(packs.found("things", pa.array(["a"]))) == []
    with packs.kept_in(Packs(LocalStore(tmp_path), "near_duplicates")):
        packs.keep("things", [("a", b"of a")])
        assert list(packs.found("things", pa.array(["a"]))) == [(0, b"of a")]
