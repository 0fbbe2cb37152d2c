"""One step of ``bench.scale`` in a process of its own: what it costs in seconds, processor seconds, memory and disk.

What belongs here: the steps and their measures. Not here: the order of the steps and the sizes (``scale``), the report.
"""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from app.services.context import Context
from bench.scale_queries import latencies
from bench.synthetic_lake import settings_for
from bench.synthetic_looks import FedDuplicates
from charassets import warehouse
from charassets.lake.workspace import Workspace
from charassets.stages.collection import run_collection
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.runner import run_stage

AT_SIZE = ("tag_evidence", "character_attributes", "character_identities")
"""Per-shard stages that need no pixels and are run over all records."""


@dataclass(frozen=True)
class Cost:
    """What a step cost.

    Attributes:
        step: name of the step.
        n: records of the collection.
        records: records the step took in.
        wall: seconds by the clock.
        cpu: processor seconds, of the user and of the system.
        peak_mb: peak resident memory of the process, in MB.
        start_mb: resident memory before the step, when everything it needs was imported.
        disk_mb: bytes it left behind, in MB.
        asked: pairs of pictures that a close look would have been taken at.
        latencies: milliseconds of each question that the pages ask.
    """

    step: str
    n: int
    records: int
    wall: float
    cpu: float
    peak_mb: float
    start_mb: float
    disk_mb: float
    asked: int = 0
    latencies: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """For a line of JSON."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


def measured(step: str, n: int, root: Path, run: Callable[[], int]) -> Cost:
    """Run something that answers how many records it took in."""
    start_mb, disk, cpu, wall = memory_mb("VmRSS"), _disk_mb(root), _cpu(), time.perf_counter()
    records = run()
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    return Cost(step, n, records, wall, cpu, memory_mb("VmHWM"), start_mb, _disk_mb(root) - disk)


def run_step(step: str, n: int, root: Path) -> Cost:
    """A stage by its name, ``warehouse`` or ``queries``."""
    settings = settings_for(root)
    workspace = Workspace.of(settings)
    lake = workspace.open_lake()
    if step == "warehouse":
        return measured(step, n, root, lambda: warehouse.build(workspace, lake, settings).rows["all_records"])
    if step == "queries":
        found: dict[str, float] = {}
        cost = measured(step, n, root, lambda: found.update(latencies(settings, Context(workspace, settings))) or n)
        return replace(cost, latencies={name: round(ms, 1) for name, ms in found.items()})
    if step in AT_SIZE:
        stage = shard_stages(settings)[step]

        def every_shard() -> int:
            return sum(run_stage(stage, shard, lake).computed for shard in lake.shards(next(iter(stage.reads))))

        return measured(step, n, root, every_shard)
    if step == "near_duplicates":
        fed = FedDuplicates(settings, n)
        return replace(measured(step, n, root, lambda: run_collection(fed, lake).computed), asked=fed.asked)
    collection = collection_stages(settings)[step]
    return measured(step, n, root, lambda: run_collection(collection, lake).computed)


def memory_mb(which: str) -> float:
    """Resident memory of this process (``VmRSS``) or its peak (``VmHWM``); ``ru_maxrss`` counts the parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{which}:")[1].split()[0]) / 1024


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _disk_mb(root: Path) -> float:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 2**20
