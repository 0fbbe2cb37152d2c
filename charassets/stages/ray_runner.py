"""Works on shards with the workers of a Ray cluster.

What belongs here: handing shards out, one to a worker at a time, and taking over from workers that die. Not here: what a
worker does (``charassets.stages.ray_worker``), which cluster it is and how it is joined (``charassets.defs.ray_cluster``).

A worker gets a shard's name and answers with its manifest: rows go between worker and lake only, and the worker commits
under the lake's protocol. So there is nothing to lose with a worker but the shard it was at.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charassets import progress
from charassets.errors import UsageError, WorkerLostError
from charassets.lake.fragments import Lake
from charassets.settings import Settings
from charassets.stages.contract import Stage
from charassets.stages.ray_worker import ShardWorker
from charassets.stages.runner import ShardResult, standing
from charassets.stages.shard_runners import Answer

_log = logging.getLogger(__name__)

_LOOK = "look"
"""Ray's concurrency group of the question how far a worker is."""

LOOK_EVERY_S = 1.0
"""Time between two looks at how far the workers are."""

PATIENCE_S = 900.0
"""Longest wait for the first worker: a cluster may have to be given machines first."""


@dataclass(frozen=True)
class _Needs:
    """What a worker takes of a machine, in Ray's units."""

    cpus: float
    gpus: float


@dataclass
class _Task:
    """A shard that a worker is at."""

    shard: str
    worker: Any  # ray's ActorHandle


