import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from charassets.curation import ConflictError, EditLog, export_edits, import_edits, live
from charassets.errors import StorageError, UsageError

HAIR = {"record_ids": ["a", "b"], "attribute": "Hair Color", "value": "Blonde"}
GREEN = {**HAIR, "record_ids": ["b", "c"], "value": "Green"}


@pytest.fixture
def log(tmp_path):
    return EditLog(tmp_path / "curation" / "edits.sqlite")


def test_reading_a_log_that_is_not_there_makes_no_file(log):
    assert (log.edits(), log.head(), log.find("x")) == ([], 0, None)
    assert not log.path.parent.exists()


def test_an_edit_comes_back_as_it_was_made(log):
    made = log.append("attribute.set", HAIR, actor="mia", edit_id="one")
    assert log.edits() == [made] == [log.find("one")]
    assert (made.seq, made.actor, made.op, dict(made.args), made.base) == (1, "mia", "attribute.set", HAIR, 0)


def test_the_same_edit_twice_is_there_once(log):
    first = log.append("attribute.set", HAIR, edit_id="one")
    log.append("cluster.rename", {"members": ["c"], "name": "Rin"})
    assert log.append("attribute.set", HAIR, edit_id="one", base=0) == first
    assert log.head() == 2


def test_an_id_is_not_used_for_two_things(log):
    log.append("attribute.set", HAIR, edit_id="one")
    with pytest.raises(UsageError, match="taken"):
        log.append("attribute.set", GREEN, edit_id="one")


@pytest.mark.parametrize(
    "change", ["UPDATE edits SET actor = 'eve'", "DELETE FROM edits", "REPLACE INTO edits SELECT * FROM edits"]
)
def test_nobody_changes_the_past(log, change):
    log.append("attribute.set", HAIR)
    with sqlite3.connect(log.path) as con, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        con.execute("PRAGMA recursive_triggers = ON")
        con.execute(change)
    assert len(log.edits()) == 1


@pytest.mark.parametrize(
    ("op", "args", "said"),
    [
        ("attribute.get", {}, "no operation"),
        ("attribute.set", {"record_ids": [], "attribute": "Hair Color", "value": "Blonde"}, "record_ids"),
        ("attribute.set", {**HAIR, "value": "two\nlines"}, "one line"),
        ("attribute.set", {**HAIR, "colour": "x"}, "colour"),
        ("attribute.set", {**HAIR, "record_ids": ["\ud800"]}, "record_ids"),
        ("cluster.rename", {"members": "abc", "name": "x"}, "members"),
        ("duplicates.not", {"left": ["a"], "right": ["a"]}, "both sides"),
        ("duplicates.keep", {"record_ids": ["a"], "group": ["b"]}, "not in the group"),
        ("undo", {"edit_id": "nothing"}, "no edit"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(log, op, args, said):
    with pytest.raises(UsageError, match=said) as told:
        log.append(op, args)
    assert "\n" not in str(told.value)
    assert log.edits() == []


def test_a_conflict_shows_both_sides_and_writes_nothing(log):
    base = log.head()
    theirs = log.append("attribute.set", HAIR, actor="mia", base=base)
    with pytest.raises(ConflictError) as raised:
        log.append("attribute.set", GREEN, actor="tom", base=base)
    assert raised.value.theirs == (theirs,)
    assert raised.value.records == {"b"}
    assert raised.value.mine.args["value"] == "Green"
    assert log.edits() == [theirs]
    assert log.append("attribute.set", GREEN, actor="tom", base=log.head()).seq == 2


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        (("attribute.set", HAIR), ("attribute.set", {**GREEN, "value": "Blonde"})),
        (("attribute.set", HAIR), ("attribute.set", {**GREEN, "attribute": "Hat"})),
        (("attribute.set", HAIR), ("cluster.rename", {"members": ["a", "b"], "name": "Rin"})),
        (
            ("records.same_character", {"record_ids": ["a", "b"]}),
            ("records.same_character", {"record_ids": ["b", "c"]}),
        ),
        (("records.same_character", {"record_ids": ["a", "b"]}), ("duplicates.not", {"left": ["a"], "right": ["b"]})),
        (("review.skip", {"record_ids": ["a"]}), ("review.skip", {"record_ids": ["a"]})),
    ],
)
def test_who_says_the_same_or_something_else_is_not_in_conflict(log, theirs, mine):
    log.append(*theirs, base=0)
    log.append(*mine, base=0)
    assert log.head() == 2


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        (
            ("cluster.rename", {"members": ["a", "b"], "name": "Rin"}),
            ("cluster.rename", {"members": ["b"], "name": "Len"}),
        ),
        (
            ("records.same_character", {"record_ids": ["a", "b"]}),
            ("records.different_character", {"left": ["a"], "right": ["b"]}),
        ),
        (
            ("records.eject", {"record_ids": ["a"], "members": ["a", "b"]}),
            ("cluster.lock", {"members": ["a", "b", "c"]}),
        ),
        (("duplicates.not", {"left": ["a"], "right": ["b"]}), ("duplicates.same", {"left": ["b"], "right": ["a"]})),
        (
            ("duplicates.keep", {"record_ids": ["a"], "group": ["a", "b"]}),
            ("duplicates.keep", {"record_ids": ["b"], "group": ["a", "b"]}),
        ),
        (
            ("identity.confirm", {"record_ids": ["a"], "name": "Rin"}),
            ("identity.correct", {"record_ids": ["a"], "name": "Len"}),
        ),
    ],
)
def test_what_cannot_both_be_so_is_a_conflict(log, theirs, mine):
    log.append(*theirs, base=0)
    with pytest.raises(ConflictError):
        log.append(*mine, base=0)


