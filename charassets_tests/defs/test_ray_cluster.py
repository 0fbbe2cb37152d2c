"""Which Ray the settings mean, and a whole run on one."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml

from charassets.defs.ray_cluster import cluster_of, joined, ray_runner
from charassets.errors import CharassetsError, UsageError
from charassets.lake.verify import verify
from charassets.lake.workspace import Workspace
from charassets.settings import RaySettings, load_settings
from charassets_tests.defs.small_source import folder_of

KUBERNETES = {
    "image": "registry.example.org/charassets:0.1.0",
    "ray_cluster": {
        "metadata": {"namespace": "ray"},
        "spec": {
            "ray_version": "2.60.0",
            "auth_options": {"mode": "token"},
            "worker_group_specs": [{"group_name": "gpu", "replicas": 4}],
        },
    },
}


def test_without_an_address_ray_is_started_here_without_a_dashboard():
    here = cluster_of(RaySettings())
    assert here.ray_address is None
    assert here.ray_init_options["include_dashboard"] is False


def test_an_address_is_joined_as_it_is_given():
    assert cluster_of(RaySettings(address="ray://head:10001")).ray_address == "ray://head:10001"


def test_kubernetes_settings_are_those_of_dagster_ray():
    made = cluster_of(RaySettings(kubernetes=KUBERNETES))
    assert type(made).__name__ == "KubeRayCluster"
    assert (made.image, made.namespace) == (KUBERNETES["image"], "ray")
    assert made.ray_cluster.spec.worker_group_specs[0]["replicas"] == 4


def test_a_kubernetes_setting_that_cannot_work_is_told_in_one_line():
    unversioned = {"ray_cluster": {"spec": {"auth_options": {"mode": "token"}}}}
    with pytest.raises(UsageError, match="requires ray_version") as told:
        cluster_of(RaySettings(kubernetes=unversioned))
    assert "\n" not in str(told.value)


def test_a_ray_that_does_not_start_is_told_in_one_line(monkeypatch):
    import ray

    def init(**_):
        raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(CharassetsError, match="Ray does not start on this machine: The current node") as told:
        joined(RaySettings(), dg.build_init_resource_context()).__enter__()
    assert (told.value.exit_code, "\n" in str(told.value)) == (1, False)


@pytest.mark.slow
def test_a_cluster_started_for_a_run_leaves_no_folder():
    import ray

    with joined(RaySettings(), dg.build_init_resource_context()):
        session = Path(ray._private.worker.global_worker.node.get_session_dir_path())  # noqa: SLF001
        assert session.is_dir()
    assert not session.exists()


def test_two_clusters_are_refused():
    with pytest.raises(UsageError, match="address or kubernetes"):
        load_settings({"ray": {"address": "auto", "kubernetes": KUBERNETES}})


def test_who_has_no_ray_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=re.escape("pip install 'charassets[ray]'")):
        ray_runner(load_settings({}), None, dg.build_init_resource_context())


def test_the_launcher_of_the_documented_block_is_taken_by_dagster(repository):
    from dagster_ray import RayRunLauncher

    block = re.search(
        r"# run_launcher:\n#   module: dagster_ray\n(#   .*\n)+", (repository / "dagster.yaml").read_text()
    )
    said = yaml.safe_load(re.sub("(?m)^# ", "", block[0]))["run_launcher"]
    config = dg.Field(RayRunLauncher.config_type())
    checked = dg._config.process_config(config.config_type, said["config"])  # noqa: SLF001
    assert checked.success, checked.errors
    assert RayRunLauncher.from_config_value(None, checked.value).address == "http://ray-head:8265"


def run_on_ray(*arguments):
    command = [sys.executable, "-m", "charassets.cli", "run", "--set", "runner=ray", "--json", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "CHARASSETS_RAY__WORKERS": "1"}
    return subprocess.Popen(command, env=environment, **pipes)


@pytest.mark.slow
@pytest.mark.processes
def test_the_next_run_goes_on_where_a_killed_one_broke_off(small_models, tmp_path, own_environment):
    source, work = folder_of(tmp_path / "pictures", 6), tmp_path / "work"
    models = ("--detector", small_models.detector, "--embedder", small_models.embedder)
    killed = run_on_ray("--source", source, "-w", work, "--shard-records", 2, *models)
    read = work / "lake" / "raw_shards"
    while len(list(read.glob("*/manifest.json"))) < 2:
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    stood = {path: path.stat().st_mtime_ns for path in (work / "lake").glob("*/*/manifest.json")}
    killed.send_signal(signal.SIGKILL)
    killed.communicate()

    again = run_on_ray("-w", work)
    out, err = again.communicate(timeout=500)
    assert again.returncode == 0, err
    report = json.loads(out)
    assert report["stages"]["raw_shards"]["computed"] <= 2
    assert report["stages"]["character_attributes"]["in"] == 6
    assert {path: path.stat().st_mtime_ns for path in stood} == stood
    assert verify(Workspace.of(load_settings({"workspace": str(work)})).open_lake()).damage == ()
