"""What ails a workspace: damaged fragments, missing models, a full disk, and what a crash left.

What belongs here: finding. Not here: each kind of leftover (``leftovers``), and Dagster's runs (``charassets.defs.dead_runs``).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from charassets.errors import BusyError, CharassetsError, VerificationError
from charassets.inspection.finding import Finding
from charassets.inspection.leftovers import in_bucket, in_folder, in_lake
from charassets.lake.fragments import MANIFEST, Lake, folder
from charassets.lake.lease import Holding, holding
from charassets.lake.workspace import Workspace
from charassets.models.catalogue import models_of
from charassets.schema import TABLES
from charassets.settings import Settings
from charassets.warehouse.reading import fingerprint_of

_LEAST_FREE = 2_000_000_000  # a shard of 5,000 crops is about 150 MB, and the warehouse is written beside the old one


@contextmanager
def held(workspace: Workspace, *, take: bool) -> Iterator[tuple[bool, Holding | None]]:
    """Hold a workspace if it is free; answers whether it is held, and the lease that a run which died had left on it.

    Args:
        workspace: the workspace.
        take: of a workspace in an object store take that lease over, and give it back at the end; else it stays as it is.
    """
    left = holding(workspace.remote.bucket) if workspace.remote is not None else None
    try:
        with workspace.locked(take=take):
            yield True, left
    except BusyError:
        yield False, None


def examine(settings: Settings, *, idle: bool = False, left: Holding | None = None) -> Iterator[Finding]:
    """Everything that ails a workspace; nothing is changed.

    Args:
        settings: of the workspace.
        idle: the caller holds the workspace, and no other run works on it: what looks unfinished was left by a crash.
        left: the lease that stood before the caller held it.
    """
    workspace = Workspace.of(settings)
    for model in models_of(settings):
        if model.problem is not None:
            yield Finding(f"the {model.role} is missing: {model.problem}", model.path, "see `charassets models`")
    if not workspace.root.is_dir():
        yield Finding("there is no workspace yet", workspace.place, "run `charassets run --source PATH`")
        return
    free = shutil.disk_usage(workspace.root).free
    if free < _LEAST_FREE:
        yield Finding(
            f"the disk has only {free / 1e9:.1f} GB free", str(workspace.root), "make room before the next run"
        )
    lake = workspace.open_lake()
    yield from in_folder(workspace.root, idle=idle)
    yield from in_lake(workspace, lake, idle=idle)
    if workspace.remote is not None:
        yield from in_bucket(workspace.remote.bucket, left, idle=idle)
    yield from _damaged(lake)
    try:
        fingerprint_of(workspace)
    except CharassetsError as error:
        yield Finding(error.what, error.where, error.todo)


def _damaged(lake: Lake) -> Iterator[Finding]:
    for table in TABLES:
        for shard in lake.shards(table):
            manifest = f"{folder(table, shard)}/{MANIFEST}"
            try:
                fragment = lake.fragment(table, shard)
                whole = fragment is None or fragment.is_whole()
            except VerificationError as error:
                todo = "`charassets doctor --mend` removes it, and `charassets run` makes its fragment again"
                yield Finding(
                    error.what, f"{lake.store.root}/{manifest}", todo, lambda path=manifest: lake.store.delete(path)
                )
                continue
            except CharassetsError as error:
                yield Finding(error.what, f"{table}/{shard}", error.todo)
                continue
            if not whole:
                yield Finding(
                    "a file of it is gone or cut", f"{table}/{shard}", "run `charassets run`: it is made again"
                )