def test_undo_takes_back_a_bulk_act_as_a_whole_and_redo_brings_it_back(log):
    bulk = log.append("attribute.set", {**HAIR, "record_ids": [f"r{i}" for i in range(10_000)]})
    undo = log.undo(bulk.id)
    assert live(log.edits()) == []
    with pytest.raises(UsageError, match="undone already"):
        log.undo(bulk.id)
    log.undo(undo.id)
    assert live(log.edits()) == [bulk]


def test_an_undo_of_what_somebody_built_on_is_a_conflict(log):
    mine = log.append("attribute.set", HAIR, actor="tom")
    base = log.head()
    log.append("attribute.set", GREEN, actor="mia")
    with pytest.raises(ConflictError):
        log.undo(mine.id, actor="tom", base=base)


def _append_many(path, actor, count):
    log = EditLog(path)
    for i in range(count):
        log.append(
            "attribute.set", {**HAIR, "record_ids": [f"{actor}-{i}"]}, actor=actor, edit_id=f"{actor}.{i}", base=0
        )


def test_eight_processes_lose_no_edit(log):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_append_many, args=(log.path, f"w{n}", 25)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 8
    edits = log.edits()
    assert [edit.seq for edit in edits] == list(range(1, 201))
    assert {edit.id for edit in edits} == {f"w{n}.{i}" for n in range(8) for i in range(25)}


def test_a_killed_writer_leaves_every_acknowledged_edit(log, repository):
    code = (
        "import sys; from charassets_tests.curation.test_log import EditLog, HAIR; from pathlib import Path\n"
        "log = EditLog(Path(sys.argv[1])); n = 0\n"
        "while True: log.append('attribute.set', HAIR, edit_id=f'e{n}'); print(n, flush=True); n += 1"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(log.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
    ) as writer:
        for _ in range(20):
            told = int(writer.stdout.readline())
        time.sleep(0.05)
        writer.send_signal(signal.SIGKILL)
        told = max([told, *map(int, writer.stdout.read().split())])
    assert [edit.id for edit in log.edits()][: told + 1] == [f"e{i}" for i in range(told + 1)]
    assert log.append("attribute.set", HAIR).seq == log.head()


def test_a_damaged_log_says_so(log):
    log.path.parent.mkdir(parents=True)
    log.path.write_bytes(b"no database, but long enough to be taken for one" * 100)
    with pytest.raises(StorageError, match="edit log"):
        log.edits()


def test_work_is_shared_and_shared_twice_adds_nothing(log, tmp_path):
    first = log.append("attribute.set", HAIR, actor="mia")
    log.undo(log.append("cluster.rename", {"members": ["a"], "name": "Rin"}).id)
    other = EditLog(tmp_path / "other.sqlite")
    lines = list(export_edits(log))
    assert import_edits(other, lines).added == 3
    again = import_edits(other, lines)
    assert (again.added, again.known, again.held) == (0, 3, ())
    assert [(e.id, e.at, e.actor) for e in live(other.edits())] == [(first.id, first.at, "mia")]


def test_an_import_overwrites_nobody(log, tmp_path):
    theirs = log.append("attribute.set", HAIR, actor="mia")
    log.undo(theirs.id, actor="mia")
    other = EditLog(tmp_path / "other.sqlite")
    mine = other.append("attribute.set", GREEN, actor="tom")
    result = import_edits(other, export_edits(log))
    assert result.added == 0
    assert [held.line for held in result.held] == [1, 2]
    assert "tom" in result.held[0].reason
    assert live(other.edits()) == [mine]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "x"}', '{"id":"x","at":"now","actor":"a","op":"undo","args":{"edit_id":"y"}}']
)
def test_a_file_with_a_line_that_is_no_edit_is_not_taken_in(log, line):
    good = '{"id":"g","at":"2026-01-01T00:00:00Z","actor":"a","op":"review.skip","args":{"record_ids":["r"]}}'
    with pytest.raises(UsageError, match="line 2"):
        import_edits(log, [good, line])
    assert log.edits() == []
