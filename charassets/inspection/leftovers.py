"""What interrupted work left behind: temporary files, unfinished uploads, files no manifest names, the lease of a dead run.

What belongs here: finding them, and how each is removed. Not here: the workspace's state otherwise (``health``), and Dagster's runs
(``charassets.defs.dead_runs``).
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from charassets.errors import CharassetsError
from charassets.inspection.finding import Finding
from charassets.lake.fragments import Lake
from charassets.lake.lease import Holding
from charassets.lake.s3 import Bucket
from charassets.lake.store import TEMPORARY
from charassets.lake.verify import SWEEP_AFTER_S, unnamed
from charassets.lake.workspace import Workspace
from charassets.warehouse import files_read

_MEND = "`charassets doctor --mend` removes it"
_SETTLED_S = 600.0  # exports and copies of an object store's files are written without the workspace's lock
_TEMPORARY = ("*.tmp", "*.tmp.*", "cache/*.tmp", ".remote/.*", "exports/.*.tmp", "exports/.*.old")
_PROCESS = re.compile(r"\.(\d+)(?:-[0-9a-f]+)?\.(?:tmp|old)")


def in_folder(root: Path, *, idle: bool) -> Iterator[Finding]:
    """Temporary files and folders of the workspace, but those of the lake.

    Args:
        root: the workspace's folder.
        idle: no run works on it, so that a file of a process that is gone is left over; else only those of yesterday are.
    """
    now = time.time()
    for pattern in _TEMPORARY:
        for path in sorted(root.glob(pattern)):
            left = 0.0 if _is_of_the_dead(path) else _SETTLED_S
            if now - path.stat().st_mtime >= (left if idle else SWEEP_AFTER_S):
                yield Finding(f"a temporary file {_of(path)} was left", str(path), _MEND, _removal(path))


def in_lake(workspace: Workspace, lake: Lake, *, idle: bool) -> Iterator[Finding]:
    """Temporary files beside fragments, and files of yesterday or older that no manifest names.

    What was replaced today is no finding: readers may still be on it.
    """
    try:
        keep = files_read(workspace)
        for path in unnamed(lake, time.time(), keep):
            yield Finding("no manifest names this file", f"{lake.store.root}/{path}", _MEND, _deletion(lake, path))
        for path in unnamed(lake, time.time(), keep, older_than_s=-1.0) if idle else ():
            if path.endswith(TEMPORARY):
                what = f"a temporary file {_of(Path(path))} was left"
                yield Finding(what, f"{lake.store.root}/{path}", _MEND, _deletion(lake, path))
    except CharassetsError:
        return  # a damaged manifest, which ``health`` tells: it is not known what it names


def in_bucket(bucket: Bucket, left: Holding | None, *, idle: bool) -> Iterator[Finding]:
    """Uploads that were begun and never finished, and the lease of a run that ended without giving it back.

    Args:
        bucket: the workspace.
        left: the lease as it stood before the caller took the workspace.
        idle: nobody works on it.
    """
    if left is not None and idle:
        what = f"a run held the workspace and ended without giving it back, {left.age_s:.0f} s ago"
        yield Finding(what, f"{bucket.uri}/run.lease", "`charassets doctor --mend` gives it back", lambda: None)
    if idle:
        for key, upload in bucket.unfinished():
            yield Finding(
                "an upload was begun and never finished",
                f"{bucket.uri}/{key}",
                _MEND,
                lambda key=key, upload=upload: bucket.abort(key, upload),
            )


def _of(path: Path) -> str:
    found = _PROCESS.search(path.name)
    return f"of process {found[1]}" if found else "of a dead process"


def _is_of_the_dead(path: Path) -> bool:
    found = _PROCESS.search(path.name)
    return found is not None and not Path("/proc", found[1]).exists() and Path("/proc/self").exists()


def _removal(path: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _deletion(lake: Lake, path: str) -> Callable[[], None]:
    return lambda: lake.store.delete(path)
