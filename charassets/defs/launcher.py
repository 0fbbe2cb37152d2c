"""Dagster's own run launcher, which can also say whether a run's process is alive: run monitoring then clears killed runs.

What belongs here: that question. Not here: launching, which Dagster's launcher does.
"""

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableTimeoutError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from charassets.defs.tags import OURS
from charassets.errors import CharassetsError
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings

_PATIENCE_S = 10


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs in the code server, as Dagster does by default, and asks it whether a run is still at work there.

    Runs of ``charassets run`` are in no code server: they are alive while somebody holds the workspace.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether anything works on a run; where that cannot be told, it is left to ``max_runtime_seconds``."""
        if OURS.items() <= run.tags.items():
            return _health(_is_held(), "the process of `charassets run` is gone")
        if GRPC_INFO_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "it is in no code server, and cannot be asked about")
        return _health(self._is_in_its_server(run.run_id), "its code server does not know it any more")

    def _is_in_its_server(self, run_id: str) -> bool:
        client = self._get_grpc_client_for_termination(run_id)
        if client is None:  # it ended meanwhile
            return True
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=_PATIENCE_S)
        except DagsterUserCodeUnreachableTimeoutError:  # it is there, and busy
            return True
        except dg.DagsterError:  # the server is gone, and with it the run
            return False
        return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _health(alive: bool, why: str) -> CheckRunHealthResult:  # noqa: FBT001
    return CheckRunHealthResult(WorkerStatus.RUNNING) if alive else CheckRunHealthResult(WorkerStatus.FAILED, why)


def _is_held() -> bool:
    try:
        return Workspace.of(load_settings()).is_held()
    except CharassetsError:  # a store that cannot be asked now says nothing about the run
        return True
