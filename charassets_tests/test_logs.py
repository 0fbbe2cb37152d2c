"""The log of a workspace: lines of JSON, put aside by size and age, without secrets."""

import json
import logging
import multiprocessing
import os
import time

import pytest

from charassets.logs import FILE, open_log
from charassets.settings import LogSettings

log = logging.getLogger("charassets.test")


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "logs"
    open_log(tmp_path, LogSettings(level="off"))


def lines(folder):
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_a_line_is_one_json_object_with_its_facts_and_the_places_of_an_error(folder):
    open_log(folder, LogSettings())
    log.info("shard %s\ndone", "shard-00001", extra={"facts": {"rows": 3, "rejections": {"empty": 1}}})
    log.debug("too small to be written")
    try:
        raise ValueError("no such thing")
    except ValueError:
        log.exception("a bug")
    first, second = lines(folder)
    assert (first["what"], first["level"], first["from"]) == ("shard shard-00001\ndone", "info", "charassets.test")
    assert (first["rows"], first["rejections"]) == (3, {"empty": 1})
    assert first["at"].endswith("+00:00")
    assert second["error"] == "ValueError: no such thing"
    assert second["through"][-1].startswith("test_logs:")
    assert "/" not in "".join(second["through"])


def test_no_secret_gets_in(folder, monkeypatch):
    monkeypatch.setenv("CHARASSETS_TOKEN", "a-token-of-16-characters")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    open_log(folder, LogSettings())
    log.error(
        "cannot open postgresql://dagster:hunter2@db/dagster with a-token-of-16-characters",
        extra={
            "facts": {
                "address": "https://x/y?X-Amz-Signature=abc123&size=4",
                "password": "hunter3",
                "n": [1, "wJalrXUtnFEMI"],
            }
        },
    )
    written = (folder / FILE).read_text()
    for secret in ("hunter2", "hunter3", "a-token-of-16-characters", "abc123", "wJalrXUtnFEMI"):
        assert secret not in written
    (line,) = lines(folder)
    assert line["address"].endswith("&size=4") and line["n"] == [1, "***"]


def test_a_large_file_and_an_old_one_are_put_aside_and_the_oldest_go(folder):
    open_log(folder, LogSettings(file_bytes=10_000, keep_files=3))
    for number in range(600):
        log.info("a line of some length, number %d", number)
    files = sorted(folder.glob("charassets-*.jsonl"))
    assert len(files) == 3
    assert all(path.stat().st_size < 11_000 for path in (*files, folder / FILE))
    kept = [line["what"] for line in lines(folder)]
    assert any(what.endswith(" 599") for what in kept)

    old = json.loads((folder / FILE).read_text().splitlines()[0])
    (folder / FILE).write_text(json.dumps({**old, "at": "2020-01-01T00:00:00+00:00"}) + "\n")
    long_ago = time.time() - 40 * 86_400
    os.utime(files[0], (long_ago, long_ago))
    open_log(folder, LogSettings(file_bytes=10_000))
    log.info("the first of a new file")
    assert [json.loads(line)["what"] for line in (folder / FILE).read_text().splitlines()] == [
        "the first of a new file"
    ]
    assert not files[0].exists()


def _write(folder, name, count):
    open_log(folder, LogSettings(file_bytes=10_000, keep_files=1_000))
    for number in range(count):
        log.info("%s %d", name, number)


def test_processes_that_write_and_put_aside_at_once_lose_no_line(folder):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write, args=(folder, name, 300)) for name in ("a", "b", "c")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert sorted(line["what"] for line in lines(folder)) == sorted(f"{name} {n}" for name in "abc" for n in range(300))
    assert len(list(folder.glob("charassets-*.jsonl"))) > 3


def test_a_log_that_cannot_be_written_costs_nothing_but_a_warning(tmp_path, capsys):
    (tmp_path / "logs").write_text("a file where the folder should be")
    open_log(tmp_path / "logs", LogSettings())
    log.info("one")
    log.info("two")
    assert capsys.readouterr().err.count("the log cannot be written") == 1
    open_log(tmp_path, LogSettings(level="off"))
