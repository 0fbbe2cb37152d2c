"""Two pipelines started on one workspace at once, as real processes: one works, the other is refused, nothing is corrupted."""

import json
import os
import subprocess
import sys

import pytest

from charassets_tests.defs.small_source import folder_of
from charassets_tests.servers import s3_server

pytestmark = [pytest.mark.usefixtures("own_environment"), pytest.mark.processes]


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path, monkeypatch):
    if request.param == "folder":
        yield str(tmp_path / "w")
        return
    with s3_server(tmp_path) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        yield "s3://bucket/w"


def test_one_runs_and_the_other_is_refused_with_seven(charassets, small_models, place, tmp_path, monkeypatch):
    models = ["--detector", small_models.detector, "--embedder", small_models.embedder]
    source = folder_of(tmp_path / "pictures", 4)
    command = [sys.executable, "-m", "charassets.cli", "run", "--source", source, "-w", place, "--json", *models]
    both = [
        subprocess.Popen(
            list(map(str, command)),
            # A cache of its own makes each another machine, so that in a bucket only the lease parts them.
            env={**os.environ, "CHARASSETS_CACHE": str(tmp_path / f"machine-{number}")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    told = [process.communicate(timeout=500) for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 7], told
    worked, refused = (told[codes.index(code)] for code in (0, 7))
    report, answer = json.loads(worked[0]), json.loads(refused[0])
    assert (report["stages"]["raw_shards"]["in"], report["stages"]["raw_shards"]["rows"]) == (4, 4)
    assert "another run" in answer["error"] and answer["exit_code"] == 7
    assert len([line for line in refused[1].splitlines() if line.startswith("error:")]) == 1

    monkeypatch.setenv("CHARASSETS_CACHE", str(tmp_path / f"machine-{codes.index(7) + 1}"))
    assert charassets("verify", "-w", place)[0] == 0
    code, out, _ = charassets("run", "-w", place, "--json")
    assert code == 0 and json.loads(out)["nothing_to_compute"]
