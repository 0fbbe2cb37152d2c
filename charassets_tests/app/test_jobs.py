import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from app import jobs as queue
from app.jobs import Jobs, Picture
from app.problems import NotFoundError, OverloadedError
from app.worker import Worker
from charassets.errors import Rejected

RED = [Picture(f"{i}.png", bytes([i])) for i in range(5)]


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@pytest.fixture
def jobs(tmp_path):
    return Jobs(tmp_path / "jobs")


@contextmanager
def working(jobs, extract):
    worker = Worker(jobs, extract)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def test_a_job_is_worked_off_in_order_and_a_bad_picture_stops_nothing(jobs):
    def extract(data, tags):
        if data == b"\x02":
            raise Rejected("undecodable", "the picture is damaged")
        if data == b"\x03":
            raise KeyError("a bug")
        return {"byte": data[0], "tags": tags}

    job = jobs.add([*RED[:4], Picture("5.png", b"\x05", "1girl")])
    assert job.state == "queued"
    with working(jobs, extract):
        until(lambda: jobs.job(job.id).ended)
    done = jobs.job(job.id)
    assert (done.state, done.total, done.done, done.failed) == ("done", 5, 3, 2)
    results = jobs.results(job.id)
    assert [row["state"] for row in results] == ["done", "done", "failed", "failed", "done"]
    assert results[2]["result"]["code"] == "undecodable"
    assert results[4]["result"] == {"byte": 5, "tags": "1girl"}
    assert [row["place"] for row in jobs.results(job.id, after=1, limit=2)] == [2, 3]
    assert not any(path.is_file() for path in jobs.lock_file.parent.glob(f"{job.id}/*"))


def test_what_a_dead_worker_had_in_hand_is_tried_again_but_not_for_ever(jobs):
    job = jobs.add(RED[:2])
    for _ in range(3):
        assert jobs.take().place == 0
        jobs.recover()
    assert jobs.take().place == 1
    jobs.recover()
    with working(jobs, lambda data, tags: {"byte": data[0]}):
        until(lambda: jobs.job(job.id).ended)
    assert [row["state"] for row in jobs.results(job.id)] == ["failed", "done"]
    assert "ended the process" in jobs.results(job.id)[0]["result"]["error"]


def test_a_cancelled_job_goes_no_further_and_is_then_removed(jobs):
    job = jobs.add(RED)
    taken = jobs.take()
    assert jobs.cancel(job.id).state == "cancelled"
    jobs.finish(taken, "done", {})
    assert jobs.job(job.id).state == "cancelled"
    assert jobs.take() is None
    jobs.cancel(job.id)
    with pytest.raises(NotFoundError):
        jobs.job(job.id)


def test_a_full_queue_says_so(jobs, monkeypatch):
    monkeypatch.setattr(queue, "MAX_WAITING", 7)
    jobs.add(RED)
    with pytest.raises(OverloadedError):
        jobs.add(RED)


def test_two_workers_do_nothing_twice(jobs):
    done = []
    job = jobs.add([Picture("x", bytes([i])) for i in range(40)])
    with (
        working(jobs, lambda data, tags: done.append(data) or {}),
        working(jobs, lambda data, tags: done.append(data) or {}),
    ):
        until(lambda: jobs.job(job.id).ended)
    assert sorted(done) == [bytes([i]) for i in range(40)]


def test_a_finished_job_is_removed_after_a_week(jobs, monkeypatch):
    job = jobs.add(RED[:1])
    with working(jobs, lambda data, tags: {}):
        until(lambda: jobs.job(job.id).ended)
    monkeypatch.setattr(queue, "KEEP_S", -1.0)
    jobs.recover()
    with pytest.raises(NotFoundError):
        jobs.job(job.id)


@contextmanager
def serving(repository, workspace, port):
    environment = {
        **os.environ,
        "PYTHONPATH": str(repository),
        "CHARASSETS_WORKSPACE": str(workspace),
        "OMP_NUM_THREADS": "1",
    }
    code = (
        "import sys; from app.server import create_app, guarded, serve; from charassets.lake.workspace import Workspace\n"
        "from charassets.settings import load_settings\n"
        "settings = load_settings(); app = create_app(Workspace.of(settings), settings, pages=False)\n"
        "serve(guarded(app), port=int(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(port)], env=environment, cwd=workspace) as server:
        try:
            until(lambda: _answers(port), 120)
            yield server
        finally:
            server.kill()


def _answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.processes
def test_a_job_survives_the_death_of_its_server(repository, tmp_path, png):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "work").mkdir()
    url = f"http://127.0.0.1:{port}/v1/jobs"
    with serving(repository, tmp_path / "work", port) as server:
        files = [("images", (f"{i}.png", png)) for i in range(3)]
        job = httpx.post(url, files=files, data={"tags": "1girl, blonde_hair"}, timeout=60).json()["id"]
        until(lambda: httpx.get(f"{url}/{job}", timeout=60).json()["done"] > 0, 120)
        server.send_signal(signal.SIGKILL)
        server.wait()
    with serving(repository, tmp_path / "work", port):
        until(lambda: httpx.get(f"{url}/{job}", timeout=60).json()["state"] == "done", 120)
        told = httpx.get(f"{url}/{job}", timeout=60).json()
        assert [row["state"] for row in told["results"]] == ["done"] * 3
        assert {row["result"]["attributes"]["Hair Color"] for row in told["results"]} == {"Blonde"}
        assert httpx.delete(f"{url}/{job}", timeout=60).status_code == 200
        assert httpx.get(f"{url}/{job}", timeout=60).status_code == 404
