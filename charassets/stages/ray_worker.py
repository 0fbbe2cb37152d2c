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
        self._counted = _Counted()

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
        self._counted.starts(shard)
        workspace = Workspace.of(settings)
        with workspace.worked_in(), progress.reported_to(self._counted):
            return run_stage(stage, shard, workspace.open_lake())

    def done(self) -> tuple[str, int]:
        """The shard in work, and how many of its records are done; answered while ``run`` runs."""
        return self._counted.so_far()


class _Counted(progress.Reporter):
    """The shard in work and how many of its records are done, for whoever asks from another thread."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self._shard, self._records = "", 0

    def starts(self, shard: str) -> None:
        """Another shard is in work."""
        with self._counting:
            self._shard, self._records = shard, 0

    def records(self, stage: str, done: int, *, reused: bool) -> None:  # noqa: ARG002 - as it is heard
        with self._counting:
            self._records += done

    def so_far(self) -> tuple[str, int]:
        """The shard, and its records that are done."""
        with self._counting:
            return self._shard, self._records


def _host() -> str:
    import socket

    return socket.gethostname()
