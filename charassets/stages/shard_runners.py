"""Who works on the shards of a stage: this process, or others.

What belongs here: what a runner of shards is, and the one that works right here. Not here: the one that hands shards to a Ray
cluster (``charassets.stages.ray_runner``), and what is done with a shard (``charassets.stages.runner``).
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from charassets.lake.fragments import Lake
from charassets.stages.contract import Stage
from charassets.stages.runner import ShardResult, run_stage

Answer = tuple[str, ShardResult | Exception]
"""A shard, and what became of it: its result, or what kept it from having one."""


class ShardRunner(Protocol):
    """Brings shards up to date."""

    def run(self, stage: Stage, shards: Sequence[str]) -> Iterator[Answer]:
        """Answer every shard once, as each is done, in any order. An error of one shard is its answer and stops no other."""
        ...

    def rest(self) -> None:
        """Let go of processes and models until there are shards again."""
        ...


class LocalRunner:
    """Works in this process, one shard after another.

    Args:
        lake: where fragments are.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def run(self, stage: Stage, shards: Sequence[str]) -> Iterator[Answer]:
        """Answer the shards in their order."""
        for shard in shards:
            try:
                answer: ShardResult | Exception = run_stage(stage, shard, self._lake)
            except Exception as error:
                answer = error
            yield shard, answer

    def rest(self) -> None:
        """Keep what there is: the models are loaded once a process."""
