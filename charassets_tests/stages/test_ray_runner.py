"""Workers of a real Ray on this machine bring shards up to date as this process would, though they die on the way."""

import os
import signal
import threading
import time
from contextlib import nullcontext, suppress

import dagster as dg
import psutil
import pytest

from charassets import progress
from charassets.defs.ray_cluster import joined
from charassets.errors import SourceError, UsageError, WorkerLostError
from charassets.lake.verify import verify
from charassets.lake.workspace import Workspace
from charassets.settings import RaySettings
from charassets.stages.pipeline import shard_stages
from charassets.stages.ray_runner import RayRunner
from charassets.stages.runner import ShardResult
from charassets.stages.shard_runners import LocalRunner
from charassets.stages.tag_evidence import TagEvidence
from charassets_tests.defs.small_source import folder_of, settings_of, workspace_over
from charassets_tests.listener import Listener

KEYS = ["shard-00000", "shard-00001", "shard-00002", "shard-00003"]


@pytest.fixture(scope="module")
def ray():
    with joined(RaySettings(), dg.build_init_resource_context()):
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = folder_of(tmp_path_factory.mktemp("source") / "pictures", 6)
    (folder / "007-torn.tar").write_bytes(b"no tar at all" * 50)
    return folder


@pytest.fixture
def settings(small_models, source, tmp_path):
    return settings_over(source, tmp_path / "work", small_models)


def settings_over(source, root, small_models):
    detector = {"path": str(small_models.detector), "image_size": 64}
    workspace_over(source, root, detector=detector, embedder={"path": str(small_models.embedder)}, decode_threads=1)
    return settings_of(root)


@pytest.fixture
def far(ray, settings):
    """A runner over the cluster, and the local one over the same lake."""
    runner = RayRunner(settings, lake_of(settings), nullcontext)
    yield runner
    runner.close()


def lake_of(settings):
    return Workspace.of(settings).open_lake()


def through(runner, settings):
    """Bring all tables up to date, each where those before it are there; answers what failed, by table."""
    failed, keys = {}, list(KEYS)
    for name, stage in shard_stages(settings).items():
        answers = dict(runner.run(stage, keys))
        assert sorted(answers) == keys
        failed[name] = {key: answer for key, answer in answers.items() if not isinstance(answer, ShardResult)}
        keys = [key for key in keys if key not in failed[name]]
    return failed


def bytes_of(settings):
    root = Workspace.of(settings).root / "lake"
    files = (path for path in root.glob("*/*/*") if path.is_file() and "source_items" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def workers():
    """Ray's processes that are workers of ours."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.name().startswith("ray::ShardWork"):
                found.append(process)
    return found


def at_work():
    """Worker processes that are at a shard: Ray writes into the process's title what it runs."""
    busy = []
    for process in workers():
        with suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith("ray::ShardWorker.run"):  # empty while it starts
                busy.append(process)
    return busy


def kill_a_worker(struck):
    """Wait for a worker to be at work and kill it without warning, in the background."""

    def strike():
        while not (busy := at_work()):
            time.sleep(0.01)
        os.kill(busy[0].pid, signal.SIGKILL)
        struck.append(busy[0].pid)

    threading.Thread(target=strike, daemon=True).start()


def test_workers_commit_the_bytes_that_this_process_would(far, settings, source, small_models, tmp_path):
    heard = Listener()
    with progress.reported_to(heard):
        failed = through(far, settings)
    assert {name: list(bad) for name, bad in failed.items() if bad} == {"raw_shards": [KEYS[3]]}
    assert sum(records for stage, records, _ in heard.told if stage == "clip_embeddings") == 6

    here = settings_over(source, tmp_path / "here", small_models)
    locally = through(LocalRunner(lake_of(here)), here)
    assert bytes_of(settings) == bytes_of(here)
    torn, torn_here = (answers["raw_shards"][KEYS[3]] for answers in (failed, locally))
    assert isinstance(torn, SourceError) and str(torn) == str(torn_here) and torn.todo == torn_here.todo


def test_what_stands_is_answered_without_a_cluster(settings):
    stage = shard_stages(settings)["raw_shards"]
    dict(LocalRunner(lake_of(settings)).run(stage, KEYS[:3]))

    def no_cluster():
        raise AssertionError("nobody had to be asked")

    answers = dict(RayRunner(settings, lake_of(settings), no_cluster).run(stage, KEYS[:3]))
    assert [answers[key].unchanged for key in KEYS[:3]] == [True] * 3


def test_a_killed_worker_costs_nothing_but_its_shard_a_second_try(far, settings, caplog):
    struck = []
    kill_a_worker(struck)
    answers = dict(far.run(shard_stages(settings)["raw_shards"], KEYS[:3]))
    assert struck
    done = [answers[key] for key in KEYS[:3]]
    assert [answer.manifest.counts["in"] for answer in done] == [2, 2, 2]
    # A worker that was struck between its commit and its answer leaves nothing for the second try.
    assert [answer.computed for answer in done if not answer.unchanged] in ([2, 2, 2], [2, 2])
    told = [
        record.getMessage() for record in caplog.records if "another tries it (attempt 2 of 3)" in record.getMessage()
    ]
    assert len(told) == 1 and any(key in told[0] for key in KEYS[:3])
    assert verify(lake_of(settings)).damage == ()


def test_a_shard_that_workers_keep_dying_over_fails_alone(ray, settings):
    once = settings.model_copy(update={"ray": RaySettings(attempts=1, workers=1)})
    runner = RayRunner(once, lake_of(settings), nullcontext)
    struck = []
    kill_a_worker(struck)
    answers = dict(runner.run(shard_stages(once)["raw_shards"], KEYS[:3]))
    runner.close()
    lost = [answer for answer in answers.values() if isinstance(answer, WorkerLostError)]
    assert len(struck) == len(lost) == 1
    assert "fewer workers" in str(lost[0])
    assert len([answer for answer in answers.values() if isinstance(answer, ShardResult)]) == 2


def test_a_worker_of_another_release_computes_nothing(far, settings, monkeypatch):
    dict(LocalRunner(lake_of(settings)).run(shard_stages(settings)["raw_shards"], KEYS[:1]))
    monkeypatch.setattr(TagEvidence, "code_version", "of tomorrow")
    (answer,) = dict(far.run(shard_stages(settings)["tag_evidence"], KEYS[:1])).values()
    assert isinstance(answer, UsageError)
    assert "other code, weights or settings" in str(answer)


def test_who_stops_listening_stops_the_workers(far, settings):
    stage = shard_stages(settings)["raw_shards"]
    answers = far.run(stage, KEYS)
    next(answers)
    answers.close()
    far.close()
    deadline = time.monotonic() + 60
    while workers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not workers()
