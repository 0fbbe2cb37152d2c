"""What a run has at hand: the settings, the lake, and the stages with their models, made once a run."""

from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from charassets.lake.fragments import Fragment, Lake
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.settings import Settings, load_settings
from charassets.stages.collection import ALL, run_collection
from charassets.stages.contract import CollectionStage, Stage
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.runner import ShardResult, run_stage


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

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the settings and open the lake."""
        follow(self.overrides.get("workspace"))
        self._settings = load_settings(self.overrides)
        self._lake = self.workspace.open_lake()
        self._stages = dict(shard_stages(self._settings))
        self._collections = dict(collection_stages(self._settings))
        self._results = {}

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

    def run_shard(self, table: str, shard: str) -> ShardResult:
        """Bring one shard of a table up to date."""
        result = run_stage(self._stages[table], shard, self._lake)
        self._results[table, shard] = result
        return result

    def run_collection(self, table: str) -> ShardResult:
        """Bring a collection table up to date."""
        result = run_collection(self._collections[table], self._lake)
        self._results[table, ALL] = result
        return result

    def to_examine(self, table: str, suspects: list[str]) -> list[Fragment]:
        """Fragments a check should read: what this run computed and what failed before, or all if it ran no stage."""
        ran = {shard: result for (name, shard), result in self._results.items() if name == table}
        if not ran:
            return self._lake.fragments(table)
        wanted = {shard for shard, result in ran.items() if not result.unchanged} | set(suspects)
        found = (self._lake.fragment(table, shard) for shard in sorted(wanted))
        return [fragment for fragment in found if fragment is not None]
