"""A workspace: a lake and everything derived from it, and the lock that keeps it to one writer.

What belongs here: its paths and its lock. Not here: copying between a folder and an object store (``remote``).
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from charassets.errors import BusyError, StorageError
from charassets.lake.cache import FileCache
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.settings import Settings, StoreSettings, is_uri

if TYPE_CHECKING:
    from charassets.lake.remote import Remote

_WORKERS_LOCK = "workers.lock"

_ORPHANS_DIE_S = 60.0
"""Longest wait for workers of a killed run. Ray's die within seconds of it."""


@dataclass(frozen=True)
class Workspace:
    """Paths of a workspace: a folder, and a lake that may be a URI. Of a workspace in an object store the folder holds copies.

    Attributes:
        root: the folder.
        lake_root: root of the lake, a folder or URI.
        remote_uri: the workspace in an object store; None where the folder is the workspace.
        storing: how object stores are used.
    """

    root: Path
    lake_root: str
    remote_uri: str | None = None
    storing: StoreSettings = field(default_factory=StoreSettings)

    @classmethod
    def of(cls, settings: Settings) -> "Workspace":
        """The workspace the settings name."""
        return cls(settings.workspace.resolve(), settings.lake_root, settings.remote, settings.store)

    @property
    def place(self) -> str:
        """The workspace as people and child processes name it: a folder or URI."""
        return self.remote_uri or str(self.root)

    @property
    def remote(self) -> "Remote | None":
        """The workspace in an object store, if it lies in one."""
        if self.remote_uri is None:
            return None
        from charassets.lake.remote import remote_of

        return remote_of(self.remote_uri, self.root)

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

    @property
    def logs(self) -> Path:
        """What commands, runs and the server wrote down."""
        return self.root / "logs"

    def open_lake(self) -> Lake:
        """The workspace's lake; of one in an object store, what was read is kept in the folder ``cache``."""
        cache = FileCache(self.root / "cache", self.storing.cache_bytes) if is_uri(self.lake_root) else None
        return Lake(open_store(self.lake_root, cache))

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
    def locked(self, *, take: bool = True) -> Iterator[None]:
        """Hold the workspace for writing: a folder by a lock that goes with the process, an object store by a lease.

        Args:
            take: take the lease; without it nothing may be written, and a lease that a dead run left stays for others to see.

        Raises:
            BusyError: another process holds it.
        """
        self.create()
        with (self.root / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(
                    "another run works on this workspace", where=self.place, todo="wait for it to end"
                ) from None
            self._await_orphans()
            with self._leased() if take else self._let_be():
                yield

    def is_held(self) -> bool:
        """Whether somebody holds the workspace now, here or elsewhere; it is not taken.

        Raises:
            StorageError: its object store cannot be asked.
        """
        try:
            with (self.root / "run.lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            pass
        if self.remote is None:
            return False
        from charassets.lake.lease import holding

        found = holding(self.remote.bucket)
        return found is not None and found.runs_out_s > 0

    @contextmanager
    def _leased(self) -> Iterator[None]:
        remote = self.remote
        if remote is None:
            yield
            return
        from charassets.lake.lease import Lease
        from charassets.lake.object_store import guard

        lease = Lease(remote.bucket, self.storing.lease_s, remote.copy)
        lease.take()
        guard(remote.bucket.uri, lease.check)
        try:
            yield
        finally:
            guard(remote.bucket.uri, None)
            lease.give_back()

    @contextmanager
    def _let_be(self) -> Iterator[None]:
        """Nobody else holds the lease now. One of this folder's own is a dead run's: the folder's lock is ours."""
        if self.remote is not None:
            from charassets.lake.lease import holding

            found = holding(self.remote.bucket)
            if found is not None and found.runs_out_s > 0 and found.copy != self.remote.copy:
                raise BusyError("another run works on this workspace", where=self.place, todo="wait for it to end")
        yield

    @contextmanager
    def worked_in(self) -> Iterator[None]:
        """Held by a worker process of a run while it works on a shard, beside other workers.

        A killed run drops its own lock at once, and its workers die a moment later: meanwhile one could still commit what the
        next run has reason to replace. So the next run waits for them.
        """
        if self.remote_uri is None and not self.root.is_dir():  # another machine, which sees no more than the lake
            yield
            return
        self.create()
        with (self.root / _WORKERS_LOCK).open("w") as lock, self._under_lease():
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def _under_lease(self) -> Iterator[None]:
        """Nothing is published by a worker whose run no longer holds the workspace, on whatever machine it is."""
        remote = self.remote
        if remote is None:
            yield
            return
        from charassets.lake.lease import still_held
        from charassets.lake.object_store import guard

        guard(remote.bucket.uri, still_held(remote.bucket))
        try:
            yield
        finally:
            guard(remote.bucket.uri, None)

    def _await_orphans(self) -> None:
        """Wait until no worker of a killed run is at work in this folder.

        Raises:
            BusyError: one still is after a minute.
        """
        deadline = time.monotonic() + _ORPHANS_DIE_S
        with (self.root / _WORKERS_LOCK).open("w") as lock:
            while True:
                try:
                    return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back at once: our own will want it
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise BusyError(
                            "workers of a run that was killed still work on this workspace",
                            where=str(self.root),
                            todo="wait for them to end, or stop them",
                        ) from None
                    time.sleep(0.1)
