"""Fine-tuning as processes of its own: killed and gone on with, and shared by two."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from charassets.classifiers.runs import StoppedError, find_run, list_runs
from charassets.classifiers.spec import Spec, Tuning
from charassets.classifiers.training import resume, train
from charassets_tests.classifiers.paintings import backbone

pytestmark = [pytest.mark.slow, pytest.mark.processes]

ALONE = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """Six epochs of a transformer, whose layers normalise a picture at a time: batches may be shared without a difference."""
    path = backbone(tmp_path_factory.mktemp("vit"), "vit")
    tuning = Tuning(path, epochs=6, patience=6, batch=16, rate=0.002)
    return Spec("alone", "folder", "finetune", together=("duplicates",), tuning=tuning)


@pytest.fixture(scope="module")
def alone(gallery, spec):
    workspace, lake, _ = gallery
    return train(workspace, lake, spec)


def command(workspace, spec, name, *before):
    tuning = spec.tuning
    options = {"backbone": tuning.backbone, "epochs": tuning.epochs, "patience": tuning.patience, "batch": tuning.batch}
    options |= {"rate": tuning.rate, "method": "finetune", "together": "duplicates", "workspace": workspace.root}
    said = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    return [sys.executable, *before, "-m", "charassets.cli", "train", "classifier", name, *said]


def chances(found_run):
    rows = pq.read_table(found_run.folder / "predictions.parquet").to_pylist()
    return {row["record_id"]: (row["answer"], row["chance"]) for row in rows}


def same(first, second, within):
    assert first.keys() == second.keys()
    assert np.abs([first[name][1] - second[name][1] for name in first]).max() < within


def test_a_training_killed_in_the_middle_goes_on_and_comes_to_the_same_end(gallery, spec, alone):
    workspace, lake, _ = gallery
    process = subprocess.Popen(
        command(workspace, spec, "killed"), env=ALONE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        run = _after_epoch(workspace, "killed", 2, lambda: process.poll() is not None)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run.state["state"] == "broken off" and run.report is None
    before = len(run.progress())
    found = resume(workspace, lake, "killed")
    again = [line["step"] for line in run.progress()[before:]]
    assert "epoch 1" not in again and "epoch 6" in again  # it went on; it did not begin again
    assert found.run.id == run.id and run.state["state"] == "done"
    assert list(found.report["curve"]) == list(alone.report["curve"])
    same(chances(run), chances(alone.run), 1e-3)


def test_two_processes_come_to_the_same_as_one(gallery, spec, alone):
    workspace, _, _ = gallery
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = subprocess.run(
        command(workspace, spec, "shared", *launcher), env=ALONE, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    run = find_run(workspace, "shared")
    assert len(list(run.folder.parent.iterdir())) == 1  # one run, one report, whoever helped
    assert done.stdout.count("# shared") == 1
    same(chances(run), chances(alone.run), 0.02)
    mine, theirs = (one["test"]["scores"] for one in (run.report, alone.report))
    assert all(abs(mine[name]["value"] - theirs[name]["value"]) < 0.03 for name in mine)


def test_a_training_that_is_asked_to_stop_keeps_what_it_learnt(gallery, spec):
    workspace, lake, _ = gallery
    asked = replace(spec, name="asked", tuning=replace(spec.tuning, epochs=30, patience=30))
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(train, workspace, lake, asked)
        run = _after_epoch(workspace, "asked", 1, lambda: training.done())
        run.ask_to_stop()
        with pytest.raises(StoppedError):
            training.result(300)
    assert run.state["state"] == "stopped"
    told = len(run.progress())
    found = resume(workspace, lake, "asked")
    assert len(found.report["curve"]) == 31 and "epoch 1" not in {line["step"] for line in run.progress()[told:]}


def _after_epoch(workspace, name, epoch, ended):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not ended():
        found = [
            run for run in list_runs(workspace, name) if any(s["step"] == f"epoch {epoch}" for s in run.progress())
        ]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("it did not come that far")
