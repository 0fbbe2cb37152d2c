"""What every route has at hand: the workspace, the live warehouse, the edit log, the models, the job queue.

What belongs here: holding these. Not here: routes.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.extracting import Extractor
from app.jobs import Jobs
from charassets.curation import EditLog
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.warehouse.live import LiveWarehouse


@dataclass(frozen=True)
class Services:
    """The surroundings of one server."""

    workspace: Workspace
    settings: Settings
    warehouse: LiveWarehouse
    extractor: Extractor
    jobs: Jobs

    @property
    def log(self) -> EditLog:
        """The workspace's edit log."""
        return self.warehouse.log

    @classmethod
    def of(cls, workspace: Workspace, settings: Settings) -> "Services":
        """The services over a workspace; nothing is opened or loaded before it is asked for."""
        jobs = Jobs(workspace.root / "jobs")
        return cls(workspace, settings, LiveWarehouse(workspace), Extractor(settings), jobs)


def _services(request: Request) -> Services:
    return request.app.state.services


At = Annotated[Services, Depends(_services)]
"""A route's parameter for the services."""
