"""A small lake for the measurements on Ray: studio pictures cut into shards, and a driver that brings them up to date.

What belongs here: what ``bench.kills`` and ``bench.workers`` share. Not here: what they do to it.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg
import yaml

from charassets.defs.ray_cluster import joined, ready_environment
from charassets.lake.workspace import Workspace
from charassets.schema import SOURCE_ITEMS
from charassets.settings import Settings, load_settings
from charassets.sources.intake import take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.ray_runner import RayRunner
from charassets.stages.runner import ShardResult


def draw_source(folder: Path, pictures: int, side: int) -> Path:
    """Studio scenes as JPEGs with their tags beside them; what is there is kept."""
    import cv2

    from charassets.studio.scenes import draw_scene

    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pictures):
        path = folder / f"{number:06d}.jpg"
        if path.is_file():
            continue
        scene = draw_scene(number, size=side)
        path.with_suffix(".txt").write_text(scene.tags, encoding="utf-8")
        cv2.imwrite(str(path), cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2BGR))
    return folder


def new_workspace(root: Path, source: Path, records: int, ray: dict[str, object]) -> Settings:
    """A workspace over a source whose ledger has its shards, with nothing computed."""
    root.mkdir(parents=True)
    said = {"sources": [{"name": "drawn", "path": str(source)}], "shards": {"records": records}, "runner": "ray",
            "ray": ray}  # fmt: skip
    (root / "charassets.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    settings = settings_of(root)
    workspace = Workspace.of(settings)
    with workspace.locked():
        take_in(settings, workspace.open_lake())
    return settings


def settings_of(root: Path) -> Settings:
    """The settings of a workspace."""
    return load_settings({"workspace": str(root)}, root / "charassets.yaml")


@contextmanager
def cluster(cpus: int) -> Iterator[str]:
    """A Ray of this machine for several drivers; answers its address. Its secret is in the environment of child processes."""
    ready_environment()
    import ray

    from charassets.defs.plain_ray import PlainRay

    options = {"num_cpus": cpus, "include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    with PlainRay(ray_init_options=options).yield_for_execution(dg.build_init_resource_context()):
        yield ray.get_runtime_context().gcs_address


def drive(settings: Settings, tables: Sequence[str], *, joined_already: bool = False) -> dict[str, tuple[int, float]]:
    """Bring tables up to date over the cluster of the settings; answers shards computed and seconds, by table.

    Args:
        settings: of a workspace.
        tables: inputs first.
        joined_already: this process started the cluster, and cannot join it once more.

    Raises:
        Exception: whatever a shard failed with.
    """
    workspace = Workspace.of(settings)
    lake = workspace.open_lake()
    context = dg.build_init_resource_context()
    joining = nullcontext if joined_already else lambda: joined(settings.ray, context)
    runner = RayRunner(settings, lake, joining)
    done: dict[str, tuple[int, float]] = {}
    try:
        with workspace.locked():
            for table in tables:
                started, computed = time.perf_counter(), 0
                for _, answer in runner.run(shard_stages(settings)[table], lake.shards(SOURCE_ITEMS.name)):
                    if not isinstance(answer, ShardResult):
                        raise answer
                    computed += not answer.unchanged
                done[table] = computed, time.perf_counter() - started
    finally:
        runner.close()
    return done


def fragments_of(root: Path) -> dict[str, tuple[int, int]]:
    """Every committed fragment with what tells whether its manifest was written again: inode and time."""
    found = {}
    for manifest in (root / "lake").glob("*/*/manifest.json"):
        status = manifest.stat()
        found[manifest.parent.relative_to(root / "lake").as_posix()] = (status.st_ino, status.st_mtime_ns)
    return found


def content_of(root: Path) -> dict[str, bytes]:
    """Every manifest's bytes: they hold the sha256 of all files, so equal manifests are equal bytes."""
    return {
        path.parent.as_posix().rpartition("/lake/")[2]: path.read_bytes()
        for path in (root / "lake").glob("*/*/manifest.json")
    }
