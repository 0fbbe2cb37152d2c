"""A workspace in an object store, seen from two machines: two folders of copies over one real server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from charassets.curation import EditLog
from charassets.curation.log import ConflictError
from charassets.curation.shared import SharedEdits
from charassets.errors import BusyError, UsageError
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.settings import SETTINGS_FILE, copy_of, load_settings
from charassets.warehouse import build, connect
from charassets.warehouse.live import LiveWarehouse
from charassets_tests.servers import s3_server
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for

Machine = Callable[[str], Workspace]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def machine(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Machine:
    """The workspace of this test, as a machine of that name sees it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    uri = f"s3://bucket/{request.node.name}"

    def on(name: str) -> Workspace:
        monkeypatch.setenv("CHARASSETS_CACHE", str(tmp_path / name))
        monkeypatch.setenv("CHARASSETS_WORKSPACE", uri)
        return Workspace.of(load_settings())

    return on


def test_a_uri_is_the_workspace_and_a_folder_here_holds_copies(machine: Machine, tmp_path: Path) -> None:
    workspace = machine("one")
    assert workspace.place.startswith("s3://bucket/")
    assert workspace.lake_root == f"{workspace.place}/lake"
    assert workspace.root == copy_of(workspace.place) and workspace.root.is_relative_to(tmp_path / "one")
    with pytest.raises(UsageError, match="a workspace lies in a folder or in an S3-compatible store"):
        load_settings({"workspace": "ftp://somewhere/else"})


def test_settings_made_on_one_machine_are_read_on_another_and_never_overwritten_unseen(machine: Machine) -> None:
    here = machine("one")
    here.root.mkdir(parents=True)
    (here.root / SETTINGS_FILE).write_text("gates:\n  min_sharpness: 11\n")
    assert here.remote is not None
    here.remote.push_settings()

    there = machine("two")
    follow()
    assert load_settings().gates.min_sharpness == 11
    assert there.remote is not None
    (there.root / SETTINGS_FILE).write_text("gates:\n  min_sharpness: 12\n")
    there.remote.push_settings()

    (here.root / SETTINGS_FILE).write_text("gates:\n  min_sharpness: 13\n")
    with pytest.raises(BusyError, match="somebody changed the settings"):
        here.remote.push_settings()


def test_two_machines_append_to_one_edit_log_and_a_contradiction_is_told(machine: Machine) -> None:
    remote = machine("one").remote
    assert remote is not None
    # One process stands for two machines: each looks at the store for itself.
    first, second = (EditLog(machine(name).edit_log, SharedEdits(remote.bucket)) for name in ("one", "two"))
    one = first.append("duplicates.not", {"left": ["r1"], "right": ["r2"]}, actor="ann")
    two = second.append("duplicates.not", {"left": ["r3"], "right": ["r4"]}, actor="ben")
    assert (one.seq, two.seq) == (1, 2)
    assert [edit.id for edit in second.edits()] == [one.id, two.id]
    with pytest.raises(ConflictError, match="were changed by ann"):
        second.append("duplicates.same", {"left": ["r1"], "right": ["r2"]}, actor="ben", base=0)
    three = first.append("duplicates.not", {"left": ["r5"], "right": ["r6"]}, actor="ann")
    assert three.seq == 3 and [edit.actor for edit in first.edits()] == ["ann", "ben", "ann"]
    assert first.append("duplicates.not", {"left": ["r5"], "right": ["r6"]}, actor="ann", edit_id=three.id).seq == 3


def test_machines_that_append_at_once_lose_no_edit(machine: Machine) -> None:
    remote = machine("one").remote
    assert remote is not None
    logs = [EditLog(machine(name).edit_log, SharedEdits(remote.bucket)) for name in ("one", "two", "three")]

    def work(log: EditLog) -> list[str]:
        place = logs.index(log)
        return [log.append("review.skip", {"record_ids": [f"{place}-{n}"]}).id for n in range(8)]

    with ThreadPoolExecutor(len(logs)) as pool:
        made = [edit for edits in pool.map(work, logs) for edit in edits]
    everywhere = [[edit.id for edit in EditLog(log.path, SharedEdits(remote.bucket)).edits()] for log in logs]
    assert everywhere[0] == everywhere[1] == everywhere[2]
    assert sorted(everywhere[0]) == sorted(made) and len(set(made)) == 24


def test_the_warehouse_is_built_once_and_fetched_elsewhere_and_its_views_read_the_store(machine: Machine) -> None:
    here = machine("one")
    settings = settings_for(here.root).model_copy(update={"remote": here.place})
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        crops = con.execute("SELECT record_id, crop FROM single_character_images ORDER BY 1").fetchall()

    there = machine("two")
    assert not there.warehouse.exists()
    with LiveWarehouse(there).view() as view:
        assert dict(view.con.execute("SELECT record_id, fate FROM all_records").fetchall()) == FATES
        assert view.con.execute("SELECT record_id, crop FROM single_character_images ORDER BY 1").fetchall() == crops
    assert any(crop for _, crop in crops)
    away = settings.model_copy(update={"workspace": there.root})
    assert build(there, there.open_lake(), away).unchanged


def test_a_folder_is_sent_once_and_made_the_same_there(machine: Machine) -> None:
    workspace = machine("one")
    assert workspace.remote is not None
    (workspace.root / "exports/x/sub").mkdir(parents=True)
    (workspace.root / "exports/x/a.jsonl").write_text("1")
    (workspace.root / "exports/x/sub/b.txt").write_text("2")
    assert workspace.remote.push_folder("exports/x") == 2
    assert workspace.remote.push_folder("exports/x") == 0
    (workspace.root / "exports/x/a.jsonl").unlink()
    (workspace.root / "exports/x/sub/b.txt").write_text("22")
    assert workspace.remote.push_folder("exports/x") == 1
    assert list(workspace.remote.bucket.names("exports/")) == ["exports/x/sub/b.txt"]


def test_a_second_machine_is_refused_while_the_first_works(machine: Machine) -> None:
    here, there = machine("one"), machine("two")
    with here.locked(), pytest.raises(BusyError, match="another run works"), there.locked():
        pass
    with there.locked():
        assert (there.root / "run.lock").exists()
