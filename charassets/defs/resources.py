"""What a run has at hand: the settings, the lake, and the stages with their models, made once a run."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from charassets.defs.ray_cluster import ray_runner
from charassets.lake.fragments import Fragment, Lake
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.logs import open_log
from charassets.settings import Settings, load_settings, merge
from charassets.settings.remembered import remember
from charassets.stages.collection import ALL, run_collection
from charassets.stages.contract import CollectionStage, Stage
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.ray_runner import RayRunner
from charassets.stages.runner import ShardResult
from charassets.stages.shard_runners import Answer, LocalRunner, ShardRunner

_log = logging.getLogger(__name__)


class Workbench(dg.ConfigurableResource):
    """Settings, lake and stages of one run.

    The executor is in process and Dagster makes a resource once a run, so a model is loaded once for all shards of a run.
    """

    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings that win over profile, workspace and environment; what the command line was given.",
    )
    _settings: Settings = PrivateAttr()
    _lake: Lake = PrivateAttr()
    _stages: dict[str, Stage] = PrivateAttr()
    _collections: dict[str, CollectionStage] = PrivateAttr()
    _results: dict[tuple[str, str], ShardResult] = PrivateAttr()
    _runner: ShardRunner = PrivateAttr()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the settings and open the lake."""
        follow(self.overrides.get("workspace"))
        self._settings = load_settings(self.overrides)
        if self.workspace.root.is_dir():
            open_log(self.workspace.logs, self._settings.logs)
        self._lake = self.workspace.open_lake()
        self._stages = dict(shard_stages(self._settings))
        self._collections = dict(collection_stages(self._settings))
        self._results = {}
        self._runner = LocalRunner(self._lake)
        if self._settings.runner == "ray":
            self._runner = ray_runner(self._settings, self._lake, context)

    def take_source(self, name: str, path: str) -> None:
        """Know a source from now on, in this run and in all later ones: it is added to the workspace's settings file.

        Raises:
            StorageError: the file cannot be written.
        """
        known = {source.name: source.model_dump(mode="json") for source in self._settings.sources}
        sources = list((known | {name: {**known.get(name, {}), "name": name, "path": path}}).values())
        if remember(self.workspace.root, {"sources": sources}) and self.workspace.remote is not None:
            self.workspace.remote.push_settings()
        self._settings = load_settings(merge(self.overrides, {"sources": sources}))
        self._stages = dict(shard_stages(self._settings))
        self._collections = dict(collection_stages(self._settings))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        """Leave the cluster, where one was joined."""
        if isinstance(self._runner, RayRunner):
            self._runner.close()

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self._settings

    @property
    def workspace(self) -> Workspace:
        """The workspace the settings name."""
        return Workspace.of(self._settings)

    @property
    def lake(self) -> Lake:
        """The workspace's lake."""
        return self._lake

    @property
    def stages(self) -> dict[str, Stage]:
        """The per-shard stages in pipeline order."""
        return self._stages

    def stage(self, table: str) -> Stage:
        """The stage that makes a per-shard table."""
        return self._stages[table]

    def collection(self, table: str) -> CollectionStage:
        """The stage that makes a collection table."""
        return self._collections[table]

    def run_shards(self, table: str, shards: Sequence[str]) -> Iterator[Answer]:
        """Bring shards of a table up to date, here or on a cluster; each is answered when it is done."""
        for shard, answer in self._runner.run(self._stages[table], shards):
            if isinstance(answer, ShardResult):
                self._results[table, shard] = answer
                _tell(answer)
            else:
                _log.error(
                    "shard failed", extra={"told": True, "facts": {"table": table, "shard": shard, "why": str(answer)}}
                )
            yield shard, answer

    def run_collection(self, table: str) -> ShardResult:
        """Bring a collection table up to date."""
        self._runner.rest()  # the step wants the memory
        result = run_collection(self._collections[table], self._lake)
        self._results[table, ALL] = result
        _tell(result)
        return result

    def to_examine(self, table: str, suspects: list[str]) -> list[Fragment]:
        """Fragments a check should read: what this run computed and what failed before, or all if it ran no stage."""
        ran = {shard: result for (name, shard), result in self._results.items() if name == table}
        if not ran:
            return self._lake.fragments(table)
        wanted = {shard for shard, result in ran.items() if not result.unchanged} | set(suspects)
        found = (self._lake.fragment(table, shard) for shard in sorted(wanted))
        return [fragment for fragment in found if fragment is not None]


def _tell(result: ShardResult) -> None:
    """Write a shard down: what was computed as information, what stood already only for who asks for all."""
    manifest = result.manifest
    facts = {
        "table": manifest.table,
        "shard": manifest.shard,
        **manifest.counts,
        "rejections": dict(manifest.rejections),
        "computed": result.computed,
        "reused": result.reused,
        "seconds": round(result.seconds, 3),
        "version": manifest.version,
    }
    level = logging.DEBUG if result.unchanged else logging.INFO
    _log.log(level, "shard stood" if result.unchanged else "shard done", extra={"facts": facts})
