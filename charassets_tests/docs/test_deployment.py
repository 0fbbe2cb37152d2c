"""The container files say what they promise: no root, loopback alone, secrets asked for, pinned bases, no network."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stages() -> dict[str, str]:
    """The Dockerfile's stages by name."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    parts = re.split(r"^FROM (\S+) AS (\S+)$", text, flags=re.MULTILINE)
    return {name: f"FROM {base}\n{body}" for base, name, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_both_targets_run_as_a_user_who_is_not_root(stages):
    assert stages["cpu"].startswith("FROM runtime") and stages["cuda"].startswith("FROM runtime")
    assert "USER 1000" in stages["runtime"]
    assert not any("USER" in stages[name] for name in ("cpu", "cuda"))
    assert "--uid 1000" in stages["runtime"]


def test_the_default_target_is_cpu_and_bases_are_pinned(stages):
    assert list(stages)[-1] == "cpu"
    assert re.search(r"ARG PYTHON=3\.\d+\.\d+-slim-\w+", (ROOT / "Dockerfile").read_text())


def test_everything_that_is_copied_is_there(stages):
    ignored = (ROOT / ".dockerignore").read_text().split()
    for body in stages.values():
        for line in re.findall(r"^COPY (?!--from)(.+)$", body, flags=re.MULTILINE):
            for name in line.split()[:-1]:
                assert (ROOT / name).exists(), name
                assert name.split("/")[0] not in ignored, name


def test_nothing_is_fetched_at_run_time(stages):
    assert "HF_HUB_OFFLINE=1" in stages["runtime"]
    assert "pip install" not in stages["runtime"] + stages["cpu"] + stages["cuda"]


def test_ports_are_published_on_loopback_alone(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_secrets_are_asked_for_and_never_written_down(compose):
    for name in ("app", "dagster-webserver"):
        given = compose["services"][name]["environment"]
        assert given["CHARASSETS_TOKEN"].startswith("${CHARASSETS_TOKEN:?")
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_containers_cannot_write_their_root_or_gain_rights(compose):
    for name in ("app", "dagster-webserver", "dagster-daemon"):
        service = compose["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_instance_differs_from_the_packaged_one_in_its_storage_alone():
    packaged = yaml.safe_load((ROOT / "charassets/defs/dagster.yaml").read_text())
    ours = yaml.safe_load((ROOT / "deploy/dagster.yaml").read_text())
    assert ours.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_PG_URL"}}}
    assert ours == packaged


@pytest.mark.parametrize(
    ("given", "started"),
    [
        (["serve"], ["charassets", "serve", "--host", "0.0.0.0", "--name=a.example", "--name=b.example"]),  # noqa: S104
        (["ui"], [*"python -m app.dagster_ui --no-daemon --host 0.0.0.0 --port 3000 --name=a.example --name=b.example".split()]),
        (["daemon"], ["dagster-daemon", "run", "--workspace", "workspace.yaml"]),
        (["run", "--source", "x"], ["charassets", "run", "--source", "x"]),
    ],
)
def test_the_entry_starts_what_is_asked(tmp_path, given, started):
    bin_, home = tmp_path / "bin", tmp_path / "home"
    bin_.mkdir()
    home.mkdir()
    (home / "dagster.yaml").write_text("{}")
    for name in ("charassets", "python", "dagster-daemon"):
        (bin_ / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (bin_ / name).chmod(0o755)
    own = {"PATH": f"{bin_}:{os.environ['PATH']}", "DAGSTER_HOME": str(home), "CHARASSETS_NAMES": "a.example b.example"}
    done = subprocess.run(["sh", str(ROOT / "deploy/entry"), *given], env=own, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == started, done.stderr


def test_the_space_is_a_docker_space_on_the_servers_port():
    head = yaml.safe_load((ROOT / "deploy/space/README.md").read_text(encoding="utf-8").split("---")[1])
    assert (head["sdk"], head["app_port"]) == ("docker", 7860)
    assert len(head["short_description"]) <= 60
