"""What ails a workspace: files left by a crash, damaged fragments, missing models, a full disk.

What belongs here: finding, and removing what nobody needs. Not here: Dagster's runs (``charassets.defs.dead_runs``).
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charassets.errors import BusyError, CharassetsError
from charassets.lake.fragments import Lake
from charassets.lake.verify import SWEEP_AFTER_S, unnamed
from charassets.lake.workspace import Workspace
from charassets.models.catalogue import models_of
from charassets.schema import TABLES
from charassets.settings import Settings
from charassets.warehouse import files_read

_LEAST_FREE = 2_000_000_000  # a shard of 5,000 crops is about 150 MB, and the warehouse is written beside the old one
_LEFTOVERS = ("*.tmp", "*.tmp*", "exports/.*.tmp", "exports/.*.old")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        what: in words.
        where: file or folder.
        todo: what to do about it.
        garbage: nobody needs it, and ``clean`` removes it.
    """

    what: str
    where: str
    todo: str
    garbage: bool = False


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that ails a workspace; nothing is changed."""
    workspace = Workspace.of(settings)
    for model in models_of(settings):
        if model.problem is not None:
            yield Finding(f"the {model.role} is missing: {model.problem}", model.path, "see `charassets models`")
    if not workspace.root.is_dir():
        yield Finding("there is no workspace yet", str(workspace.root), "run `charassets run --source PATH`")
        return
    free = shutil.disk_usage(workspace.root).free
    if free < _LEAST_FREE:
        yield Finding(
            f"the disk has only {free / 1e9:.1f} GB free", str(workspace.root), "make room before the next run"
        )
    yield from _busy(workspace)
    yield from _leftovers(workspace.root)
    yield from _damaged(workspace, workspace.open_lake())
    if not workspace.warehouse.is_file():
        yield Finding("there is no warehouse yet", str(workspace.warehouse), "run `charassets run`")


def clean(settings: Settings) -> list[str]:
    """Remove what ``examine`` calls garbage; answers what is gone.

    Raises:
        BusyError: a run works on the workspace.
    """
    workspace = Workspace.of(settings)
    with workspace.locked():
        lake = workspace.open_lake()
        gone = [finding.where for finding in examine(settings) if finding.garbage]
        for path in gone:
            place = Path(path)
            if place.is_absolute():
                shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
            else:
                lake.store.delete(path)
    return gone


def _busy(workspace: Workspace) -> Iterator[Finding]:
    try:
        with workspace.locked():
            return
    except BusyError:
        yield Finding("a run works on this workspace now", str(workspace.root / "run.lock"), "wait for it, or stop it")


def _leftovers(root: Path) -> Iterator[Finding]:
    for path in sorted({path for pattern in _LEFTOVERS for path in root.glob(pattern)}):
        if time.time() - path.stat().st_mtime > SWEEP_AFTER_S:
            yield Finding("left by a crash", str(path), "`charassets doctor --yes` removes it", garbage=True)


def _damaged(workspace: Workspace, lake: Lake) -> Iterator[Finding]:
    for table in TABLES:
        for shard in lake.shards(table):
            try:
                fragment = lake.fragment(table, shard)
                whole = fragment is None or fragment.is_whole()
            except CharassetsError as error:
                yield Finding(error.what, f"{table}/{shard}", "run `charassets run`: it is made again")
                continue
            if not whole:
                yield Finding(
                    "a file of it is gone or cut", f"{table}/{shard}", "run `charassets run`: it is made again"
                )
    try:
        for path in unnamed(lake, time.time(), keep=files_read(workspace)):
            yield Finding("no manifest names it", path, "`charassets doctor --yes` removes it", garbage=True)
    except CharassetsError:
        return  # a damaged manifest, told above: it is not known what it names
