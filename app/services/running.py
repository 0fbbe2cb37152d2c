"""What Runs asks: the fragments by table, the disk, the last runs.

What belongs here: counting files and rows. Not here: Dagster's history itself (``charassets.defs.recent``).
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from charassets.lake.workspace import Workspace

_MOST_FILES = 200_000  # counted below a folder; a lake in an object store is not counted at all


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Attributes:
        name: which.
        shards: fragments.
        rows: rows of all.
        rejected: records its stage refused.
        bytes: of the fragments' rows.
    """

    name: str
    shards: int
    rows: int
    rejected: int
    bytes: int


def tables(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table that has fragments, in the order they were first made."""
    sql = "SELECT table_name, count(*), sum(rows), sum(rejected), sum(bytes) FROM fragments GROUP BY table_name ORDER BY table_name"
    return [Table(str(name), *(int(n or 0) for n in numbers)) for name, *numbers in con.execute(sql).fetchall()]


def disk(workspace: Workspace) -> tuple[dict[str, int], int]:
    """Bytes below each folder of the workspace, and bytes that are free."""
    found: dict[str, int] = {}
    if not workspace.root.is_dir():
        return found, 0
    for entry in sorted(workspace.root.iterdir()):
        size = _below(entry) if entry.is_dir() and not entry.is_symlink() else entry.lstat().st_size
        found[entry.name] = size
    return found, shutil.disk_usage(workspace.root).free


def _below(folder: Path) -> int:
    total, files = 0, 0
    for root, _, names in os.walk(folder):
        for name in names:
            files += 1
            if files > _MOST_FILES:
                return total
            total += Path(root, name).lstat().st_size
    return total