class _Running:
    """The shards of a stage that workers are at, by the reference of their answers.

    Args:
        table: the stage's table.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self.tasks: dict[Any, _Task] = {}
        self._deaths = Counter[str]()
        self._told = Counter[str]()  # records of a shard that progress has heard of

    def awaited(self, needs: _Needs) -> list[Any]:
        """Wait until a shard is done, and answer its reference; progress hears of the others meanwhile.

        Raises:
            UsageError: no worker ever came to be.
        """
        import ray

        waited = 0.0
        while waited <= PATIENCE_S:
            ready, _ = ray.wait(list(self.tasks), num_returns=1, timeout=LOOK_EVERY_S)
            if ready:
                return ready
            waited = 0.0 if self._look() else waited + LOOK_EVERY_S
        raise UsageError(
            f"the cluster gave no worker {needs.cpus:g} CPUs and {needs.gpus:g} GPUs within {PATIENCE_S:.0f} s",
            where="ray",
            todo="add machines, or look at what keeps them busy with `ray status`",
        )

    def tell(self, shard: str, records: int, *, reused: bool = False) -> None:
        """Let progress know that so many records of a shard are done."""
        if records > self._told[shard]:
            progress.advance(self._table, records - self._told[shard], reused=reused)
            self._told[shard] = records

    def lost(self, task: _Task, error: Exception, attempts: int) -> WorkerLostError | None:
        """Note that a worker died; an error where too many did over its shard."""
        self._deaths[task.shard] += 1
        if self._deaths[task.shard] < attempts:
            _log.warning(
                "a worker died at %s of %s, most often for want of memory; another tries it (attempt %d of %d)",
                *(task.shard, self._table, self._deaths[task.shard] + 1, attempts),
            )
            return None
        return WorkerLostError(
            f"{self._deaths[task.shard]} workers died over it, the last one: {' '.join(str(error).split())[:200]}",
            where=f"{self._table} {task.shard}",
            todo="most often it is memory: fewer workers, or shards of fewer records",
        )

    def _look(self) -> bool:
        """Tell progress how far the workers are; answers whether any of them answered."""
        import ray
        from ray.exceptions import RayError

        looks = {task.worker.done.options(concurrency_group=_LOOK).remote(): task.shard for task in self.tasks.values()}
        answered, _ = ray.wait(list(looks), num_returns=len(looks), timeout=LOOK_EVERY_S / 2)
        for look in answered:
            try:
                shard, records = ray.get(look)
            except RayError:
                continue  # it died; the wait for its shard will say so
            if shard == looks[look]:
                self.tell(shard, records)
        return bool(answered)


class RayRunner:
    """Hands shards to the workers of a Ray cluster, which is joined when there is something to compute for the first time.

    Args:
        settings: the run's settings.
        lake: where fragments are.
        joined: joins the cluster for the time of the context.
    """

    def __init__(self, settings: Settings, lake: Lake, joined: Callable[[], AbstractContextManager[object]]) -> None:
        whole = settings.model_copy(
            update={"workspace": settings.workspace.absolute(), "lake": _absolute(settings.lake_root)}
        )
        self._ray, self._lake, self._joined = settings.ray, lake, joined
        self._uses_gpu = settings.device in ("auto", "cuda")
        self._settings_json = whole.model_dump_json()
        self._cluster = ExitStack()
        self._entered = False
        self._needs: _Needs | None = None
        self._idle: list[Any] = []

    def run(self, stage: Stage, shards: Sequence[str]) -> Iterator[Answer]:
        """Answer every shard as it is done; those that are up to date first, without asking anybody.

        Raises:
            UsageError: the cluster gives no worker what the stage needs.
        """
        todo: deque[str] = deque()
        for shard in shards:
            try:
                found = standing(stage, shard, self._lake)
            except Exception as error:
                yield shard, error
                continue
            if found is None:
                todo.append(shard)
            else:
                yield shard, found
        if todo:
            self._join()
            yield from self._handed_out(stage, todo)

    def rest(self) -> None:
        """End the workers; the cluster stays joined."""
        self._end(self._idle)
        self._idle, self._needs = [], None

    def close(self) -> None:
        """End the workers and leave the cluster."""
        if self._entered:
            self.rest()
        self._cluster.close()
        self._entered = False

    def _join(self) -> None:
        if not self._entered:
            self._cluster.enter_context(self._joined())
            self._entered = True

    def _handed_out(self, stage: Stage, todo: deque[str]) -> Iterator[Answer]:
        needs, most = self._needed(stage)
        if needs != self._needs:
            self.rest()
            self._needs = needs
        own, running = stage.own_fingerprint(), _Running(stage.name)
        try:
            while todo or running.tasks:
                while todo and len(running.tasks) < most:
                    worker = self._idle.pop() if self._idle else self._made(needs)
                    shard = todo.popleft()
                    running.tasks[worker.run.remote(stage.name, own, shard)] = _Task(shard, worker)
                for reference in running.awaited(needs):
                    task = running.tasks.pop(reference)
                    answer = self._answer(running, reference, task)
                    if answer is None:
                        todo.appendleft(task.shard)
                    else:
                        yield task.shard, answer
        finally:
            self._end([task.worker for task in running.tasks.values()])  # somebody stopped us in the middle

    def _needed(self, stage: Stage) -> tuple[_Needs, int]:
        """What a worker of the stage takes, and how many there may be."""
        import ray

        there = ray.cluster_resources()
        gpus = self._ray.gpu_share if stage.uses_gpu and self._uses_gpu and there.get("GPU") else 0.0
        needs = _Needs(stage.cpus, gpus)
        fitting = there.get("GPU", 0) / gpus if gpus else there.get("CPU", 0) / needs.cpus
        return needs, self._ray.workers or max(1, int(fitting))

    def _made(self, needs: _Needs) -> Any:  # noqa: ANN401 - ray's ActorHandle
        """A new worker. It answers ``done`` beside ``run``. Ray is not to start it again: who died over what is counted here."""
        import ray

        decorated: Any = ray.remote
        kind = decorated(num_cpus=needs.cpus, num_gpus=needs.gpus, max_restarts=0, concurrency_groups={_LOOK: 1})
        return kind(ShardWorker).remote(self._settings_json)

    def _answer(self, running: "_Running", reference: Any, task: _Task) -> ShardResult | Exception | None:  # noqa: ANN401
        """What became of a shard; None where its worker died and another shall try."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            result: ShardResult = ray.get(reference)
        except RayTaskError as error:
            self._idle.append(task.worker)
            return error.cause if isinstance(error.cause, Exception) else error
        except RayError as error:
            self._end([task.worker])
            return running.lost(task, error, self._ray.attempts)
        self._idle.append(task.worker)
        running.tell(task.shard, result.manifest.counts["in"], reused=result.unchanged)
        return result

    def _end(self, workers: Sequence[Any]) -> None:
        if not workers:
            return
        import ray

        for worker in workers:
            ray.kill(worker)


def _absolute(root: str) -> str:
    return root if "://" in root else str(Path(root).absolute())
