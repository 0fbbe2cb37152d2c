"""What runs in a worker process of a Ray cluster: stages over shards, committed from there.

What belongs here: the worker. Not here: handing shards out (``charassets.stages.ray_runner``). Nothing here imports Ray, which
makes an actor of the class.
"""

import threading

from charassets import progress
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.stages.contract import Stage
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import ShardResult, run_stage


class ShardWorker:
    """One process: its own stages and models, loaded when first needed and kept for all its shards.

    Args:
        settings_json: the run's settings, paths absolute.
    """

    def __init__(self, settings_json: str) -> None:
        self._settings_json = settings_json
        self._stages: dict[str, Stage] = {}
        self._counting = threading.Lock()
        self._shard, self._records = "", 0

    def run(self, table: str, own_fingerprint: str, shard: str) -> ShardResult:
        """Bring a shard of a table up to date.

        Args:
            table: the stage's table.
            own_fingerprint: of the stage, as the run sees it.
            shard: the shard.

        Raises:
            UsageError: this machine would compute something else than the run's: other code, weights or settings.
            CharassetsError: the stage failed on the shard; the fragment before stays as it was.
        """
        settings = Settings.model_validate_json(self._settings_json)
        if not self._stages:
            self._stages = dict(shard_stages(settings))
        stage = self._stages[table]
        if stage.own_fingerprint() != own_fingerprint:
            raise UsageError(
                f"a worker would compute {table} with other code, weights or settings than the run",
                where=_host(),
                todo="install the same release and models there, at the same paths",
            )
        with self._counting:
            self._shard, self._records = shard, 0
        workspace = Workspace.of(settings)
        with workspace.worked_in(), progress.reported_to(self._count):
            return run_stage(stage, shard, workspace.open_lake())

    def done(self) -> tuple[str, int]:
        """The shard in work, and how many of its records are done; answered while ``run`` runs."""
        with self._counting:
            return self._shard, self._records

    def _count(self, stage: str, records: int, reused: bool) -> None:  # noqa: ARG002, FBT001 - a progress.Reporter
        with self._counting:
            self._records += records


def _host() -> str:
    import socket

    return socket.gethostname()
