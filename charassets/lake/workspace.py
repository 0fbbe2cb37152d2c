"""A workspace: the folder that holds a lake and everything derived from it, and the lock that keeps it to one writer."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from charassets.errors import BusyError, StorageError
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """Paths of a workspace (all local but the lake, which may be a URI)."""

    root: Path
    lake_root: str

    @classmethod
    def of(cls, settings: Settings) -> "Workspace":
        """The workspace the settings name."""
        return cls(settings.workspace.resolve(), settings.lake_root)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.root / "charassets.duckdb"

    @property
    def dagster_home(self) -> Path:
        """Dagster's state (``DAGSTER_HOME``)."""
        return self.root / "dagster"

    @property
    def exports(self) -> Path:
        """Published exports."""
        return self.root / "exports"

    @property
    def reports(self) -> Path:
        """Summaries and contact sheets."""
        return self.root / "reports"

    @property
    def edit_log(self) -> Path:
        """The edit log: what people decided. It is derived from nothing and never deleted."""
        return self.root / "curation" / "edits.sqlite"

    @property
    def review_leases(self) -> Path:
        """Who has which question of the review queue before them."""
        return self.root / "curation" / "leases.sqlite"

    @property
    def downloads(self) -> Path:
        """Bytes fetched from addresses, by content."""
        return self.root / "downloads"

    def open_lake(self) -> Lake:
        """The workspace's lake."""
        return Lake(open_store(self.lake_root))

    def create(self) -> None:
        """Make the folders.

        Raises:
            StorageError: the workspace cannot be written.
        """
        try:
            for folder in (self.root, self.dagster_home, self.exports, self.reports):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"cannot make the workspace: {error.strerror or error}",
                where=str(self.root),
                todo="choose another --workspace",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for writing. The kernel drops the lock when the process dies, however it dies.

        Raises:
            BusyError: another process holds it.
        """
        self.create()
        with (self.root / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(
                    "another run works on this workspace", where=str(self.root), todo="wait for it to end"
                ) from None
            yield
