"""``charassets doctor`` after a run that was really killed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from charassets_tests.defs.small_source import folder_of

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.mark.processes
def test_what_a_killed_run_left_is_told_a_line_each_and_mended(charassets, small_models, tmp_path):
    place = tmp_path / "w"
    models = ["--detector", small_models.detector, "--embedder", small_models.embedder]
    source = folder_of(tmp_path / "pictures", 4)
    command = [sys.executable, "-m", "charassets.cli", "run", "--source", source, "-w", place, *models]
    killed = subprocess.Popen(
        list(map(str, command)),
        env={**os.environ, "CHARASSETS_FAULTS": "kill:31"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert killed.wait(timeout=300) == -signal.SIGKILL

    code, out, _ = charassets("doctor", "-w", place, "--json")
    told = {line["what"]: line for line in json.loads(out)["findings"]}
    assert code == 1
    assert all(line["mendable"] and not line["mended"] for line in told.values())
    dead = next(line for what, line in told.items() if "Dagster counts a run of everything as going on" in what)
    assert any(what.startswith(f"a temporary file of process {killed.pid}") for what in told), told

    code, out, err = charassets("doctor", "-w", place, "--mend")
    lines = out.splitlines()
    assert any(line.startswith("mended: Dagster counts") and dead["where"] in line for line in lines)
    assert "mended:" in err
    code, out, err = charassets("doctor", "-w", place)
    assert (code, out.partition(";")[0]) == (0, "nothing is wrong") and "nothing is computed yet" in err

    code, out, _ = charassets("run", "-w", place, "--json")
    assert code == 0 and json.loads(out)["stages"]["raw_shards"]["rows"] == 4
    assert charassets("doctor", "-w", place)[0] == 0
    assert charassets("verify", "-w", place)[0] == 0
